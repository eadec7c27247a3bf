"""A DataPlane without wire and kernel: it keeps the contract and writes everything down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

from l2tpsec.dataplane.contract import DataPlane, Network, PlaneSize, Upcalls
from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.policy import Policy
from l2tpsec.model.security import SaPair
from tests.planes import oracle
from tests.planes.listener import Listener


class Sent(NamedTuple):
    """What went to a client: under which pair, where to, and either a control datagram or a frame.

    `ids` are the client's tunnel and session number, None for control; a frame starts with its
    protocol in two octets.
    """

    inbound_spi: int
    remote: Endpoint
    port: int
    ids: tuple[int, int] | None
    body: bytes


@dataclass
class RecordedPair:
    peer: PeerId
    pair: SaPair
    path: Path
    confirmed: bool = False


@dataclass
class RecordedSession:
    ids: SessionIds
    address: IPv4Address | None = None
    mtu: int = 0
    prefix: IPv6Network | None = None
    ipv6_mtu: int = 0
    behind: list[Network] = field(default_factory=list)
    compression: tuple[bool, bool] = (False, False)
    counters: Counters = field(default_factory=Counters)
    policy: Policy = oracle.FREE
    meters: tuple[oracle.Meter, oracle.Meter] = field(default_factory=oracle.meters)
    refusals: Refusals = field(default_factory=Refusals)


def _framed(packet: bytes) -> bytes:
    return (b"\x00\x57" if packet[0] >> 4 == 6 else b"\x00\x21") + packet


def _for_router(packet: bytes) -> bool:
    return packet[6] == 58 or (packet[6] == 17 and packet[42:44] == b"\x02\x23")


def _within(address: IPv4Address | IPv6Address, session: RecordedSession) -> bool:
    return any(address in network for network in session.behind)


def _meant_for(session: RecordedSession, packet: bytes) -> bool:
    if packet[0] >> 4 == 6:
        destination = IPv6Address(packet[24:40])
        own = session.prefix is not None and destination in session.prefix
        return own or _within(destination, session)
    return session.address == IPv4Address(packet[16:20]) or _within(
        IPv4Address(packet[16:20]), session
    )


def _assigned(session: RecordedSession) -> list[Network]:
    own = [IPv4Network(session.address)] if session.address else []
    return [*own, *([session.prefix] if session.prefix else []), *session.behind]


class RecordingPlane:
    """What `arrive_*` and `from_kernel` are told comes out in `sent` and `to_kernel`."""

    def __init__(
        self,
        upcalls: Upcalls,
        *,
        client_to_client: bool = False,
    ) -> None:
        self.drops: Counter[str] = Counter()
        self.sent: list[Sent] = []
        self.to_kernel: list[bytes] = []
        self.pairs: dict[int, RecordedPair] = {}
        self.sessions: dict[tuple[PeerId, int, int], RecordedSession] = {}
        self.current: dict[PeerId, int] = {}
        self.closed = False
        self.now = 0.0
        self._upcalls = upcalls
        self._client_to_client = client_to_client

    # The world.

    def _arrived(self, inbound_spi: int, remote: Endpoint | None) -> PeerId | None:
        known = self.pairs.get(inbound_spi)
        if known is None:
            self.drops["unknown SPI"] += 1
            self._upcalls.unknown_pair(inbound_spi, 0, remote or Endpoint("192.0.2.99", 4500))
            return None
        if remote is not None and remote != known.path.remote and known.pair.encapsulated:
            path = Path(known.path.local, remote)
            self.move(known.peer, path)
            self._upcalls.peer_moved(known.peer, inbound_spi, path)
        if not known.confirmed:
            self.confirm(known.peer, inbound_spi)
            self._upcalls.pair_used(known.peer, inbound_spi)
        return known.peer

    def arrive_control(
        self, inbound_spi: int, datagram: bytes, port: int = 1701, remote: Endpoint | None = None
    ) -> None:
        """Let an L2TP control message come in."""
        peer = self._arrived(inbound_spi, remote)
        if peer is not None:
            self._upcalls.control_datagram(peer, port, datagram)

    def arrive_frame(
        self,
        inbound_spi: int,
        tunnel: int,
        session: int,
        frame: bytes,
        remote: Endpoint | None = None,
    ) -> None:
        """Let a PPP frame come in: protocol in two octets, then information."""
        peer = self._arrived(inbound_spi, remote)
        if peer is None:
            return
        known = self.sessions.get((peer, tunnel, session))
        if known is None:
            self._upcalls.unknown_session(peer, 1701, tunnel, session)
            peer = self.pairs[inbound_spi].peer
            known = self.sessions.get((peer, tunnel, session))
        if known is None:
            self.drops["unknown session"] += 1
        elif frame[:2] == b"\x00\x21":
            self._forward(peer, known, frame[2:])
        elif frame[:2] == b"\x00\x57":
            self._forward_ipv6(peer, known, frame[2:])
        else:
            self._upcalls.ppp_frame(peer, tunnel, session, frame)

    def _forward(self, peer: PeerId, session: RecordedSession, packet: bytes) -> None:
        source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        holders = {other.address for other in self.sessions.values()}
        if session.address is None:
            self.drops["not forwarding"] += 1
        elif destination == IPv4Address("255.255.255.255") and packet[22:24] == b"\x00\x43":
            self._upcalls.local_packet(peer, session.ids.tunnel, session.ids.session, packet)
        elif source != session.address and not _within(source, session):
            self.drops["forged source"] += 1
        elif (destination in holders or self._behind(destination)) and not self._client_to_client:
            self.drops["client to client"] += 1
        elif destination.is_multicast or destination.is_loopback:
            self.drops["not routed"] += 1
        else:
            self._to_kernel(session, packet)

    def _forward_ipv6(self, peer: PeerId, session: RecordedSession, packet: bytes) -> None:
        if session.prefix is None:
            self.drops["IPv6"] += 1
            return
        source, destination = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        held = [other.prefix for other in self.sessions.values() if other.prefix]
        theirs = any(destination in p for p in held) or self._behind(destination)
        here = destination.is_link_local or packet[24:26] == b"\xff\x02"
        if (source.is_link_local or not int(source)) and here and _for_router(packet):
            self._upcalls.local_packet(peer, session.ids.tunnel, session.ids.session, packet)
        elif source not in session.prefix and not _within(source, session):
            self.drops["forged source"] += 1
        elif theirs and not self._client_to_client:
            self.drops["client to client"] += 1
        elif destination.is_multicast or destination.is_link_local or destination.is_loopback:
            self.drops["not routed"] += 1
        else:
            self._to_kernel(session, packet)

    def _behind(self, address: IPv4Address | IPv6Address) -> bool:
        return any(_within(address, session) for session in self.sessions.values())

    def _refuses(self, session: RecordedSession, packet: bytes, inbound: bool) -> bool:
        before, client = session.refusals, _assigned(session)
        if not oracle.passes(session.policy.filter.rules, packet, inbound, client):
            session.refusals = before._replace(filtered_packets=before.filtered_packets + 1)
            self.drops["filtered"] += 1
            return True
        meter = session.meters[0 if inbound else 1]
        if not meter.takes(len(packet), self.now):
            session.refusals = before._replace(limited_packets=before.limited_packets + 1)
            self.drops["too fast"] += 1
            return True
        return False

    def _to_kernel(self, session: RecordedSession, packet: bytes) -> None:
        if self._refuses(session, packet, inbound=True):
            return
        before = session.counters
        session.counters = before._replace(
            input_packets=before.input_packets + 1,
            input_octets=before.input_octets + len(packet),
        )
        self.to_kernel.append(packet)

    def from_kernel(self, packet: bytes) -> None:
        """Let the kernel route a packet to the clients."""
        for (peer, _, _), session in self.sessions.items():
            if _meant_for(session, packet):
                if self._refuses(session, packet, inbound=False):
                    return
                before = session.counters
                session.counters = before._replace(
                    output_packets=before.output_packets + 1,
                    output_octets=before.output_octets + len(packet),
                )
                self._send(peer, session.ids.port, session.ids, _framed(packet))
                return
        self.drops["no session"] += 1

    def _send(self, peer: PeerId, port: int, ids: SessionIds | None, body: bytes) -> None:
        spi = self.current.get(peer)
        if spi is None:
            self.drops["no SA"] += 1
            return
        theirs = (ids.peer_tunnel, ids.peer_session) if ids else None
        self.sent.append(Sent(spi, self.pairs[spi].path.remote, port, theirs, body))

    def _choose(self, peer: PeerId) -> None:
        mine = {spi: known for spi, known in self.pairs.items() if known.peer == peer}
        confirmed = [spi for spi, known in mine.items() if known.confirmed]
        self.current.pop(peer, None)
        for spi in (confirmed or list(mine))[-1:]:
            self.current[peer] = spi

    # The contract.

    @property
    def size(self) -> PlaneSize:
        """How much it holds."""
        peers = {known.peer for known in self.pairs.values()} | {key[0] for key in self.sessions}
        return PlaneSize(len(peers), len(self.pairs), len(self.sessions))

    def install(self, peer: PeerId, pair: SaPair) -> None:
        former = self.pairs.get(pair.inbound_spi)
        if former is not None:
            self.remove(former.peer, pair.inbound_spi)
        self.pairs[pair.inbound_spi] = RecordedPair(peer, pair, pair.path)

    def confirm(self, peer: PeerId, inbound_spi: int) -> None:
        known = self.pairs.get(inbound_spi)
        if known is not None and known.peer == peer:
            known.confirmed = True
            self._choose(peer)

    def remove(self, peer: PeerId, inbound_spi: int) -> None:
        known = self.pairs.get(inbound_spi)
        if known is not None and known.peer == peer:
            del self.pairs[inbound_spi]
            if self.current.get(peer) == inbound_spi:
                self._choose(peer)

    def remove_peer(self, peer: PeerId) -> None:
        self.current.pop(peer, None)
        self.pairs = {spi: known for spi, known in self.pairs.items() if known.peer != peer}
        self.sessions = {key: known for key, known in self.sessions.items() if key[0] != peer}

    def move(self, peer: PeerId, path: Path) -> None:
        for known in self.pairs.values():
            if known.peer == peer:
                known.path = path

    def merge(self, peer: PeerId, into: PeerId) -> None:
        if peer == into or any(key[0] == peer for key in self.sessions):
            return
        for spi in [spi for spi, known in self.pairs.items() if known.peer == peer]:
            self.pairs[spi] = known = self.pairs.pop(spi)
            known.peer = into
        self.current.pop(peer, None)
        self._choose(into)

    def open_session(self, peer: PeerId, ids: SessionIds) -> None:
        self.sessions[peer, ids.tunnel, ids.session] = RecordedSession(ids)

    def _session(self, peer: PeerId, ids: SessionIds) -> RecordedSession | None:
        return self.sessions.get((peer, ids.tunnel, ids.session))

    def set_compression(self, peer: PeerId, ids: SessionIds, *, pfc: bool, acfc: bool) -> None:
        session = self._session(peer, ids)
        if session is not None:
            session.compression = (pfc, acfc)

    def set_policy(self, peer: PeerId, ids: SessionIds, policy: Policy) -> None:
        session = self._session(peer, ids)
        if session is not None:
            session.policy = policy
            up, down = session.meters
            session.meters = up.kept(policy.up), down.kept(policy.down)

    def start_forwarding(
        self, peer: PeerId, ids: SessionIds, address: IPv4Address, mtu: int
    ) -> None:
        session = self._session(peer, ids)
        if session is None:
            return
        for other in self.sessions.values():
            if other.address == address:
                other.address = None
        session.address, session.mtu = address, mtu

    def start_forwarding_ipv6(
        self, peer: PeerId, ids: SessionIds, prefix: IPv6Network, mtu: int
    ) -> None:
        session = self._session(peer, ids)
        if session is None:
            return
        for other in self.sessions.values():
            if other.prefix == prefix:
                other.prefix = None
        session.prefix, session.ipv6_mtu = prefix, mtu

    def route(self, peer: PeerId, ids: SessionIds, networks: Sequence[Network]) -> list[str]:
        session = self._session(peer, ids)
        if session is not None:
            for other in self.sessions.values():
                other.behind = [n for n in other.behind if n not in networks]
            session.behind += networks
        return []

    def use_table(
        self, peer: PeerId, ids: SessionIds, sources: Sequence[Network], table: int
    ) -> str:
        return ""

    def close_session(self, peer: PeerId, ids: SessionIds) -> Counters:
        session = self.sessions.pop((peer, ids.tunnel, ids.session), None)
        return session.counters if session else Counters()

    def counters(self, peer: PeerId, ids: SessionIds) -> Counters:
        session = self._session(peer, ids)
        return session.counters if session else Counters()

    def refusals(self, peer: PeerId, ids: SessionIds) -> Refusals:
        session = self._session(peer, ids)
        return session.refusals if session else Refusals()

    def send_control(self, peer: PeerId, port: int, datagram: bytes) -> None:
        self._send(peer, port, None, datagram)

    def send_frame(self, peer: PeerId, ids: SessionIds, frame: bytes) -> None:
        session = self._session(peer, ids)
        if session is not None:
            self._send(peer, session.ids.port, session.ids, frame)

    def send_packet(self, peer: PeerId, ids: SessionIds, packet: bytes) -> None:
        self.send_frame(peer, ids, _framed(packet))

    def close(self) -> None:
        self.closed = True


class RecordingRig(RecordingPlane):
    """The recording plane is its own world."""

    def __init__(self, *, client_to_client: bool = False) -> None:
        self.listener = Listener()
        super().__init__(self.listener, client_to_client=client_to_client)

    @property
    def plane(self) -> DataPlane:
        return self

    @property
    def heard(self) -> list[tuple[object, ...]]:
        return self.listener.heard
