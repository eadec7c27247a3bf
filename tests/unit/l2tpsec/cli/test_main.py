import os
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from l2tpsec.cli import main as program
from l2tpsec.cli.main import COMMANDS, Command, main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED, Failure
from l2tpsec.config.loader import ConfigError
from l2tpsec.config.state import StateError
from l2tpsec.runtime.control import ControlError
from radius.server.users.store import StoreFailure


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(command.name in shown for command in COMMANDS)
    assert "python -m l2tpsec serve" in shown
    assert "exit codes: 0 done, 1 failed, 2" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS, ids=lambda row: row.name)
def test_every_command_has_help(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command.name, "--help"])
    assert end.value.code == 0
    assert command.text in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["serv"],
        ["check"],
        ["disconnect"],
        ["serve", "--config", "a", "--state-dir", "b"],
        ["sessions", "--yaml"],
    ],
)
def test_a_wrong_command_line_is_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == REFUSED


def instead(run: Callable[[Namespace], int], monkeypatch: pytest.MonkeyPatch) -> None:
    row = Command("try", "try it", lambda _: None, run)
    monkeypatch.setattr(program, "COMMANDS", (row,))


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (ConfigError(["a:1: b", "a:2: c"]), REFUSED, "l2tpsec: a:1: b\nl2tpsec: a:2: c\n"),
        (StateError("no room"), FAILED, "l2tpsec: no room\n"),
        (ControlError("no server"), FAILED, "l2tpsec: no server\n"),
        (StoreFailure("no users"), FAILED, "l2tpsec: no users\n"),
        (Failure("no luck"), FAILED, "l2tpsec: no luck\n"),
        (KeyboardInterrupt(), FAILED, ""),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    error: BaseException,
    code: int,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: Namespace) -> int:
        raise error

    instead(fail, monkeypatch)
    assert main(["try"]) == code
    assert capsys.readouterr().err == shown


def test_a_reader_that_has_enough_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read, write = os.pipe()
    os.close(read)

    def speak(_: Namespace) -> int:
        sys.stdout.write("x")
        return OK

    instead(speak, monkeypatch)
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main(["try"]) == FAILED
