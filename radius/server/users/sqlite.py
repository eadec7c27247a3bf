"""Users in one SQLite file. Every call reads it anew, so changes by others count at once."""

import hmac
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from radius import mschap, passwords
from radius.packet import Entropy
from radius.server.users import profile
from radius.server.users.database import PATIENT_SECONDS, Database, Schema
from radius.server.users.logins import SqliteLogins
from radius.server.users.store import Refused, User
from radius.server.users.usage import SqliteUsage
from radius.server.users.vault import Vault

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
    "CREATE TABLE groups (name TEXT PRIMARY KEY COLLATE NOCASE) STRICT",
    "ALTER TABLE users ADD COLUMN group_name TEXT COLLATE NOCASE",
    """
    CREATE TABLE settings (
        kind TEXT NOT NULL,
        owner TEXT NOT NULL COLLATE NOCASE,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (kind, owner, name)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TRIGGER users_settings AFTER DELETE ON users BEGIN
        DELETE FROM settings WHERE kind = 'user' AND owner = old.name;
    END
    """,
    """
    CREATE TRIGGER groups_settings AFTER DELETE ON groups BEGIN
        DELETE FROM settings WHERE kind = 'group' AND owner = old.name;
    END
    """,
    "ALTER TABLE users ADD COLUMN sealed_one_time_secret BLOB",
    "ALTER TABLE users ADD COLUMN last_step INTEGER NOT NULL DEFAULT -1",
)
# who writes keeps no reader waiting; and after each change all is in the one file, for backups
SCHEMA = Schema("user database", _MIGRATIONS, ("journal_mode = WAL", "wal_autocheckpoint = 1"))
_SELECT = (
    "SELECT name, nt_hash, enabled, framed_address, sealed_password IS NOT NULL, expires_at, "
    "ifnull(expires_at <= CAST(strftime('%s', 'now') AS INTEGER), 0), group_name, "
    "sealed_one_time_secret IS NOT NULL, last_step FROM users "
)
# in the order of its kinds, a user's own value is the later one
_SETTINGS = (
    "SELECT name, value FROM settings WHERE (kind = 'user' AND owner = ?) "
    "OR (kind = 'group' AND owner = ?) ORDER BY kind"
)
AT_ONCE = 0
_ONE_TIME = "one-time"
_LONGEST_NAME_OCTETS = 253


class SqliteUsers:
    """The embedded server's users. Names differ by more than the case of their letters.

    The database is readable for its owner only: an NT hash is as good as the password for MS-CHAP.
    After `wait_seconds` for others who write a call raises StoreBusy.
    """

    def __init__(
        self, database: Path, entropy: Entropy, wait_seconds: float = PATIENT_SECONDS
    ) -> None:
        self.database = database
        self._vault = Vault(database.with_suffix(".key"), entropy)
        self._file = Database(database, SCHEMA, wait_seconds)
        self.usage = SqliteUsage(database.with_suffix(".usage"), wait_seconds=wait_seconds)
        self.logins = SqliteLogins(database.with_suffix(".logins"), wait_seconds)

    def create(self) -> None:
        """Make the database and its directory unless they are there."""
        self._file.create()

    def together(self) -> AbstractContextManager[None]:
        """Make one change of those made inside, undone whole where one raises."""
        return self._file.together()

    def find(self, name: str) -> User | None:
        """Return the user of that name, without the password, or None."""
        if not name.isprintable():
            return None
        found = self._read(_SELECT + "WHERE name = ?", name)
        return found[0] if found else None

    def password_of(self, user: User) -> str | None:
        """Return the password itself where it is stored, or None when only the hash is."""
        sealed = self._blob(user, "sealed_password")
        return self._vault.open(user.name, sealed).decode() if sealed else None

    def one_time_secret_of(self, user: User) -> bytes | None:
        """Return the secret of the user's one-time codes, or None."""
        sealed = self._blob(user, "sealed_one_time_secret")
        return self._vault.open(user.name, sealed, _ONE_TIME) if sealed else None

    def use_step(self, name: str, step: int) -> bool:
        """Use up a time step and all before it; False when it was used already."""
        statement = "UPDATE users SET last_step = ? WHERE name = ? AND last_step < ?"
        return bool(self._write(statement, step, name, step))

    def enroll(self, name: str, password: str, secret: bytes) -> None:
        """Want one-time codes behind the password, which is stored itself; raises Refused."""
        user = self.find(name)
        if user is None:
            raise unknown(name)
        if not hmac.compare_digest(mschap.nt_hash(password), user.nt_hash):
            raise Refused(f"that is not the password of {user.name}; nothing was changed")
        values = "sealed_password = ?, sealed_one_time_secret = ?, last_step = -1"
        sealed = self._vault.seal(user.name, secret, _ONE_TIME)
        self._change(name, values, self._vault.seal(user.name, password.encode()), sealed)

    def disable_one_time(self, name: str) -> None:
        """Want the password alone, which stays stored; raises Refused."""
        self._change(name, "sealed_one_time_secret = NULL, last_step = -1")

    def set_hash(self, name: str, nt_hash: bytes) -> None:
        """Set a password known by its hash alone, which ends CHAP and codes; raises Refused."""
        forgotten = "sealed_password = NULL, sealed_one_time_secret = NULL, last_step = -1"
        self._change(name, f"nt_hash = ?, expires_at = NULL, {forgotten}", nt_hash)

    def _blob(self, user: User, column: str) -> bytes | None:
        statement = f"SELECT {column} FROM users WHERE name = ?"  # noqa: S608 - constants
        with self._file.open() as connection:
            row = connection.execute(statement, (user.name,)).fetchone()
        return row[0] if row else None

    def all(self) -> list[User]:
        """Return all users by name, without passwords."""
        return self._read(_SELECT + "ORDER BY name")

    def add(
        self, name: str, password: str, *, framed_address: str | None = None, chap: bool = False
    ) -> None:
        """Add a user; `chap` also stores the password itself. Raises Refused, StoreFailure."""
        _check_name(name)
        _check_password(password)
        address = checked_address(framed_address)
        sealed = self._vault.seal(name, password.encode()) if chap else None
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
        if user and user.one_time and chap is False:
            raise Refused(f"the one-time codes of {name} need the password: disable them before")
        keep = chap if chap is not None else bool(user and user.chap)
        sealed = self._vault.seal(name, password.encode()) if user and keep else None
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

    def set_address(self, name: str, address: str | None) -> None:
        """Give a user a fixed address, or none; raises Refused."""
        self._change(name, "framed_address = ?", checked_address(address))

    def set_group(self, name: str, group: str | None) -> None:
        """Put a user into a group, or into none; raises Refused."""
        with self._file.open() as connection:
            found = connection.execute(
                "SELECT name FROM groups WHERE name = ?", (group,)
            ).fetchone()
        if group is not None and found is None:
            raise unknown_group(group)
        self._change(name, "group_name = ?", found[0] if found else None)

    def give(self, name: str, setting: str, value: str | None) -> None:
        """Give a user a setting of `profile`, or take it away; raises Refused."""
        user = self.find(name)
        if user is None:
            raise unknown(name)
        self._set("user", user.name, setting, value)

    def own_settings(self, name: str) -> dict[str, str]:
        """Return the settings that a user has without the group."""
        with self._file.open() as connection:
            return _settings(connection, name, None)

    def groups(self) -> dict[str, dict[str, str]]:
        """Return the settings of every group."""
        with self._file.open() as connection:
            names = connection.execute("SELECT name FROM groups ORDER BY name").fetchall()
            return {name: _settings(connection, "", name) for (name,) in names}

    def add_group(self, name: str) -> None:
        """Add a group without settings; raises Refused when there is one of that name."""
        _check_name(name)
        try:
            self._write("INSERT INTO groups (name) VALUES (?)", name)
        except sqlite3.IntegrityError:
            raise Refused(f"group {name} exists already") from None

    def ensure_group(self, name: str) -> None:
        """Add a group unless it is there; raises Refused for a name that none can have."""
        with self._file.open() as connection:
            found = connection.execute("SELECT 1 FROM groups WHERE name = ?", (name,)).fetchone()
        if found is None:
            self.add_group(name)

    def give_group(self, name: str, setting: str, value: str | None) -> None:
        """Give a group a setting, or take it away; raises Refused."""
        if not self._write("UPDATE groups SET name = name WHERE name = ?", name):
            raise unknown_group(name)
        self._set("group", name, setting, value)

    def remove_group(self, name: str) -> None:
        """Forget a group; raises Refused while a user is in it."""
        members = [user.name for user in self._read(_SELECT + "WHERE group_name = ?", name)]
        if members:
            raise Refused(f"the group {name} has users: {', '.join(members[:5])}")
        if not self._write("DELETE FROM groups WHERE name = ?", name):
            raise unknown_group(name)

    def _set(self, kind: str, owner: str, setting: str, value: str | None) -> None:
        if value is None:
            statement = "DELETE FROM settings WHERE kind = ? AND owner = ? AND name = ?"
            self._write(statement, kind, owner, setting)
            return
        statement = "INSERT OR REPLACE INTO settings (kind, owner, name, value) VALUES (?, ?, ?, ?)"
        self._write(statement, kind, owner, setting, profile.checked(setting, value))

    def remove(self, name: str) -> None:
        """Forget a user and the user's log-ins; raises Refused when there is none of that name."""
        if not self._write("DELETE FROM users WHERE name = ?", name):
            raise unknown(name)
        self.logins.forget(name)

    def _change(self, name: str, assignments: str, *values: object) -> None:
        statement = f"UPDATE users SET {assignments} WHERE name = ?"  # noqa: S608 - constants
        if not self._write(statement, *values, name):
            raise unknown(name)

    def _read(self, statement: str, *values: object) -> list[User]:
        with self._file.open() as connection:
            rows = connection.execute(statement, values).fetchall()
            return [_user(row, _settings(connection, row[0], row[7])) for row in rows]

    def _write(self, statement: str, *values: object) -> int:
        with self._file.open() as connection:
            return connection.execute(statement, values).rowcount


def _settings(connection: sqlite3.Connection, name: str, group: str | None) -> dict[str, str]:
    return dict(connection.execute(_SETTINGS, (name, group)))


def _user(row: tuple[Any, ...], settings: Mapping[str, str]) -> User:
    name, nt_hash, enabled, framed_address, chap, expires_at, expired, group, one_time, step = row
    return User(
        name,
        nt_hash,
        bool(enabled),
        framed_address,
        bool(chap),
        expires_at=expires_at,
        expired=bool(expired),
        group=group,
        settings=settings,
        one_time=bool(one_time),
        last_step=step,
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


def unknown_group(name: str) -> Refused:
    """Return what a change to a group that is none is refused with."""
    return Refused(f"there is no group {name}; `python -m radius group list` names them all")


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


def checked_address(text: str | None) -> str | None:
    """Return the canonical address; raises Refused."""
    try:
        return str(IPv4Address(text)) if text is not None else None
    except ValueError:
        raise Refused(f"{text} is no IPv4 address") from None
