"""What the server orders and reports."""

from dataclasses import dataclass, field

from radius.notice import Noted


@dataclass(frozen=True, slots=True)
class Reply:
    """Send the datagram from the socket on which the request came."""

    destination: tuple[str, int]
    data: bytes = field(repr=False)


Effect = Reply | Noted
