"""What DHCP orders and reports. `token` is the number of the session that it is about."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from l2tpsec.model.records import Dropped, Noted
from l2tpsec.protocols.dhcp.packet import Message, Options


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send to UDP 67 of a DHCP server, from UDP 67 of the relay address."""

    destination: IPv4Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """Send the client of this session the answer to its DHCPINFORM."""

    token: int
    message: Message


@dataclass(frozen=True, slots=True)
class Leased:
    """An address is leased for this session; `options` are what the server says besides.

    `DhcpClient.decline` gives it back where somebody else uses it.
    """

    token: int
    address: IPv4Address
    options: Options


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no lease for this session, or no longer; nothing of it is kept."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A record about a session; token 0 is nobody's."""

    token: int
    record: Noted | Dropped


Effect = Transmit | Answered | Leased | Lost | Report
"""Answered comes of the relay, Leased and Lost of the client."""
