import getpass
import io
import json
import os
import sys
import time
from pathlib import Path

import pytest

from radius import mschap
from radius.cli.main import main
from radius.server.users.sqlite import SqliteUsers


class Shell:
    """Runs commands on one database, with a line on standard input or answers typed."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.users = SqliteUsers(path / "users.db", os.urandom)
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("L2TPSEC_STATE_DIR", str(path))

    def run(self, *arguments: str, line: str = "") -> int:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
        return main(["user", *arguments], os.urandom, time.time)

    def type(self, *arguments: str, answers: list[str]) -> int:
        terminal = io.StringIO()
        terminal.isatty = lambda: True  # type: ignore[method-assign] # a terminal's double
        self.monkeypatch.setattr(sys, "stdin", terminal)
        self.monkeypatch.setattr(getpass, "getpass", lambda _prompt: answers.pop(0))
        return main(["user", *arguments], os.urandom, time.time)

    def hash_of(self, name: str) -> bytes | None:
        user = self.users.find(name)
        return user.nt_hash if user else None


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


Capture = pytest.CaptureFixture[str]


def test_add_reads_one_line(shell: Shell, capsys: Capture) -> None:
    assert shell.run("add", "bob", line="geheim\r\nmore\n") == 0
    assert shell.hash_of("bob") == mschap.nt_hash("geheim")
    assert capsys.readouterr().out == "user bob added\n"


def test_add_asks_twice_on_a_terminal(shell: Shell, capsys: Capture) -> None:
    assert shell.type("add", "bob", answers=["geheim", "geheim"]) == 0
    assert shell.hash_of("bob") == mschap.nt_hash("geheim")
    assert shell.type("passwd", "bob", answers=["one", "two"]) == 1
    assert shell.hash_of("bob") == mschap.nt_hash("geheim")
    assert "the two passwords differ" in capsys.readouterr().err


def test_a_generated_password_is_strong_and_shown_once(shell: Shell, capsys: Capture) -> None:
    assert shell.run("add", "bob", "--generate") == 0
    password = capsys.readouterr().out.removeprefix("user bob added: ").strip()
    assert len(password) == 24
    assert shell.hash_of("bob") == mschap.nt_hash(password)
    assert shell.run("show", "bob") == 0
    assert password not in capsys.readouterr().out


def test_whoever_exists_is_not_added_and_no_password_asked(shell: Shell, capsys: Capture) -> None:
    shell.run("add", "bob", line="one\n")
    assert shell.type("add", "bob", answers=[]) == 1
    assert shell.hash_of("bob") == mschap.nt_hash("one")
    assert capsys.readouterr().err == (
        "radius: user bob exists already; change the password with "
        "`python -m radius user passwd bob`\n"
    )


def test_passwd_keeps_what_chap_needs(shell: Shell) -> None:
    shell.run("add", "bob", "--chap", line="one\n")
    shell.run("passwd", "bob", line="two\n")
    bob = shell.users.find("bob")
    assert bob is not None
    assert shell.users.password_of(bob) == "two"
    shell.run("passwd", "--no-chap", "bob", line="three\n")
    bob = shell.users.find("bob")
    assert bob is not None
    assert not bob.chap


def test_list_and_show(shell: Shell, capsys: Capture) -> None:
    shell.run("add", "bob", "--address", "10.0.0.9", "--chap", line="x\n")
    shell.run("add", "adam", line="x\n")
    shell.run("disable", "adam")
    capsys.readouterr()
    shell.run("list")
    assert capsys.readouterr().out == "adam\tdisabled\t-\nbob\tenabled\t10.0.0.9\n"
    shell.run("list", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "adam",
            "enabled": False,
            "address": None,
            "methods": ["MS-CHAPv2", "MS-CHAP", "PAP"],
            "password_expires": "never",
            "group": None,
            "settings": {},
        },
        {
            "name": "bob",
            "enabled": True,
            "address": "10.0.0.9",
            "methods": ["MS-CHAPv2", "MS-CHAP", "PAP", "CHAP"],
            "password_expires": "never",
            "group": None,
            "settings": {},
        },
    ]
    shell.run("show", "adam")
    assert capsys.readouterr().out == (
        "name             adam\n"
        "enabled          no\n"
        "address          -\n"
        "methods          MS-CHAPv2, MS-CHAP, PAP\n"
        "password_expires never\n"
        "group            -\n"
    )
    shell.run("show", "bob", "--json")
    assert json.loads(capsys.readouterr().out)["address"] == "10.0.0.9"


def test_disable_enable_remove(shell: Shell, capsys: Capture) -> None:
    shell.run("add", "bob", line="x\n")
    for command, enabled in (("disable", False), ("enable", True)):
        assert shell.run(command, "bob") == 0
        bob = shell.users.find("bob")
        assert bob is not None
        assert bob.enabled is enabled
    assert shell.run("remove", "bob") == 0
    assert shell.users.find("bob") is None
    assert capsys.readouterr().out.splitlines()[1:] == [
        "user bob is disabled; a session that is up stays up",
        "user bob is enabled",
        "user bob is removed; a session that is up stays up",
    ]


@pytest.mark.parametrize("command", ["show", "passwd", "disable", "enable", "remove"])
def test_nobody_of_that_name(shell: Shell, capsys: Capture, command: str) -> None:
    shell.users.create()
    assert shell.run(command, "eve", line="x\n") == 1
    assert capsys.readouterr().err.startswith("radius: there is no user eve; ")


@pytest.mark.parametrize(
    ("line", "match"), [("", "no password on standard input"), ("\n", "a password is printable")]
)
def test_no_password(shell: Shell, capsys: Capture, line: str, match: str) -> None:
    assert shell.run("add", "bob", line=line) == 1
    assert match in capsys.readouterr().err
    assert shell.users.find("bob") is None


def test_a_password_in_another_encoding(shell: Shell, capsys: Capture) -> None:
    shell.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), "utf-8"))
    assert main(["user", "add", "bob"], os.urandom, time.time) == 1
    assert "is not UTF-8" in capsys.readouterr().err


def test_another_database(shell: Shell, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "other.db"
    assert shell.run("add", "bob", "--database", str(other), line="x\n") == 0
    assert other.exists()
    assert not shell.users.database.exists()
    assert shell.run("list", "--database", str(tmp_path / "none.db")) == 1
    assert "none.db cannot be used: there is no such file" in capsys.readouterr().err


def test_interrupted_at_the_prompt(shell: Shell) -> None:
    def interrupt(_prompt: str) -> str:
        raise KeyboardInterrupt

    shell.users.create()
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign] # a terminal's double
    shell.monkeypatch.setattr(sys, "stdin", terminal)
    shell.monkeypatch.setattr(getpass, "getpass", interrupt)
    assert main(["user", "add", "bob"], os.urandom, time.time) == 1
    assert shell.users.all() == []


def test_expire_and_whose_turn_it_is(shell: Shell, capsys: Capture) -> None:
    shell.run("add", "bob", line="x\n")
    shell.run("add", "eve", "--must-change", line="x\n")
    capsys.readouterr()
    said = {}
    for option in ([], ["--now"], ["--date", "2999-12-31"], ["--never"]):
        assert shell.run("expire", "bob", *option) == 0
        said[" ".join(option)] = capsys.readouterr().out
        shell.run("list")
        state = capsys.readouterr().out.split("\t")[1]
        assert state == ("password expired" if "now" in said[" ".join(option)] else "enabled")
    assert said[""] == said["--now"] == "the password of bob expires: now\n"
    assert said["--date 2999-12-31"].startswith("the password of bob expires: 2999-12-31 00:00")
    assert said["--never"] == "the password of bob expires: never\n"


@pytest.mark.parametrize("more", [[], ["--must-change"]])
def test_passwd_ends_an_expiry_unless_told(shell: Shell, more: list[str]) -> None:
    shell.run("add", "bob", "--must-change", line="x\n")
    assert shell.run("passwd", "bob", *more, line="y\n") == 0
    bob = shell.users.find("bob")
    assert bob is not None
    assert bob.expired is bool(more)


@pytest.mark.parametrize("date", ["tomorrow", "2027-02-30", "31.12.2027", ""])
def test_a_date_that_is_none(shell: Shell, capsys: Capture, date: str) -> None:
    with pytest.raises(SystemExit):
        shell.run("expire", "bob", "--date", date)
    assert "is no date such as 2027-01-31" in capsys.readouterr().err


def test_nobodys_password_expires(shell: Shell, capsys: Capture) -> None:
    shell.users.create()
    assert shell.run("expire", "bob") == 1
    assert "there is no user bob" in capsys.readouterr().err


def test_set_gives_and_takes(shell: Shell, capsys: Capture) -> None:
    shell.run("add", "bob", line="x\n")
    shell.users.add_group("staff")
    shell.users.give_group("staff", "pool", "guests")
    settings = ["--rate", "5M/20m", "--hours", "mon-fri 08:00-18:00", "--session-timeout", "8h"]
    assert shell.run("set", "BOB", "--address", "10.9.9.9", "--group", "Staff", *settings) == 0
    capsys.readouterr()
    shell.run("show", "bob")
    assert capsys.readouterr().out.splitlines()[2:] == [
        "address          10.9.9.9",
        "methods          MS-CHAPv2, MS-CHAP, PAP",
        "password_expires never",
        "group            staff",
        "pool             guests",
        "rate             5000000/20000000",
        "session_timeout  28800",
        "hours            mon-fri 08:00-18:00",
    ]
    assert shell.run("set", "bob", "--address", "", "--group", "", "--rate", "") == 0
    bob = shell.users.find("bob")
    assert bob is not None
    assert (bob.framed_address, bob.group) == (None, None)
    assert bob.settings == {"hours": "mon-fri 08:00-18:00", "session_timeout": "28800"}


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--rate", "fast", "rate: fast is none from 1 to 4294967295, such as 10M"),
        ("--group", "none", "there is no group none; `python -m radius group list`"),
        ("--address", "none", "none is no IPv4 address"),
    ],
)
def test_set_tells_mistakes(
    shell: Shell, capsys: Capture, option: str, value: str, told: str
) -> None:
    shell.run("add", "bob", line="x\n")
    assert shell.run("set", "bob", option, value) == 1
    assert told in capsys.readouterr().err
    assert shell.run("set", "eve", option, value) == 1
    assert "there is no user eve" in capsys.readouterr().err


def test_add_takes_the_settings_of_set_all_of_them_or_none(shell: Shell, capsys: Capture) -> None:
    shell.users.create()
    shell.users.add_group("staff")
    given = ["--group", "staff", "--sessions", "2", "--address", "10.0.0.9"]
    assert shell.run("add", "bob", *given, line="pw\n") == 0
    bob = shell.users.find("bob")
    assert bob is not None
    assert (bob.group, bob.settings, bob.framed_address) == ("staff", {"sessions": "2"}, "10.0.0.9")
    assert shell.run("add", "eve", *given, "--hours", "now", line="pw\n") == 1
    assert shell.users.find("eve") is None
    assert shell.run("set", "bob", "--sessions", "3", "--group", "none") == 1
    assert shell.users.find("bob") == bob
    assert "there is no group none" in capsys.readouterr().err
