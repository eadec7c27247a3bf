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


def test_every_command_says_what_it_is_for(capsys: Capture) -> None:
    def shown(*command: str) -> str:
        with pytest.raises(SystemExit):
            main([*command, "--help"], os.urandom, time.time)
        return capsys.readouterr().out

    assert "printf '%s\\n' \"$PASSWORD\"" in shown()
    assert "exit status: 0 done" in shown()
    assert "Only the NT hash of a password is stored" in shown("user")
    for command in (("user", "totp", "enroll"), ("group", "set"), ("session", "list"), ("serve",)):
        text = shown(*command)
        assert text.startswith(f"usage: python -m radius {' '.join(command)} ")
        assert "python -m radius --help" in text
