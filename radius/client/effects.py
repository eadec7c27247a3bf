"""What the client orders and reports."""

from dataclasses import dataclass, field

from radius.message import Message
from radius.notice import Noted

Address = tuple[str, int]
"""Numeric address and UDP port."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send the datagram from local socket number `slot`."""

    slot: int
    destination: Address
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """The verified reply to the request of this token; its code says which."""

    token: int
    message: Message


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No server answered the request of this token; `reason` is for the administrator."""

    token: int
    reason: str


Effect = Transmit | Answered | Unanswered | Noted
