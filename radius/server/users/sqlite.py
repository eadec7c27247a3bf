"""Users in one SQLite file. Every call reads it anew, so changes by others count at once."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from radius import mschap, passwords
from radius.packet import Entropy
from radius.server.users.store import Refused, StoreFailure, User
from radius.server.users.vault import Vault

# The statement at index n makes the database of version n one of version n + 1.
_MIGRATIONS = (
    """
    CREATE TABLE IF NOT EXISTS users (
        name TEXT PRIMARY KEY COLLATE NOCASE,
        nt_hash BLOB NOT NULL,
        enabled INTEGER NOT NULL DEFAULT 1,
        framed_address TEXT,
        sealed_password BLOB
    ) STRICT
    """,
    "ALTER TABLE users ADD COLUMN expires_at INTEGER",
)
_VERSION = len(_MIGRATIONS)
_SELECT = (
    "SELECT name, nt_hash, enabled, framed_address, sealed_password IS NOT NULL, expires_at, "
    "ifnull(expires_at <= CAST(strftime('%s', 'now') AS INTEGER), 0) FROM users "
)
AT_ONCE = 0
_WAIT_SECONDS = 2.0
_LONGEST_NAME_OCTETS = 253


class SqliteUsers:
    """The embedded server's users. Names differ by more than the case of their letters.

    The database is readable for its owner only: an NT hash is as good as the password for MS-CHAP.
    """

    def __init__(self, database: Path, entropy: Entropy) -> None:
        self.database = database
        self._vault = Vault(database.with_suffix(".key"), entropy)
        self._connection: sqlite3.Connection | None = None
        self._connected_file: tuple[int, int] | None = None

    def create(self) -> None:
        """Make the database and its directory unless they are there."""
        try:
            self.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise self._failure(error.strerror or "") from None
        with self._open():
            pass

    def find(self, name: str) -> User | None:
        """Return the user of that name, without the password, or None."""
        if not name.isprintable():
            return None
        found = self._read(_SELECT + "WHERE name = ?", name)
        return found[0] if found else None

    def password_of(self, user: User) -> str | None:
        """Return the password that is stored for CHAP, or None when only the hash is."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT sealed_password FROM users WHERE name = ?", (user.name,)
            ).fetchone()
        return self._vault.open(user.name, row[0]) if row and row[0] else None

    def all(self) -> list[User]:
        """Return all users by name, without passwords."""
        return self._read(_SELECT + "ORDER BY name")

    def add(
        self, name: str, password: str, *, framed_address: str | None = None, chap: bool = False
    ) -> None:
        """Add a user; `chap` also stores the password itself. Raises Refused, StoreFailure."""
        _check_name(name)
        _check_password(password)
        address = _checked_address(framed_address)
        sealed = self._vault.seal(name, password) if chap else None
        try:
            self._write(
                "INSERT INTO users (name, nt_hash, framed_address, sealed_password) "
                "VALUES (?, ?, ?, ?)",
                *(name, mschap.nt_hash(password), address, sealed),
            )
        except sqlite3.IntegrityError:
            raise taken(name) from None

    def change_password(self, name: str, password: str, *, chap: bool | None = None) -> None:
        """Set a password, which does not expire; raises Refused.

        `chap` None keeps storing it for CHAP if it was.
        """
        _check_password(password)
        user = self.find(name)
        keep = chap if chap is not None else bool(user and user.chap)
        sealed = self._vault.seal(name, password) if user and keep else None
        values = "nt_hash = ?, sealed_password = ?, expires_at = NULL"
        self._change(name, values, mschap.nt_hash(password), sealed)

    def expire(self, name: str, expires_at: int | None) -> None:
        """Set from when on the password must be changed: Unix time, AT_ONCE, or None for never.

        Raises Refused when there is none of that name.
        """
        self._change(name, "expires_at = ?", expires_at)

    def enable(self, name: str, *, enabled: bool) -> None:
        """Allow or forbid a user to log in; raises Refused when there is none of that name."""
        self._change(name, "enabled = ?", int(enabled))

    def remove(self, name: str) -> None:
        """Forget a user; raises Refused when there is none of that name."""
        if not self._write("DELETE FROM users WHERE name = ?", name):
            raise unknown(name)

    def _change(self, name: str, assignments: str, *values: object) -> None:
        statement = f"UPDATE users SET {assignments} WHERE name = ?"  # noqa: S608 - constants
        if not self._write(statement, *values, name):
            raise unknown(name)

    def _read(self, statement: str, *values: object) -> list[User]:
        with self._open() as connection:
            rows = connection.execute(statement, values).fetchall()
        return [_user(row) for row in rows]

    def _write(self, statement: str, *values: object) -> int:
        with self._open() as connection:
            return connection.execute(statement, values).rowcount

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Begin one transaction, committed at the end; never creates the file."""
        try:
            connection = self._connected()
            with connection:
                self._migrate(connection)
                yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            self._disconnect()
            raise self._failure(str(error)) from None

    def _connected(self) -> sqlite3.Connection:
        """Return a connection to the file that has the database's name now.

        To open it takes ten times as long as to find a user in it, so it is kept.
        """
        file = _file(self.database)
        if self._connection is None or file is None or file != self._connected_file:
            self._disconnect()
            uri = f"{self.database.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)
            self._connected_file = file
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the database up to date, once whoever else does it is through."""
        if (version := _version(connection)) < _VERSION:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _MIGRATIONS[_version(connection) :]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.commit()
        elif version > _VERSION:
            raise self._failure("a newer release wrote it; run that one")

    def _failure(self, reason: str) -> StoreFailure:
        return StoreFailure(f"the user database {self.database} cannot be used: {reason}")


def _file(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _user(row: tuple[Any, ...]) -> User:
    name, nt_hash, enabled, framed_address, chap, expires_at, expired = row
    return User(
        name,
        nt_hash,
        bool(enabled),
        framed_address,
        bool(chap),
        expires_at=expires_at,
        expired=bool(expired),
    )


def taken(name: str) -> Refused:
    """Return what adding a user a second time is refused with."""
    return Refused(
        f"user {name} exists already; change the password with "
        f"`python -m radius user passwd {name}`"
    )


def unknown(name: str) -> Refused:
    """Return what a change to nobody is refused with."""
    return Refused(f"there is no user {name}; `python -m radius user list` names them all")


def _check_name(name: str) -> None:
    if not name or not name.isprintable() or name != name.strip():
        raise Refused("a user name is printable text without spaces around it")
    if "\\" in name:
        raise Refused("a user name holds no backslash: clients put `DOMAIN\\` in front of it")
    if len(name.encode()) > _LONGEST_NAME_OCTETS:
        raise Refused(f"a user name has at most {_LONGEST_NAME_OCTETS} octets")


def _check_password(password: str) -> None:
    if not password or not password.isprintable():
        raise Refused("a password is printable text and not empty")
    if len(password.encode()) > passwords.LONGEST_PASSWORD_OCTETS:
        raise Refused(f"a password has at most {passwords.LONGEST_PASSWORD_OCTETS} octets")


def _checked_address(text: str | None) -> str | None:
    try:
        return str(IPv4Address(text)) if text is not None else None
    except ValueError:
        raise Refused(f"{text} is no IPv4 address") from None
