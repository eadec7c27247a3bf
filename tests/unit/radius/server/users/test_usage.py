from datetime import datetime
from pathlib import Path

import pytest

from radius.server.users.store import StoreFailure
from radius.server.users.usage import KEPT_DAYS, Carried, SqliteUsage, day

NOON = datetime.fromisoformat("2027-03-10T12:00:00").astimezone().timestamp()
DAY = 86400.0


def carried(octets: int, *, session: str = "1", active: bool = True, nas: str = "nas") -> Carried:
    return Carried(nas, session, "bob", octets, active)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.usage"


def test_it_outlives_the_server(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(carried(100), NOON)
    book.record(carried(7, session="2", active=False), NOON)
    again = SqliteUsage(file)
    assert again.used("bob", day(NOON)) == 107
    assert again.open_sessions() == [carried(100)]
    assert file.stat().st_mode & 0o077 == 0


def test_what_is_told_again_or_out_of_order_adds_nothing(file: Path) -> None:
    book = SqliteUsage(file)
    for octets in (0, 100, 100, 60, 150):
        book.record(carried(octets), NOON)
    assert book.used("bob", day(NOON)) == 150


def test_each_day_has_what_was_carried_on_it(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(carried(100), NOON - DAY)
    book.record(carried(130), NOON)
    assert book.used("bob", day(NOON)) == 30
    assert book.used("bob", day(NOON - DAY)) == 130
    assert book.used("eve", day(NOON)) == 0


def test_a_restart_of_an_access_server_closes_its_sessions(file: Path) -> None:
    book = SqliteUsage(file)
    book.close("nas")
    assert not file.exists()
    book.record(carried(1), NOON)
    book.record(carried(1, nas="other"), NOON)
    book.close("nas")
    assert [row.nas for row in book.open_sessions()] == ["other"]


def test_what_is_old_is_forgotten(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(carried(5), NOON)
    book.record(carried(5, session="2", active=False), NOON + (KEPT_DAYS + 1) * DAY)
    assert book.used("bob", "2000-01-01") == 5
    assert book.open_sessions() == []


def test_a_session_carries_more_than_a_file_can_count() -> None:
    book = SqliteUsage()
    for number in range(3):
        book.record(carried((1 << 64) - 1, session=str(number)), NOON)
    assert book.used("bob", day(NOON)) >= 1 << 61


def test_without_a_file_it_is_in_memory_and_a_missing_one_is_empty(file: Path) -> None:
    assert SqliteUsage().used("bob", day(NOON)) == 0
    assert SqliteUsage(file).used("bob", day(NOON)) == 0
    assert SqliteUsage(file).open_sessions() == []
    assert not file.exists()


def test_what_is_no_book_is_told(file: Path) -> None:
    file.write_bytes(b"no database at all, but long enough to be one" * 30)
    with pytest.raises(StoreFailure, match="book of usage"):
        SqliteUsage(file).used("bob", day(NOON))
