from datetime import datetime
from pathlib import Path

import pytest

from radius.server.users.store import StoreFailure
from radius.server.users.usage import (
    KEPT_DAYS,
    KEPT_ENDED_DAYS,
    LEAST_PATIENCE_SECONDS,
    MOST_PATIENCE_SECONDS,
    Session,
    SqliteUsage,
    Standing,
    day,
)

NOON = datetime.fromisoformat("2027-03-10T12:00:00").astimezone().timestamp()
DAY = 86400.0


def session(
    number: str = "1",
    *,
    standing: Standing = Standing.OPEN,
    nas: str = "nas",
    identifier: str = "",
    told_at: float = NOON,
    interval: int = 0,
    octets: int = 0,
) -> Session:
    return Session(
        nas, identifier, number, "bob", standing, told_at, interval=interval, octets=octets
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.usage"


def test_it_outlives_the_server(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(session(octets=100), 100, NOON)
    book.record(session("2", standing=Standing.ENDED), 7, NOON)
    again = SqliteUsage(file)
    assert again.used("bob", day(NOON)) == 107
    assert again.open_sessions() == [session(octets=100)]
    assert again.known(session("2", told_at=0.0)) == session("2", standing=Standing.ENDED)
    assert again.known(session("3")) is None
    assert file.stat().st_mode & 0o077 == 0


def test_each_day_has_what_was_carried_on_it(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(session(), 100, NOON - DAY)
    book.record(session(), 30, NOON)
    book.record(session(), 0, NOON)
    assert book.used("bob", day(NOON)) == 30
    assert book.used("bob", day(NOON - DAY)) == 130
    assert book.used("eve", day(NOON)) == 0


def test_sessions_are_counted_by_user_and_not_at_a_server_that_counts_itself() -> None:
    book = SqliteUsage()
    for number, nas in enumerate(("nas", "nas", "other")):
        book.record(session(str(number), nas=nas), 0, NOON)
    assert book.count("bob", NOON) == 3
    assert book.count("bob", NOON, beside="nas") == 1
    assert book.count("eve", NOON) == 0
    assert len(book.open_sessions("bob")) == 3
    assert book.open_sessions("eve") == []


@pytest.mark.parametrize(
    ("interval", "patience"),
    [
        (0, MOST_PATIENCE_SECONDS),
        (60, LEAST_PATIENCE_SECONDS),
        (600, 1800.0),
        (80000, MOST_PATIENCE_SECONDS),
    ],
)
def test_a_session_that_is_silent_for_too_long_does_not_count(
    interval: int, patience: float
) -> None:
    book = SqliteUsage()
    book.record(session(interval=interval), 0, NOON)
    assert book.count("bob", NOON + patience - 1) == 1
    assert book.count("bob", NOON + patience) == 0
    # nobody listened before
    assert book.count("bob", NOON + patience, since=NOON + 1) == 1


def test_a_session_told_of_by_a_clock_that_ran_ahead_does_not_count_until_then() -> None:
    book = SqliteUsage()
    book.record(session(interval=60, told_at=NOON + 365 * DAY), 0, NOON)
    assert book.count("bob", NOON, since=NOON - LEAST_PATIENCE_SECONDS) == 0
    # it has had no time to tell of itself
    assert book.count("bob", NOON, since=NOON) == 1
    # a clock is corrected by a second now and then
    book.record(session(interval=60, told_at=NOON + 1), 0, NOON)
    assert book.count("bob", NOON) == 1


def test_a_restart_of_an_access_server_closes_its_sessions(file: Path) -> None:
    book = SqliteUsage(file)
    book.close("nas", "", NOON)
    assert not file.exists()
    for number, identifier in enumerate(("a", "b", "")):
        book.record(session(str(number), identifier=identifier), 0, NOON)
    book.record(session(nas="other"), 0, NOON)
    book.close("nas", "a", NOON)
    assert [(row.nas, row.identifier) for row in book.open_sessions()] == [
        ("nas", "b"),
        ("other", ""),
    ]
    book.close("nas", "", NOON)
    assert [row.nas for row in book.open_sessions()] == ["other"]


def test_one_session_is_taken_off_the_book() -> None:
    book = SqliteUsage()
    book.record(session("1"), 0, NOON)
    book.record(session("2"), 0, NOON)
    book.end(session("1"), NOON + 5)
    assert book.open_sessions() == [session("2")]
    assert book.known(session("1")) == session("1", standing=Standing.GONE, told_at=NOON + 5)


def test_what_is_old_is_forgotten(file: Path) -> None:
    book = SqliteUsage(file)
    book.record(session("ended", standing=Standing.ENDED), 5, NOON)
    book.record(session("open"), 0, NOON)
    later = NOON + (KEPT_ENDED_DAYS + 1) * DAY
    book.record(session("x", standing=Standing.ENDED, told_at=later), 0, later)
    assert book.known(session("ended")) is None
    assert book.known(session("open")) is not None
    later = NOON + (KEPT_DAYS + 1) * DAY
    book.record(session("y", standing=Standing.ENDED, told_at=later), 5, later)
    assert book.used("bob", "2000-01-01") == 5
    assert book.open_sessions() == []


def test_the_book_is_bounded_and_ended_sessions_go_first() -> None:
    book = SqliteUsage(most_sessions=10)
    for number in range(6):
        book.record(session(f"open {number}", told_at=NOON), 0, NOON)
    for number in range(24):
        moment = NOON + number
        ended = session(f"ended {number}", standing=Standing.ENDED, told_at=moment)
        book.record(ended, 0, moment)
    assert len(book.open_sessions()) == 6
    assert book.known(session("ended 19")) is None
    assert book.known(session("ended 20")) is not None


def test_a_session_carries_more_than_a_file_can_count() -> None:
    book = SqliteUsage()
    huge = (1 << 64) - 1
    for number in range(3):
        book.record(session(str(number), octets=huge), huge, NOON)
    assert book.used("bob", day(NOON)) >= 1 << 61


def test_without_a_file_it_is_in_memory_and_a_missing_one_is_empty(file: Path) -> None:
    assert SqliteUsage().used("bob", day(NOON)) == 0
    book = SqliteUsage(file)
    assert book.used("bob", day(NOON)) == book.count("bob", NOON) == 0
    assert book.open_sessions() == []
    assert book.known(session()) is None
    assert not file.exists()


def test_what_is_no_book_is_told(file: Path) -> None:
    file.write_bytes(b"no database at all, but long enough to be one" * 30)
    with pytest.raises(StoreFailure, match="book of usage"):
        SqliteUsage(file).used("bob", day(NOON))
