"""The face of a user store."""

from dataclasses import dataclass, field
from typing import Protocol


class StoreFailure(Exception):  # noqa: N818 - names what happened
    """The store could not be used; the text says what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as authentication sees one; `password` is there only where CHAP needs it."""

    name: str
    nt_hash: bytes = field(repr=False)
    enabled: bool = True
    framed_address: str | None = None
    chap: bool = False
    password: str | None = field(default=None, repr=False)


class Users(Protocol):
    """Finds users; both calls may raise StoreFailure."""

    def find(self, name: str) -> User | None:
        """Return the user of that name, without the password, or None."""

    def password_of(self, user: User) -> str | None:
        """Return the password that is stored for CHAP, or None when only the hash is."""
