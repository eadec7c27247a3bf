"""One SQLite file: made for its owner only, brought up to date, one connection kept."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from radius.server.users.store import StoreBusy, StoreFailure

PATIENT_SECONDS = 10.0
"""How long a person's command waits for others who write."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file is called in messages, how it is made, and what each connection is told first.

    The statement at index n makes the file of version n one of version n + 1.
    """

    called: str
    migrations: tuple[str, ...]
    pragmas: tuple[str, ...] = ()


class Database:
    """The file as transactions; `file` None is one in memory. Every failure is a StoreFailure.

    Who waits longer than `wait_seconds` for another's transaction gets a StoreBusy.
    """

    def __init__(
        self, file: Path | None, schema: Schema, wait_seconds: float = PATIENT_SECONDS
    ) -> None:
        self.file = file
        self._name = str(file or "")
        self._wait_seconds = wait_seconds
        self._schema = schema
        self._connection: sqlite3.Connection | None = None
        self._connected_file: tuple[int, int] | None = None
        self._joined: sqlite3.Connection | None = None

    def __del__(self) -> None:
        self._disconnect()

    def create(self) -> None:
        """Make the file and its directory unless they are there."""
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise self.failure(error.strerror or "") from None
        with self.open():
            pass

    @property
    def is_missing(self) -> bool:
        """Whether there is no file yet where one belongs."""
        return self.file is not None and _identity(self._name) is None

    def open_made(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin one transaction as `open` does, in a file that is made where it is missing."""
        if self.is_missing:
            self.create()
        return self.open()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Begin one transaction, committed at the end; never creates the file.

        Inside `together` it is a part of that one. sqlite3.IntegrityError passes through: it tells
        that a row exists already.
        """
        if self._joined is not None:
            yield self._joined
            return
        try:
            connection = self._connected()
            with connection:
                yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            if _is_locked(error):
                raise self._busy() from None
            self._disconnect()
            raise self.failure("there is no such file" if self.is_missing else str(error)) from None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what is done inside, undone whole where it raises.

        One inside another is undone by itself.
        """
        if self._joined is not None:
            with _savepoint(self._joined):
                yield
            return
        with self.open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._joined = connection
            try:
                yield
            finally:
                self._joined = None

    def failure(self, reason: str) -> StoreFailure:
        """Return the failure that names the file."""
        return StoreFailure(f"the {self._schema.called} {self.file} cannot be used: {reason}")

    def _busy(self) -> StoreBusy:
        return StoreBusy(
            f"the {self._schema.called} {self.file} is being written by somebody else for more "
            f"than {self._wait_seconds:g} s"
        )

    def _connected(self) -> sqlite3.Connection:
        """Return a connection to the file that has the database's name now.

        To open it takes ten times as long as to find a user in it, so it is kept.
        """
        file = _identity(self._name)
        gone = self.file is not None and file is None
        if self._connection is None or gone or file != self._connected_file:
            self._disconnect()
            self._connection = self._connect()
            self._connected_file = file
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.file.absolute().as_uri()}?mode=rw" if self.file else ":memory:"
        # whichever thread drops the last reference closes it; none uses it beside another
        connection = sqlite3.connect(
            uri, uri=True, timeout=self._wait_seconds, check_same_thread=False
        )
        try:
            for pragma in self._schema.pragmas:
                connection.execute(f"PRAGMA {pragma}")
            with connection:
                self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the file up to date, once whoever else does it is through."""
        newest = len(self._schema.migrations)
        if (version := _version(connection)) < newest:
            connection.execute("BEGIN IMMEDIATE")
            for statement in self._schema.migrations[_version(connection) :]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {newest}")
            connection.commit()
        elif version > newest:
            raise self.failure("a newer release wrote it; run that one")


def _is_locked(error: sqlite3.Error) -> bool:
    # an extended code has the plain one in its lowest octet; errors of the module itself have none
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT inner")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO inner")
        raise
    finally:
        connection.execute("RELEASE inner")


def _identity(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - a dial-in asks twenty times, and a Path takes thrice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
