from pathlib import Path

import pytest

from radius.server.users.logins import MOST_KEPT, MOST_PLACES, Failures, Login, SqliteLogins
from radius.server.users.store import StoreFailure


def login(user: str = "bob", at: int = 1, station: str = "192.0.2.1", ok: bool = True) -> Login:
    return Login(user, at, station, "nas", "PAP", ok, "accepted" if ok else "wrong password")


@pytest.fixture(params=["file", "memory"])
def logins(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteLogins:
    return SqliteLogins(tmp_path / "users.logins" if request.param == "file" else None)


def test_a_history_is_kept_newest_first(logins: SqliteLogins) -> None:
    rows = [login(at=1), login(at=2, ok=False), login("eve", 3)]
    for row in rows:
        logins.record(row)
    assert logins.history("BOB") == [rows[1], rows[0]]
    assert logins.history("nobody") == []


def test_failures_never_push_out_what_worked(logins: SqliteLogins) -> None:
    logins.record(login(at=0))
    for at in range(1, MOST_KEPT + 20):
        logins.record(login(at=at, station="203.0.113.9", ok=False))
    kept = logins.history("bob")
    assert len(kept) == MOST_KEPT + 1
    assert kept[-1].accepted
    assert logins.is_familiar("bob", "192.0.2.1")


def test_to_ask_makes_no_file(tmp_path: Path) -> None:
    logins = SqliteLogins(tmp_path / "users.logins")
    assert not logins.is_familiar("bob", "192.0.2.1")
    assert logins.failures("bob") == {}
    assert not (tmp_path / "users.logins").exists()


def test_familiar_is_where_a_log_in_worked(logins: SqliteLogins) -> None:
    logins.record(login())
    logins.record(login(station="192.0.2.2", ok=False))
    logins.record(login(station=""))
    found = [logins.is_familiar("Bob", station) for station in ("192.0.2.1", "192.0.2.2", "")]
    assert found == [True, False, False]
    assert not logins.is_familiar("eve", "192.0.2.1")


def test_failures_are_kept_by_place_until_unlocked(logins: SqliteLogins) -> None:
    assert logins.failures("bob") == {}
    logins.set_failures("bob", {"a": Failures(3, 1.5), "b": Failures(1, 2.5)})
    logins.set_failures("bob", {"a": Failures(4, 3.5)})
    assert logins.failures("BOB") == {"a": Failures(4, 3.5), "b": Failures(1, 2.5)}
    assert logins.failures("eve") == {}
    logins.set_failures("bob", {"a": Failures()})
    assert list(logins.failures("bob")) == ["b"]
    logins.unlock("bob")
    assert logins.failures("bob") == {}


def test_places_of_failures_are_bounded(logins: SqliteLogins) -> None:
    logins.set_failures("eve", {"x": Failures(1, 0.0)})
    for number in range(MOST_PLACES + 20):
        logins.set_failures("bob", {str(number): Failures(1, float(number))})
    assert set(logins.failures("bob")) == {str(number) for number in range(20, MOST_PLACES + 20)}
    assert list(logins.failures("eve")) == ["x"]


def test_all_of_a_user_is_forgotten(logins: SqliteLogins) -> None:
    logins.record(login())
    logins.record(login("eve"))
    logins.forget("bob")
    assert logins.history("bob") == []
    assert len(logins.history("eve")) == 1


def test_reading_makes_no_file_and_writing_one_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "users.logins"
    logins = SqliteLogins(file)
    assert logins.history("bob") == []
    assert logins.failures("bob") == {}
    logins.unlock("bob")
    logins.forget("bob")
    assert not file.exists()
    logins.record(login())
    assert {f.stat().st_mode & 0o777 for f in tmp_path.iterdir()} == {0o600}
    assert len(SqliteLogins(file).history("bob")) == 1


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    (tmp_path / "users.logins").write_bytes(b"nonsense" * 100)
    with pytest.raises(StoreFailure, match=r"the log of log-ins .*users\.logins cannot be used"):
        SqliteLogins(tmp_path / "users.logins").record(login())


def test_what_is_read_only_stays_as_it_is(logins: SqliteLogins) -> None:
    logins.record(login())
    logins.set_failures("bob", {"192.0.2.1": Failures(3, 7.0)})
    unwritten = logins.unwritten()
    unwritten.record(login(at=2))
    unwritten.set_failures("bob", {"192.0.2.1": Failures(9, 9.0)})
    assert logins.history("bob") == [login()]
    assert logins.failures("bob") == {"192.0.2.1": Failures(3, 7.0)}


def test_what_is_read_only_is_read(tmp_path: Path) -> None:
    logins = SqliteLogins(tmp_path / "users.logins")
    logins.record(login())
    assert logins.unwritten().history("bob") == [login()]
