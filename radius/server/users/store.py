"""The face of a user store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class StoreFailure(Exception):  # noqa: N818 - names what happened
    """The store could not be used; the text says what, where, and what to do."""


class StoreBusy(StoreFailure):
    """Somebody else writes to the store just now: what was asked may be asked once more."""


class Refused(Exception):  # noqa: N818 - names what happened
    """A change that cannot be made; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as authentication sees one; `password` is there only where it is needed.

    `expires_at`: Unix time from which on the password must be changed, None never; `expired` tells
    whether that time has come. `settings`: the user's and, where it has none, those of the
    group, by their names in `radius.server.users.profile`.
    `one_time`: a code follows the password, of a time step after `last_step`.
    """

    name: str
    nt_hash: bytes = field(repr=False)
    enabled: bool = True
    framed_address: str | None = None
    chap: bool = False
    password: str | None = field(default=None, repr=False)
    expires_at: int | None = None
    expired: bool = False
    group: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    one_time: bool = False
    last_step: int = -1


class Users(Protocol):
    """Finds users; every call may raise StoreFailure."""

    def find(self, name: str) -> User | None:
        """Return the user of that name, without the password, or None."""

    def password_of(self, user: User) -> str | None:
        """Return the password itself where it is stored, or None when only the hash is."""

    def change_password(self, name: str, password: str) -> None:
        """Store a password that the user chose; it does not expire. Raises Refused."""

    def one_time_secret_of(self, user: User) -> bytes | None:
        """Return the secret of the user's one-time codes, or None."""

    def use_step(self, name: str, step: int) -> bool:
        """Use up a time step and all before it; False when it was used already."""
