from pathlib import Path

import pytest

from radius.message import Attribute, Code, Message
from radius.server.diary import Diary
from radius.server.lockout import Lockout
from radius.server.users.logins import Login, SqliteLogins


def diary(logins: SqliteLogins, station: str = "192.0.2.1", wall: float = 100.0) -> Diary:
    attributes: list[Attribute] = [("Calling-Station-Id", station), ("NAS-Identifier", "vpn")]
    return Diary(Lockout(logins, 2), "bob", Message(Code.ACCESS_REQUEST, attributes), wall)


def test_an_end_is_recorded_with_its_place() -> None:
    logins = SqliteLogins()
    diary(logins).close("PAP", accepted=True, guessed=False, result="accepted")
    assert logins.history("bob") == [
        Login("bob", 100, "192.0.2.1", "vpn", "PAP", accepted=True, result="accepted")
    ]


def test_guesses_lock_and_nothing_else_does() -> None:
    logins = SqliteLogins()
    for guessed in (True, False, False, True):
        diary(logins).close("PAP", accepted=False, guessed=guessed, result="no")
    assert diary(logins).locked_seconds() == 30
    assert diary(logins, wall=130.0).locked_seconds() == 0


@pytest.mark.parametrize(
    ("said", "station"),
    [("192.0.2.1[4500]", "192.0.2.1"), ("00-11-22-33-44-55", "00-11-22-33-44-55"), ("\n", "\\n")],
)
def test_the_station_without_its_port_and_fit_for_a_line(said: str, station: str) -> None:
    assert diary(SqliteLogins(), said).station == station


def test_a_log_that_fails_locks_nobody_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"nonsense" * 100)
    one = diary(SqliteLogins(tmp_path / "log"))
    assert one.locked_seconds() == 0
    assert "the log of log-ins" in one.complaint
    one.complaint = ""
    one.close("PAP", accepted=False, guessed=True, result="no")
    assert "the log of log-ins" in one.complaint
