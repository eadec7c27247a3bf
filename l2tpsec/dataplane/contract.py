"""What every data plane does, and what it tells the control plane.

Everything is keyed by the peer whose SA delivered the packet, never by an address: a rekey is an
`install` and later a `remove`, and a session is only ever looked up under its own peer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import NamedTuple, Protocol

from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Path
from l2tpsec.model.policy import Policy
from l2tpsec.model.security import SaPair

Network = IPv4Network | IPv6Network


class DataPlaneError(Exception):
    """The plane cannot be set up: the text says what, where, and what to do."""


class Offload(StrEnum):
    """Whether many packets share one system call."""

    OFF = "off"
    """Each packet has its own."""
    AUTO = "auto"
    """ESP packets of one size share it both ways; clients' segments are joined for the kernel."""
    FULL = "full"
    """The kernel's large packets are taken whole too and cut here: its work becomes ours."""


@dataclass(frozen=True, slots=True)
class PlaneSettings:
    """`tun_name` may hold one %d, which the kernel fills in.

    `mtu` in octets is the largest of any session. Without `ipv6_pool` no IPv6 is carried; with it,
    its first /64 is the gateway's, which is ::1 there; `ipv6_pools` are more prefixes of clients.
    `alone` it sees to the host's forwarding and rules itself.
    """

    gateway: IPv4Address
    pool: tuple[IPv4Network, ...]
    tun_name: str = "l2tp%d"
    mtu: int = 1400
    client_to_client: bool = False
    masquerade: bool = False
    ipv6_pool: IPv6Network | None = None
    ipv6_pools: tuple[IPv6Network, ...] = ()
    offload: Offload = Offload.AUTO
    alone: bool = True


class PlaneSize(NamedTuple):
    """How much a plane holds now."""

    peers: int
    pairs: int
    sessions: int


class Upcalls(Protocol):
    """What a plane tells the control plane, from within the call that received the packet."""

    def control_datagram(self, peer: PeerId, port: int, datagram: bytes) -> None:
        """Take an L2TP control message that came in ESP.

        `port` is the peer's UDP port inside ESP.
        """
        ...

    def ppp_frame(self, peer: PeerId, tunnel: int, session: int, frame: bytes) -> None:
        """Take a PPP frame that is neither IPv4 nor IPv6.

        It is two octets of protocol, then information: FF 03 is gone, a compressed protocol field
        is expanded. `tunnel` and `session` are our numbers.
        """
        ...

    def local_packet(self, peer: PeerId, tunnel: int, session: int, packet: bytes) -> None:
        """Take a packet that a client sent to its link, and not through it.

        IPv4 to a DHCP server (DHCPINFORM); from a link-local address ICMPv6, and UDP to a DHCPv6
        server.
        """
        ...

    def unknown_session(self, peer: PeerId, port: int, tunnel: int, session: int) -> None:
        """Hear of a data message for a session that this peer does not have.

        It passes if the peer is merged into the session's before this returns.
        """
        ...

    def unknown_pair(self, inbound_spi: int, octets: int, remote: tuple[str, int]) -> None:
        """Hear of an ESP packet of so many octets for no pair; its place is anybody's claim.

        One that came as protocol 50 has port 0.
        """
        ...

    def peer_moved(self, peer: PeerId, inbound_spi: int, path: Path) -> None:
        """Hear that authenticated, new packets come from elsewhere.

        The plane already answers there.
        """
        ...

    def pair_used(self, peer: PeerId, inbound_spi: int) -> None:
        """Hear that the peer sent its first packet on a pair; the plane already sends on it."""
        ...

    def pair_worn(self, peer: PeerId, inbound_spi: int, reason: str) -> None:
        """Hear, once, that a pair ran out of sequence numbers or of kilobytes, and must end."""
        ...


class DataPlane(Protocol):
    """A data plane. What names a peer, pair or session that is not there does nothing."""

    @property
    def drops(self) -> Mapping[str, int]:
        """Packets dropped, by reason; the reasons are of a fixed set."""
        ...

    @property
    def size(self) -> PlaneSize:
        """How much it holds now."""
        ...

    def install(self, peer: PeerId, pair: SaPair) -> None:
        """Receive on a new pair at once; send on it from `confirm` or its first packet on."""
        ...

    def confirm(self, peer: PeerId, inbound_spi: int) -> None:
        """Send on this pair, unless a newer one is confirmed."""
        ...

    def remove(self, peer: PeerId, inbound_spi: int) -> None:
        """End a pair; if it carried what is sent, the newest confirmed one does that from now on.

        Where none is confirmed, the newest.
        """
        ...

    def remove_peer(self, peer: PeerId) -> None:
        """End all pairs and sessions of a peer."""
        ...

    def move(self, peer: PeerId, path: Path) -> None:
        """Send to another place from now on.

        Pairs without UDP encapsulation follow the address only.
        """
        ...

    def merge(self, peer: PeerId, into: PeerId) -> None:
        """Let another peer have all pairs of one without sessions, as its newest.

        What is sent goes by the newest confirmed one of all.
        """
        ...

    def open_session(self, peer: PeerId, ids: SessionIds) -> None:
        """Carry PPP control frames of a session."""
        ...

    def set_compression(self, peer: PeerId, ids: SessionIds, *, pfc: bool, acfc: bool) -> None:
        """Say what the client accepts.

        A protocol field of one octet, frames without FF 03 (RFC 1661 6.5, 6.6).
        """
        ...

    def set_policy(self, peer: PeerId, ids: SessionIds, policy: Policy) -> None:
        """Hold a session's forwarded packets to a policy from now on, in place of the former.

        What refuses a packet does so silently and before it is counted. Packets for the link
        (DHCP, the client's router) and those of the box itself are not judged.
        """
        ...

    def start_forwarding(
        self, peer: PeerId, ids: SessionIds, address: IPv4Address, mtu: int
    ) -> None:
        """Carry IPv4 to and from `address`, at most `mtu` octets to the client."""
        ...

    def start_forwarding_ipv6(
        self, peer: PeerId, ids: SessionIds, prefix: IPv6Network, mtu: int
    ) -> None:
        """Carry IPv6 to and from a /64, at most `mtu` octets, 1280 or more, to the client.

        Who had the prefix before no longer gets any.
        """
        ...

    def route(self, peer: PeerId, ids: SessionIds, networks: Sequence[Network]) -> list[str]:
        """Carry packets of networks behind the client too, until the session is closed.

        Who led to one of them before no longer does. Return why some are not routed: the host has
        a way of its own to them.
        """
        ...

    def use_table(
        self, peer: PeerId, ids: SessionIds, sources: Sequence[Network], table: int
    ) -> str:
        """Route what comes from `sources` by this table of the kernel until the session is closed.

        Return why that cannot be done, or nothing.
        """
        ...

    def close_session(self, peer: PeerId, ids: SessionIds) -> Counters:
        """End a session and return its last counters."""
        ...

    def counters(self, peer: PeerId, ids: SessionIds) -> Counters:
        """Return what was forwarded so far; unchanged packet counts mean an idle session."""
        ...

    def refusals(self, peer: PeerId, ids: SessionIds) -> Refusals:
        """Return how many packets the session's policies refused so far."""
        ...

    def send_control(self, peer: PeerId, port: int, datagram: bytes) -> None:
        """Send an L2TP control message from UDP 1701 to the peer's `port` inside ESP."""
        ...

    def send_frame(self, peer: PeerId, ids: SessionIds, frame: bytes) -> None:
        """Send a PPP frame: two octets of protocol, then information.

        FF 03 and L2TP header are added here.
        """
        ...

    def send_packet(self, peer: PeerId, ids: SessionIds, packet: bytes) -> None:
        """Send an IPv4 or IPv6 packet of the box itself to a client.

        It is not counted: the answer to a DHCPINFORM, a router advertisement.
        """
        ...

    def close(self) -> None:
        """Give back interface, addresses and rules."""
        ...
