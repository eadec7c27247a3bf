"""What every method is: how it recognizes, checks and refuses a request."""

from collections.abc import Callable
from dataclasses import dataclass, field

from radius.message import Attribute, Message
from radius.packet import Entropy
from radius.server.users.store import User


@dataclass(frozen=True, slots=True)
class Asked:
    """A verified Access-Request; `name` is the User-Name as octets, as it enters hashes."""

    message: Message
    authenticator: bytes = field(repr=False)
    name: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the password was proved; `why` not, for the log; `attributes` go into the Accept.

    `new_password` is what the user wants to have from now on, None where nothing changes; `step`
    the time step of the one-time code, None where there is none.
    """

    proved: bool
    why: str = ""
    attributes: tuple[Attribute, ...] = ()
    new_password: str | None = field(default=None, repr=False)
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why access is refused, with the code of RFC 2759 section 6.

    `retry`: another password is worth a try on the same link.
    """

    error: int
    text: str
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the table in `radius.server.access`; `attribute` in a request selects it."""

    name: str
    attribute: str
    check: Callable[[Asked, User], Proof]
    refuse: Callable[[Asked, Refusal, Entropy], tuple[Attribute, ...]]
    needs_password: bool = False


WRONG_PASSWORD = Proof(proved=False, why="wrong password")


def broken(attribute: str) -> Proof:
    """Return the proof that failed because the request's own attribute is unusable."""
    return Proof(proved=False, why=f"{attribute} is missing or has the wrong length")


def no_attributes(_asked: Asked, _refusal: Refusal, _entropy: Entropy) -> tuple[Attribute, ...]:
    """Refuse with nothing to add: PAP and CHAP have no error codes."""
    return ()
