import json
import os
import time
from pathlib import Path

import pytest

from radius.cli.main import main
from radius.server.users.logins import Failures, Login
from radius.server.users.sqlite import SqliteUsers

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteUsers:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    users = SqliteUsers(tmp_path / "users.db", os.urandom)
    users.create()
    users.add("bob", "x")
    return users


def run(*arguments: str) -> int:
    return main(["user", *arguments], os.urandom, time.time)


def test_a_history(users: SqliteUsers, capsys: Capture) -> None:
    assert run("history", "bob") == 0
    assert capsys.readouterr().out == ""
    users.logins.record(Login("bob", 86400 * 365, "192.0.2.1", "vpn", "PAP", True, "accepted"))
    users.logins.record(Login("bob", 86400 * 366, "", "vpn", "CHAP", False, "wrong password"))
    assert run("history", "BOB") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[1:] for line in lines] == [
        ["-", "CHAP", "wrong password"],
        ["192.0.2.1", "PAP", "accepted"],
    ]
    assert lines[1][0].startswith("197")
    assert run("history", "bob", "--json") == 0
    assert json.loads(capsys.readouterr().out)[1]["station"] == "192.0.2.1"


def test_unlock(users: SqliteUsers, capsys: Capture) -> None:
    users.logins.set_failures("bob", {"*": Failures(9, 1.0)})
    assert run("unlock", "bob") == 0
    assert capsys.readouterr().out == "user bob may try again at once\n"
    assert users.logins.failures("bob") == {}


def test_unlocking_tells_what_was_locked(users: SqliteUsers, capsys: Capture) -> None:
    now = time.time()
    failures = {"*": Failures(50, now), "203.0.113.66": Failures(6, now), "": Failures(4, now)}
    users.logins.set_failures("bob", failures)
    assert main(["user", "unlock", "bob"], os.urandom, lambda: now) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  no password would have counted from addresses never used before for another 30 s",
        "  no password would have counted from 203.0.113.66 for another 60 s",
    ]


@pytest.mark.parametrize("command", ["history", "unlock"])
def test_nobody(capsys: Capture, command: str) -> None:
    assert run(command, "eve") == 1
    assert "there is no user eve" in capsys.readouterr().err
