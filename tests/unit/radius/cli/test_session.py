import json
import os
from pathlib import Path

import pytest

from radius.cli.main import main
from radius.server.users.sqlite import SqliteUsers
from radius.server.users.usage import Session, SqliteUsage, Standing

Capture = pytest.CaptureFixture[str]
NOW = 1_800_000_000.0


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteUsage:
    monkeypatch.setenv("L2TPSEC_STATE_DIR", str(tmp_path))
    book = SqliteUsers(tmp_path / "users.db", os.urandom).usage
    for number, user in enumerate(("bob", "bob", "eve")):
        told = Session("192.0.2.1", "edge", str(number), user, Standing.OPEN, NOW + number)
        book.record(told, 0, NOW)
    return book


def run(*arguments: str) -> int:
    return main(["session", *arguments], os.urandom, lambda: NOW)


def test_a_list(book: SqliteUsage, capsys: Capture) -> None:
    assert run("list") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:5] for line in lines] == [
        ["bob", "0", "192.0.2.1 edge", "-", "-"],
        ["bob", "1", "192.0.2.1 edge", "-", "-"],
        ["eve", "2", "192.0.2.1 edge", "-", "-"],
    ]
    assert lines[0][5].startswith("0 octets by 2027-01-1")
    assert run("list", "CORP\\Eve", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["user"], row["session_id"], row["told_at"]) == ("eve", "2", int(NOW) + 2)


def test_what_an_access_server_calls_a_session_moves_no_cursor(
    book: SqliteUsage, capsys: Capture
) -> None:
    book.record(Session("nas", "", "\x1b[2J", "mallory", Standing.OPEN, NOW), 0, NOW)
    assert run("list", "mallory") == 0
    assert "\\x1b[2J" in capsys.readouterr().out


def test_what_died_without_a_word_is_forgotten(book: SqliteUsage, capsys: Capture) -> None:
    assert run("forget", "bob", "--id", "1") == 0
    assert capsys.readouterr().out.startswith("1 sessions of bob do not count any more")
    assert [row.session_id for row in book.open_sessions()] == ["0", "2"]
    assert run("forget", "BOB") == 0
    assert book.open_sessions("bob") == []
    assert run("forget", "bob") == 1
    assert "no such session of bob" in capsys.readouterr().err
