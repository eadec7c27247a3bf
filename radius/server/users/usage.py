"""Sessions as access servers tell of them, and what was carried by user and day.

It outlives the server: how many sessions a user has is asked of this file, never of memory. A file
of its own, like the log of log-ins: after a power failure the last rows may be missing.
"""

import sqlite3
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

from radius.server.users.database import PATIENT_SECONDS, Database, Schema

KEPT_DAYS = 62
KEPT_ENDED_DAYS = 3
"""How long sessions that are over are known: what is told of them once more adds nothing."""
LEAST_PATIENCE_SECONDS = 600.0
MOST_PATIENCE_SECONDS = 86400.0
_MOST = (1 << 62) - 1
_TRIMMED_EVERY = 4096
_FORGOTTEN_EVERY_SECONDS = 3600.0
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
        "DROP TABLE sessions",
        """
        CREATE TABLE sessions (
            nas TEXT NOT NULL,
            identifier TEXT NOT NULL,
            session_id TEXT NOT NULL,
            user TEXT NOT NULL,
            standing INTEGER NOT NULL,
            told_at REAL NOT NULL,
            seconds INTEGER NOT NULL,
            interval INTEGER NOT NULL,
            octets INTEGER NOT NULL,
            station TEXT NOT NULL,
            address TEXT NOT NULL,
            PRIMARY KEY (nas, identifier, session_id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX sessions_user ON sessions (user, standing)",
        "CREATE INDEX sessions_standing ON sessions (standing, told_at)",
        "CREATE INDEX days_day ON days (day)",
    ),
    ("journal_mode = WAL", "synchronous = NORMAL"),
)
_ADD = """
    INSERT INTO days VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET octets = min(octets + excluded.octets, 4611686018427387903)
"""
_KEY = "nas = ? AND identifier = ? AND session_id = ?"
# one that told of itself before is missed after three times its interval; one that did so at a
# later time than now, by a clock that was set back since, has not told of itself at all
_COUNT = f"""
    WITH patient AS (
        SELECT told_at, iif(
            interval > 0,
            min(max(3 * interval, {LEAST_PATIENCE_SECONDS}), {MOST_PATIENCE_SECONDS}),
            {MOST_PATIENCE_SECONDS}
        ) AS patience FROM sessions WHERE user = ? AND standing = 1 AND nas <> ?
    )
    SELECT count(*) FROM patient WHERE ? + patience > ? OR abs(? - told_at) < patience
"""  # noqa: S608 - constants
_TRIM = """
    DELETE FROM sessions WHERE (nas, identifier, session_id) IN (
        SELECT nas, identifier, session_id FROM sessions
        ORDER BY standing = 1, told_at LIMIT max(0, (SELECT count(*) FROM sessions) - ?)
    )
"""


class Standing(IntEnum):
    """Whether a session lives: by its own Stop it ended; with its access server it is gone."""

    ENDED = 0
    OPEN = 1
    GONE = 2


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its access server last told of it, at Unix time `told_at`.

    `nas` is the address from which it was told, `identifier` the NAS-Identifier, `station` from
    where the user calls, `address` the user's own; `interval` the longest time in seconds from one
    record to an Interim-Update, by the session's own clock; 0 before the first.
    """

    nas: str
    identifier: str
    session_id: str
    user: str
    standing: Standing
    told_at: float
    seconds: int = 0
    interval: int = 0
    octets: int = 0
    station: str = ""
    address: str = ""


_COLUMNS = ", ".join(field.name for field in fields(Session))
_SELECT = f"SELECT {_COLUMNS} FROM sessions "  # noqa: S608 - constants
_MARKS = ", ".join("?" for _ in fields(Session))
_REPLACE = f"INSERT OR REPLACE INTO sessions VALUES ({_MARKS})"  # noqa: S608 - constants


class SqliteUsage:
    """The book in a file, made when first written; without a file in memory. Raises StoreFailure.

    A user is written in one form by whoever calls: `user` is compared letter by letter.
    """

    def __init__(
        self,
        file: Path | None = None,
        most_sessions: int = 200_000,
        wait_seconds: float = PATIENT_SECONDS,
    ) -> None:
        self._file = Database(file, _SCHEMA, wait_seconds)
        self._most = most_sessions
        self._written = 0
        self._forgot_at = 0.0

    def known(self, told: Session) -> Session | None:
        """Return what is known of the session that is told of."""
        if self._file.is_missing:
            return None
        with self._file.open_made() as connection:
            row = connection.execute(f"{_SELECT}WHERE {_KEY}", _key(told)).fetchone()
        return _session(row) if row else None

    def record(self, session: Session, carried: int, wall: float) -> None:
        """Keep a session as it is now; `carried` octets of it are new at Unix time `wall`."""
        capped = replace(session, octets=min(session.octets, _MOST))
        with self._file.open_made() as connection:
            if carried > 0:
                connection.execute(_ADD, (session.user, day(wall), min(carried, _MOST)))
            connection.execute(_REPLACE, astuple(capped))
            if abs(wall - self._forgot_at) >= _FORGOTTEN_EVERY_SECONDS:
                self._forgot_at = wall
                _forget_old(connection, wall)
            self._trim(connection)

    def _trim(self, connection: sqlite3.Connection) -> None:
        """Forget who was told of longest ago, the ended ones first, where there are too many."""
        self._written += 1
        if self._written % min(_TRIMMED_EVERY, self._most) == 0:
            connection.execute(_TRIM, (self._most,))

    def count(self, user: str, wall: float, since: float = 0.0, beside: str = "") -> int:
        """Return how many sessions a user has now, those at the access server `beside` left out.

        One that nothing was told of for too long is over: three times its interval, from ten
        minutes to a day; a day where it has none. No silence counts before Unix time `since`.
        """
        if self._file.is_missing:
            return 0
        with self._file.open_made() as connection:
            values = (user, beside, since, wall, wall)
            found: int = connection.execute(_COUNT, values).fetchone()[0]
        return found

    def used(self, user: str, since: str) -> int:
        """Return the octets that a user's sessions carried since a day, YYYY-MM-DD."""
        if self._file.is_missing:
            return 0
        statement = "SELECT ifnull(sum(octets), 0) FROM days WHERE user = ? AND day >= ?"
        with self._file.open_made() as connection:
            octets: int = connection.execute(statement, (user, since)).fetchone()[0]
        return octets

    def open_sessions(self, user: str | None = None) -> list[Session]:
        """Return the sessions that have not ended, of one user or of all, the oldest news first."""
        if self._file.is_missing:
            return []
        one = "" if user is None else "AND user = ? "
        statement = f"{_SELECT}WHERE standing = 1 {one}ORDER BY told_at, session_id"
        with self._file.open_made() as connection:
            rows = connection.execute(statement, () if user is None else (user,)).fetchall()
        return [_session(row) for row in rows]

    def close(self, nas: str, identifier: str, wall: float) -> None:
        """Note that an access server has no session left; without a name: none at the address."""
        if self._file.is_missing:
            return
        with self._file.open_made() as connection:
            connection.execute(
                "UPDATE sessions SET standing = ?, told_at = ? WHERE standing = 1 AND nas = ? "
                "AND (? = '' OR identifier IN ('', ?))",
                (Standing.GONE, wall, nas, identifier, identifier),
            )

    def end(self, session: Session, wall: float) -> None:
        """Note that one session is gone; it comes back if its access server tells of it again."""
        with self._file.open_made() as connection:
            connection.execute(
                f"UPDATE sessions SET standing = ?, told_at = ? WHERE {_KEY}",  # noqa: S608 - constants
                (Standing.GONE, wall, *_key(session)),
            )


def _key(session: Session) -> tuple[str, str, str]:
    return session.nas, session.identifier, session.session_id


def _session(row: tuple[object, ...]) -> Session:
    found = Session(*row)  # type: ignore[arg-type]  # the table's own types
    return replace(found, standing=Standing(found.standing))


def _forget_old(connection: sqlite3.Connection, wall: float) -> None:
    oldest = wall - timedelta(KEPT_DAYS).total_seconds()
    ended = wall - timedelta(KEPT_ENDED_DAYS).total_seconds()
    for standing, before in (
        (Standing.OPEN, oldest),
        (Standing.ENDED, ended),
        (Standing.GONE, ended),
    ):
        connection.execute(
            "DELETE FROM sessions WHERE standing = ? AND told_at < ?", (standing, before)
        )
    connection.execute("DELETE FROM days WHERE day < ?", (day(oldest),))


def day(wall: float) -> str:
    """Return the day of a Unix time here, YYYY-MM-DD."""
    return datetime.fromtimestamp(wall).astimezone().date().isoformat()
