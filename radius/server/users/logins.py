"""Log-ins as they were: a bounded history of each user, and the failures that lock one out.

A file of its own, so that the users' database is written by people alone and a flood of log-ins
waits for no disk: after a power failure the last rows may be missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radius.server.users.database import PATIENT_SECONDS, Database, Schema

MOST_KEPT = 100
"""How many log-ins that worked, and how many that did not, are kept of each user."""
MOST_PLACES = 100
"""From how many places a user's failures are known, those of longest ago forgotten first."""

_SCHEMA = Schema(
    "log of log-ins",
    (
        """
        CREATE TABLE logins (
            id INTEGER PRIMARY KEY,
            user TEXT NOT NULL COLLATE NOCASE,
            at INTEGER NOT NULL,
            station TEXT NOT NULL,
            nas TEXT NOT NULL,
            method TEXT NOT NULL,
            accepted INTEGER NOT NULL,
            result TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX logins_user ON logins (user, accepted, id)",
        """
        CREATE TABLE failures (
            user TEXT NOT NULL COLLATE NOCASE,
            station TEXT NOT NULL,
            count INTEGER NOT NULL,
            last_at REAL NOT NULL,
            PRIMARY KEY (user, station)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX logins_station ON logins (user, station, accepted)",
    ),
    ("journal_mode = WAL", "synchronous = NORMAL"),
)
_COLUMNS = "user, at, station, nas, method, accepted, result"
_FORGET_OLDEST = (
    "DELETE FROM logins WHERE id = (SELECT id FROM logins WHERE user = ? AND accepted = ? "
    "ORDER BY id DESC LIMIT 1 OFFSET ?)"
)
_FAMILIAR = "SELECT 1 FROM logins WHERE station = ? AND user = ? AND accepted = 1 LIMIT 1"
_FAILURES = "SELECT station, count, last_at FROM failures WHERE user = ?"
_FORGET_PLACES = """
    DELETE FROM failures WHERE user = ? AND station IN (
        SELECT station FROM failures WHERE user = ? ORDER BY last_at DESC, station LIMIT -1 OFFSET ?
    )
"""


@dataclass(frozen=True, slots=True)
class Login:
    """One log-in: who, when in Unix time, from where, to which access server, how, with what end.

    `station` is the Calling-Station-Id, for l2tpsec the client's address.
    """

    user: str
    at: int
    station: str
    nas: str
    method: str
    accepted: bool
    result: str


@dataclass(frozen=True, slots=True)
class Failures:
    """How many wrong passwords in a row, the last at which Unix time."""

    count: int = 0
    last_at: float = 0.0


class SqliteLogins:
    """The log in a file, made when first written; without a file in memory. Raises StoreFailure."""

    def __init__(self, file: Path | None = None, wait_seconds: float = PATIENT_SECONDS) -> None:
        self._file = Database(file, _SCHEMA, wait_seconds)

    def record(self, login: Login) -> None:
        """Add to the user's history; the oldest of the kind makes room."""
        row = (login.user, login.at, login.station, login.nas, login.method)
        with self._file.open_made() as connection:
            connection.execute(
                f"INSERT INTO logins ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
                (*row, int(login.accepted), login.result),
            )
            connection.execute(_FORGET_OLDEST, (login.user, int(login.accepted), MOST_KEPT))

    def history(self, user: str) -> list[Login]:
        """Return what is kept of a user, the newest first."""
        if self._file.is_missing:
            return []
        statement = f"SELECT {_COLUMNS} FROM logins WHERE user = ? ORDER BY id DESC"  # noqa: S608 - constants
        with self._file.open_made() as connection:
            rows = connection.execute(statement, (user,)).fetchall()
        return [_login(*row) for row in rows]

    def is_familiar(self, user: str, station: str) -> bool:
        """Tell whether a user has logged in from a station; without a name none is familiar."""
        if not station or self._file.is_missing:
            return False
        with self._file.open_made() as connection:
            return connection.execute(_FAMILIAR, (station, user)).fetchone() is not None

    def failures(self, user: str) -> dict[str, Failures]:
        """Return a user's failures by their places."""
        if self._file.is_missing:
            return {}
        with self._file.open_made() as connection:
            rows = connection.execute(_FAILURES, (user,)).fetchall()
        return {place: Failures(count, last_at) for place, count, last_at in rows}

    def set_failures(self, user: str, places: Mapping[str, Failures]) -> None:
        """Replace the failures of places; none is one that is forgotten."""
        with self._file.open_made() as connection:
            for place, failures in places.items():
                if failures.count:
                    row = (user, place, failures.count, failures.last_at)
                    connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", row)
                else:
                    connection.execute(
                        "DELETE FROM failures WHERE user = ? AND station = ?", (user, place)
                    )
            connection.execute(_FORGET_PLACES, (user, user, MOST_PLACES))

    def unlock(self, user: str) -> None:
        """Forget a user's failures."""
        if not self._file.is_missing:
            with self._file.open_made() as connection:
                connection.execute("DELETE FROM failures WHERE user = ?", (user,))

    def forget(self, user: str) -> None:
        """Forget all of a user."""
        self.unlock(user)
        if not self._file.is_missing:
            with self._file.open_made() as connection:
                connection.execute("DELETE FROM logins WHERE user = ?", (user,))

    def unwritten(self) -> "UnwrittenLogins":
        """Return the same log for a question that is no log-in."""
        return UnwrittenLogins(self._file.file)


class UnwrittenLogins(SqliteLogins):
    """The log as it stands: it is read, and stays as it is."""

    def record(self, login: Login) -> None:
        """Forget it."""

    def set_failures(self, user: str, places: Mapping[str, Failures]) -> None:
        """Forget them."""


def _login(*row: Any) -> Login:  # noqa: ANN401 - a row of the table
    user, at, station, nas, method, accepted, result = row
    return Login(user, at, station, nas, method, bool(accepted), result)
