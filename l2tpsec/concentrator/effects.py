"""All that the box can ask of the runtime, and what its parts tell one another."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Path
from l2tpsec.model.policy import Policy
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.model.security import SaPair
from radius.message import Message


@dataclass(frozen=True, slots=True)
class TransmitIke:
    """Send an ISAKMP message; from port 4500 the non-ESP marker goes before it (RFC 3948 2.2)."""

    path: Path
    data: bytes


@dataclass(frozen=True, slots=True)
class TransmitKeepalive:
    """Send the one octet that keeps our own NAT's mapping alive (RFC 3948 section 2.3)."""

    path: Path


@dataclass(frozen=True, slots=True)
class TransmitRadius:
    """Send a RADIUS packet from the local socket numbered `slot`, or over TLS if it is negative."""

    slot: int
    destination: tuple[str, int]
    data: bytes


@dataclass(frozen=True, slots=True)
class ConnectRadius:
    """Open a TLS connection to a RADIUS server."""

    destination: tuple[str, int]


@dataclass(frozen=True, slots=True)
class DisconnectRadius:
    """Close the TLS connection to a RADIUS server."""

    destination: tuple[str, int]


@dataclass(frozen=True, slots=True)
class TransmitDhcp:
    """Send a DHCP message from UDP 67 of our PPP address to UDP 67 of the site's server."""

    destination: IPv4Address
    data: bytes


@dataclass(frozen=True, slots=True)
class InstallPair:
    """Accept ESP on this pair of SAs from now on."""

    peer: PeerId
    pair: SaPair


@dataclass(frozen=True, slots=True)
class ConfirmPair:
    """Send on this pair from now on."""

    peer: PeerId
    inbound_spi: int


@dataclass(frozen=True, slots=True)
class RemovePair:
    """Forget a pair and its keys."""

    peer: PeerId
    inbound_spi: int


@dataclass(frozen=True, slots=True)
class MovePeer:
    """Send to the peer along a new path: its NAT has changed the mapping."""

    peer: PeerId
    path: Path


@dataclass(frozen=True, slots=True)
class MergePeer:
    """Let another peer have all pairs of one that turned out to be the same client."""

    peer: PeerId
    into: PeerId


@dataclass(frozen=True, slots=True)
class RemovePeer:
    """Forget a peer with everything that it has."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Carry PPP control frames of this L2TP session."""

    peer: PeerId
    ids: SessionIds


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """Hold the session's forwarded packets to a policy, in place of the former."""

    peer: PeerId
    ids: SessionIds
    policy: Policy


@dataclass(frozen=True, slots=True)
class StartForwarding:
    """Carry IP between the session and the TUN; `mtu` is the longest packet for the client.

    `pfc` and `acfc` say which PPP octets the client can do without (RFC 1661 6.5, 6.6).
    """

    peer: PeerId
    ids: SessionIds
    address: IPv4Address
    mtu: int
    pfc: bool
    acfc: bool


@dataclass(frozen=True, slots=True)
class StartForwardingIpv6:
    """Carry IPv6 of a /64 between the session and the TUN; `mtu` as in StartForwarding."""

    peer: PeerId
    ids: SessionIds
    prefix: IPv6Network
    mtu: int


@dataclass(frozen=True, slots=True)
class RouteNetworks:
    """Carry packets of networks behind the client too."""

    peer: PeerId
    ids: SessionIds
    networks: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class UseTable:
    """Let the kernel route what comes from `sources` by a table; the session dies if it cannot."""

    peer: PeerId
    ids: SessionIds
    sources: tuple[IPv4Network | IPv6Network, ...]
    table: int


@dataclass(frozen=True, slots=True)
class CloseSession:
    """Carry nothing more for this session."""

    peer: PeerId
    ids: SessionIds


@dataclass(frozen=True, slots=True)
class SendControl:
    """Send an L2TP control message inside ESP to the peer's UDP port."""

    peer: PeerId
    port: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send a PPP frame, protocol field first, inside L2TP and ESP."""

    peer: PeerId
    ids: SessionIds
    frame: bytes


@dataclass(frozen=True, slots=True)
class SendPacket:
    """Send an IPv4 or IPv6 packet of the box itself to the client of a session."""

    peer: PeerId
    ids: SessionIds
    packet: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """Ask among all workers whether a user may have one session more, and where RADIUS puts it.

    `most` and `replace` are those of Apply, as are the address and the prefix that RADIUS names.
    """

    number: int
    user: str
    most: int | None
    replace: bool
    address: IPv4Address | None
    prefix: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer to a Claim: why the session may not be, why it may not have the address, or ""."""

    refusal: str = ""
    address_refusal: str = ""
    prefix_refusal: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """The answer to another's question who of a user's sessions lives: these do."""

    token: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AppendRecord:
    """Write this line to the end of the ledger's file, before anything that follows is done."""

    line: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """A line for the journal: whom it concerns, by outer address and by name as far as known."""

    record: Noted | Dropped
    peer: str
    user: str = ""


Effect = (
    TransmitIke
    | TransmitKeepalive
    | TransmitRadius
    | ConnectRadius
    | DisconnectRadius
    | TransmitDhcp
    | InstallPair
    | ConfirmPair
    | RemovePair
    | MovePeer
    | MergePeer
    | RemovePeer
    | OpenSession
    | SetPolicy
    | StartForwarding
    | StartForwardingIpv6
    | RouteNetworks
    | UseTable
    | CloseSession
    | SendControl
    | SendFrame
    | SendPacket
    | Claim
    | Proven
    | AppendRecord
    | Report
)


@dataclass(frozen=True, slots=True)
class PeerRestarted:
    """The client has no memory of tunnels that it had before."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The peer has neither SA nor session any more."""

    peer: PeerId


SecurityEffect = Effect | PeerRestarted | PeerGone


@dataclass(frozen=True, slots=True)
class AskAccess:
    """A subscriber wants its credentials judged."""

    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Apply:
    """RADIUS accepts a subscriber; may its user have one session more? None: any number.

    `address` and `prefix` are those that RADIUS names.
    """

    number: int
    user: str
    most: int | None
    replace: bool
    address: IPv4Address | None = None
    prefix: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Admit:
    """The subscriber may go on."""

    number: int


@dataclass(frozen=True, slots=True)
class Decline:
    """The subscriber's user has as many sessions as may be; `text` is for the log."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the subscriber's client for a sign of life."""

    number: int


@dataclass(frozen=True, slots=True)
class Displace:
    """End a subscriber so that a newer one of its user has room."""

    number: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Account:
    """An accounting record to deliver."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deliver:
    """The ledger wants a server to acknowledge this record, known to it by `number`."""

    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Judged:
    """RADIUS's answer about a subscriber; without a message `reason` says why there is none."""

    number: int
    message: Message | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """A subscriber is over: its L2TP call is to be cleared and its number forgotten."""

    number: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Evict:
    """A subscriber's fixed address is held by an older session of the same user: end that one."""

    number: int


@dataclass(frozen=True, slots=True)
class AskLease:
    """A subscriber wants an address of the site's DHCP servers."""

    number: int


@dataclass(frozen=True, slots=True)
class DeclineLease:
    """A subscriber cannot use the address that a DHCP server leased: another one is wanted."""

    number: int


SubscriberEffect = Effect | AskAccess | Apply | Account | HangUp | Evict | AskLease | DeclineLease
