"""What sessions have carried, by user and day, and which are open: it outlives the server.

A file of its own, like the log of log-ins: after a power failure the last rows may be missing.
"""

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from radius.server.users.database import Database, Schema

KEPT_DAYS = 62
_MOST = (1 << 62) - 1
_SCHEMA = Schema(
    "book of usage",
    (
        """
        CREATE TABLE sessions (
            nas TEXT NOT NULL,
            id TEXT NOT NULL,
            user TEXT NOT NULL,
            octets INTEGER NOT NULL,
            open INTEGER NOT NULL,
            day TEXT NOT NULL,
            PRIMARY KEY (nas, id)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE days (
            user TEXT NOT NULL,
            day TEXT NOT NULL,
            octets INTEGER NOT NULL,
            PRIMARY KEY (user, day)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX sessions_day ON sessions (day)",
    ),
    ("journal_mode = WAL", "synchronous = NORMAL"),
)
_ADD = """
    INSERT INTO days VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET octets = min(octets + excluded.octets, 4611686018427387903)
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """A session as far as the book knows it: whose, at which access server, how much by now."""

    nas: str
    session_id: str
    user: str
    octets: int
    active: bool


class SqliteUsage:
    """The book in a file, made when first written; without a file in memory. Raises StoreFailure.

    A user is written in one form by whoever calls: `user` is compared letter by letter.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = Database(file, _SCHEMA)

    def record(self, row: Carried, wall: float) -> None:
        """Take in what a session has carried until Unix time `wall`; told again it adds nothing."""
        today, octets = day(wall), min(row.octets, _MOST)
        with self._opened() as connection:
            found = connection.execute(
                "SELECT octets FROM sessions WHERE nas = ? AND id = ?", (row.nas, row.session_id)
            ).fetchone()
            before = found[0] if found else 0
            if octets > before:
                connection.execute(_ADD, (row.user, today, octets - before))
            whole = (row.nas, row.session_id, row.user, max(octets, before), int(row.active), today)
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)", whole)
            if not row.active:
                self._forget_old(connection, wall)

    @staticmethod
    def _forget_old(connection: sqlite3.Connection, wall: float) -> None:
        oldest = day(wall - timedelta(KEPT_DAYS).total_seconds())
        connection.execute("DELETE FROM sessions WHERE day < ?", (oldest,))
        connection.execute("DELETE FROM days WHERE day < ?", (oldest,))

    def used(self, user: str, since: str) -> int:
        """Return the octets that a user's sessions carried since a day, YYYY-MM-DD."""
        if self._is_missing():
            return 0
        statement = "SELECT ifnull(sum(octets), 0) FROM days WHERE user = ? AND day >= ?"
        with self._opened() as connection:
            octets: int = connection.execute(statement, (user, since)).fetchone()[0]
        return octets

    def open_sessions(self) -> list[Carried]:
        """Return the sessions that have not ended."""
        if self._is_missing():
            return []
        statement = "SELECT nas, id, user, octets FROM sessions WHERE open = 1"
        with self._opened() as connection:
            rows = connection.execute(statement).fetchall()
        return [
            Carried(nas, number, user, octets, active=True) for nas, number, user, octets in rows
        ]

    def close(self, nas: str) -> None:
        """Note that all sessions of an access server have ended."""
        if not self._is_missing():
            with self._opened() as connection:
                connection.execute("UPDATE sessions SET open = 0 WHERE nas = ?", (nas,))

    def _is_missing(self) -> bool:
        return self._file.file is not None and not self._file.file.exists()

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        if self._is_missing():
            self._file.create()
        return self._file.open()


def day(wall: float) -> str:
    """Return the day of a Unix time here, YYYY-MM-DD."""
    return datetime.fromtimestamp(wall).astimezone().date().isoformat()
