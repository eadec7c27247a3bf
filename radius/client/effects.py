"""What the client orders and reports."""

from dataclasses import dataclass, field

from radius.message import Message
from radius.notice import Noted

Address = tuple[str, int]
"""Numeric address and port."""

STREAM = -1
"""The slot of what goes over a TLS connection and not from a local socket."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send the datagram from local socket number `slot`, or, if STREAM, over the connection."""

    slot: int
    destination: Address
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a TLS connection; `connected` or `disconnected` of the client is the answer."""

    destination: Address


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the TLS connection, if there is one, and report nothing of it any more."""

    destination: Address


@dataclass(frozen=True, slots=True)
class Answered:
    """The verified reply to the request of this token; its code says which, `server` whose."""

    token: int
    message: Message
    server: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No server answered the request of this token; `reason` is for the administrator."""

    token: int
    reason: str


Effect = Transmit | Connect | Disconnect | Answered | Unanswered | Noted
