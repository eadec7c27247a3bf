from datetime import datetime
from pathlib import Path

import pytest

from radius.cli.action import complain, default_database, moment, say


def test_the_default_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    assert default_database() == tmp_path / "users.db"
    monkeypatch.delenv("L2TPSEC_STATE_DIR")
    assert default_database() == Path("/var/lib/l2tpsec/users.db")


def test_output_and_complaints(capsys: pytest.CaptureFixture[str]) -> None:
    say("a")
    complain("b")
    assert capsys.readouterr() == ("a\n", "b\n")


def test_a_moment_is_told_in_the_time_of_the_place() -> None:
    when = datetime.fromisoformat("2027-03-05T17:59:00").astimezone()
    assert moment(when.timestamp()).startswith("2027-03-05 17:59:00")
