from pathlib import Path

import pytest

from radius.cli.action import complain, default_database, say


def test_the_default_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    assert default_database() == tmp_path / "users.db"
    monkeypatch.delenv("L2TPSEC_STATE_DIR")
    assert default_database() == Path("/var/lib/l2tpsec/users.db")


def test_output_and_complaints(capsys: pytest.CaptureFixture[str]) -> None:
    say("a")
    complain("b")
    assert capsys.readouterr() == ("a\n", "b\n")
