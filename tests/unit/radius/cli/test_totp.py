import io
import os
import re
import sys
import time
from base64 import b32decode
from pathlib import Path
from types import SimpleNamespace

import pytest

from radius.cli.main import main
from radius.server.users.sqlite import SqliteUsers

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteUsers:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "segno", None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\nwrong\n"))
    users = SqliteUsers(tmp_path / "users.db", os.urandom)
    users.create()
    users.add("bob", "secret")
    return users


def run(*arguments: str) -> int:
    return main(["user", "totp", *arguments], os.urandom, time.time)


def test_enroll_and_disable(users: SqliteUsers, capsys: Capture) -> None:
    assert run("enroll", "BOB") == 0
    told = capsys.readouterr().out
    assert "package segno" in told
    match = re.search(r"otpauth://totp/VPN%3Abob\?secret=(\w+)&issuer=VPN", told)
    assert match is not None
    bob = users.find("bob")
    assert bob is not None
    assert users.one_time_secret_of(bob) == b32decode(match[1])
    assert " ".join(re.findall("....", match[1])) in told
    assert users.password_of(bob) == "secret"
    assert run("disable", "bob") == 0
    assert "passwd --no-chap bob" in capsys.readouterr().out
    bob = users.find("bob")
    assert bob is not None
    assert not bob.one_time


def test_the_password_is_asked_for_only_when_it_is_not_stored(users: SqliteUsers) -> None:
    assert run("enroll", "bob") == 0
    assert run("enroll", "bob") == 0
    assert sys.stdin.readline() == "wrong\n"


def test_a_wrong_password_changes_nothing(users: SqliteUsers, capsys: Capture) -> None:
    sys.stdin.readline()
    assert run("enroll", "bob") == 1
    assert "that is not the password of bob" in capsys.readouterr().err
    bob = users.find("bob")
    assert bob is not None
    assert not bob.one_time


def test_a_picture_where_the_package_is(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def make(link: str, micro: bool) -> SimpleNamespace:
        assert link.startswith("otpauth://")
        return SimpleNamespace(terminal=lambda out, compact: out.write("## picture ##\n"))

    monkeypatch.setitem(sys.modules, "segno", SimpleNamespace(make=make))
    assert run("enroll", "bob") == 0
    assert capsys.readouterr().out.startswith("## picture ##\n")


@pytest.mark.parametrize("command", ["enroll", "disable"])
def test_nobody(capsys: Capture, command: str) -> None:
    assert run(command, "eve") == 1
    assert "there is no user eve" in capsys.readouterr().err
