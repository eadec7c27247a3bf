import os
import time

import pytest

from radius.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("arguments", [[], ["user"], ["user", "add"], ["user", "add", "b", "pw"]])
def test_wrong_usage(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, os.urandom, time.time)
    assert caught.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["user", "--help"], ["user", "add", "--help"]])
def test_help(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, os.urandom, time.time)
    assert caught.value.code == 0
    assert "user" in capsys.readouterr().out
