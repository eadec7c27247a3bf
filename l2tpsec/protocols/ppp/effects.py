"""What a PPP link orders and reports."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from l2tpsec.model.cause import Cause
from l2tpsec.model.credentials import Credentials
from l2tpsec.model.records import Dropped, Noted


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send to the client: two octets of protocol and the information, no address and control."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class LinkEstablished:
    """LCP is open: how the client will prove itself, and the longest information it takes."""

    method: str
    mru: int


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Ask RADIUS; the answer goes to `Link.judged`."""

    credentials: Credentials


@dataclass(frozen=True, slots=True)
class NetworkWanted:
    """The client is authenticated: give it an address (`Link.start_network`, `refuse_network`)."""


@dataclass(frozen=True, slots=True)
class AddressWished:
    """The client has said by IPCP which address it would like (`Link.wish`), and has none yet."""


@dataclass(frozen=True, slots=True)
class NetworkUp:
    """IPCP is open: forward. Said once in a link's life."""

    address: IPv4Address
    mru: int


@dataclass(frozen=True, slots=True)
class Ipv6Up:
    """IPV6CP is open with these interface identifiers (RFC 5072); said once in a link's life."""

    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True)
class LinkEnded:
    """The link is down for good; said once. It still acknowledges repeated Terminate-Requests."""

    cause: Cause
    text: str


Effect = (
    SendFrame
    | LinkEstablished
    | Authenticate
    | NetworkWanted
    | AddressWished
    | NetworkUp
    | Ipv6Up
    | LinkEnded
    | Noted
    | Dropped
)
