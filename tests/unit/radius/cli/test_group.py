import json
import os
import time
from pathlib import Path

import pytest

from radius.cli.main import main
from radius.server.users.sqlite import SqliteUsers

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteUsers:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    return SqliteUsers(tmp_path / "users.db", os.urandom)


def run(*arguments: str) -> int:
    return main(["group", *arguments], os.urandom, time.time)


def test_a_group_from_its_making_to_its_end(state: SqliteUsers, capsys: Capture) -> None:
    assert run("add", "staff", "--pool", "office") == 0
    assert run("set", "STAFF", "--idle-timeout", "30m", "--pool", "") == 0
    state.add("bob", "x")
    state.set_group("bob", "staff")
    capsys.readouterr()
    assert run("list") == 0
    assert capsys.readouterr().out == "staff\tbob\n"
    assert run("show", "staff") == 0
    assert capsys.readouterr().out == "idle_timeout     1800\n"
    assert run("show", "staff", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"idle_timeout": "1800"}
    assert run("remove", "staff") == 1
    assert "the group staff has users: bob" in capsys.readouterr().err
    state.remove("bob")
    assert run("remove", "staff") == 0
    capsys.readouterr()
    assert run("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {}


@pytest.mark.parametrize("command", ["set", "show", "remove"])
def test_no_group_of_that_name(state: SqliteUsers, capsys: Capture, command: str) -> None:
    state.create()
    assert run(command, "staff") == 1
    assert "there is no group staff; " in capsys.readouterr().err


def test_a_group_is_added_once(capsys: Capture) -> None:
    assert [run("add", "staff"), run("add", "Staff")] == [0, 1]
    assert "group Staff exists already" in capsys.readouterr().err
