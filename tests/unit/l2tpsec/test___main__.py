import runpy
import sys

import pytest


def test_the_package_runs_as_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["l2tpsec", "version"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("l2tpsec", run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("l2tpsec ")
