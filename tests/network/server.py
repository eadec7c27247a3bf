"""The whole server in memory: concentrator, plane and journal, on a simulated network."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address

from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.aaa.ledger import Ledger
from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.orders import Orders
from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Noted
from l2tpsec.observe.logging import DIAL_IN, Journal, PlainLines
from l2tpsec.runtime.plane_orders import carry_out
from radius.client.client import Client
from radius.client.settings import Settings as RadiusSettings
from radius.dynamic import DynamicAuthorization, DynamicClient, DynamicSettings
from radius.message import Attribute
from radius.server.effects import Reply
from tests.network.clock import Clock
from tests.network.inside import Inside, nothing
from tests.network.internet import ESP, UDP, Packet, Segment

MARKER = bytes(4)
FIRST_RADIUS_PORT = 30_000
DHCP_PORT = 67
ORDER_PORT = 3799
ORDER_SECRET = b"between RADIUS and access server"
EPOCH = 1_700_000_000
NAS: list[Attribute] = [("NAS-Identifier", "l2tpsec")]
HANG_UP_SECONDS, BOOKS_SECONDS = 3.0, 5.0

Turn = Callable[[float], list[box.Effect]]


class _Lines(logging.Handler):
    """Keeps what an administrator would read."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(PlainLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record).partition(" ")[2])


@dataclass
class Site:
    """Where a server stands and what it is told; it survives the server."""

    clock: Clock
    segment: Segment
    address: str
    settings: ConcentratorSettings
    radius: RadiusSettings
    entropy: Callable[[int], bytes]
    inside: Inside = field(default_factory=Inside)
    file: bytes = b""
    client_to_client: bool = False


class Server:
    """Runs from its making until `kill`; `lines` is its log."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.inside = site.inside
        self._clock = site.clock
        self._handler = _Lines()
        self.journal = Journal(lambda: site.clock.now)
        self.journal._logger = logging.Logger(DIAL_IN, logging.INFO)  # noqa: LOG001 - one log a server
        self.journal._logger.addHandler(self._handler)
        client = Client(site.radius, site.entropy)
        self.ledger = Ledger(lambda: EPOCH + site.clock.now, site.entropy, NAS, site.file)
        site.file = self.ledger.snapshot()
        self.concentrator = Concentrator(
            site.settings, client, self._meter, site.entropy, self.ledger
        )
        address = site.settings.address
        self.plane = UserspacePlane(
            PlaneSettings(
                address.gateway,
                (*address.pool, *(n for pool in address.pools.values() for n in pool.networks)),
                client_to_client=site.client_to_client,
                ipv6_pool=address.ipv6_pool,
                ipv6_pools=tuple(pool.ipv6 for pool in address.pools.values() if pool.ipv6),
            ),
            self,
            self.inside,
            self._sender,
            site.entropy,
            clock=lambda: site.clock.now,
        )
        self.inside.wake = self.plane.tun_readable
        site.segment.attach(site.address, self._receive)
        self._relay = str(address.gateway) if address.dhcp_servers else ""
        if self._relay:
            site.segment.attach(self._relay, self._receive)
        engine = DynamicAuthorization(
            DynamicSettings((DynamicClient("0.0.0.0/0", ORDER_SECRET),)),
            lambda: EPOCH + site.clock.now,
            site.entropy,
        )
        self.orders = Orders(self.concentrator, engine, "l2tpsec")
        self.turns = 0
        self.turn(self.concentrator.start)

    @property
    def lines(self) -> list[str]:
        """The log, one line an entry, without the time."""
        return self._handler.lines

    @property
    def log(self) -> str:
        """The log as one text."""
        return "\n".join(self.lines)

    def sizes(self) -> tuple[int, ...]:
        """How much it holds: sessions, tunnels, peers, IKE SAs, pairs, leases, plane."""
        whole = self.concentrator
        peers = whole.peers
        counts = (len(whole.subscribers), whole.tunnels, len(peers), peers.ike_sas, peers.pairs)
        return (*counts, whole.chain.leased, *self.plane.size)

    def traffic(self) -> Counters:
        """Sum up what all sessions carried, those that have ended included."""
        with self.concentrator.traffic.sum() as total:
            for subscriber in self.concentrator.subscribers:
                total.count(subscriber.number, subscriber.counters)
        return total.total

    def kill(self) -> None:
        """End without a word."""
        self.site.segment.detach(self.site.address)
        self.site.segment.detach(self._relay)
        self._clock.arm(self, None, self._expire)
        self.inside.wake = nothing

    def reload(self, settings: ConcentratorSettings) -> None:
        """Take new settings as on SIGHUP, sessions one at a time."""
        revision = self.concentrator.reload(settings)
        for number in self.concentrator.subscribers.numbers:
            self.turn(partial(self.concentrator.revise, revision, [number]))
        self.turn(lambda _: [*revision.reports()])

    def stop(self) -> None:
        """End as on SIGTERM."""
        self.turn(self.concentrator.begin_shutdown)
        self._clock.run(HANG_UP_SECONDS, lambda: self.concentrator.quiet)
        self.turn(self.concentrator.finish_shutdown)
        self._clock.run(BOOKS_SECONDS, lambda: self.concentrator.quiet)
        self.kill()

    def _meter(self, peer: PeerId, ids: SessionIds) -> Counters:
        return self.plane.counters(peer, ids)

    # what arrives

    def _receive(self, packet: Packet) -> None:
        port, data = packet.destination.port, packet.payload
        if packet.protocol == ESP:
            sender = IPv4Address(packet.source.address).packed
            self.plane.receive_raw(bytes((0x45,)) + bytes(11) + sender + bytes(4) + data)
        elif port == 500:
            self._ike(packet, data)
        elif port == 4500 and data[:4] == MARKER:
            self._ike(packet, data[4:])
        elif port == 4500 and len(data) > 4:
            self.plane.receive_encapsulated(data, packet.source)
        elif port == DHCP_PORT:
            asked = packet.source.address
            self.turn(lambda now: self.concentrator.dhcp_datagram(data, asked, now))
        elif port == ORDER_PORT:
            self._order(packet)
        elif 0 <= (slot := port - FIRST_RADIUS_PORT) < self.site.radius.slots:
            source = packet.source
            self.turn(lambda now: self.concentrator.radius_datagram(data, source, slot, now))

    def _ike(self, packet: Packet, data: bytes) -> None:
        path = Path(packet.destination, packet.source)
        self.turn(lambda now: self.concentrator.ike_datagram(data, path, now))

    def _order(self, packet: Packet) -> None:
        effects = self.orders.receive(packet.payload, packet.source, self._clock.now)
        replies = [effect for effect in effects if isinstance(effect, Reply)]
        self.turn(lambda _: [effect for effect in effects if not isinstance(effect, Reply)])
        for reply in replies:
            self._send(UDP, packet.destination, packet.source, reply.data)

    # upcalls of the plane

    def control_datagram(self, peer: PeerId, port: int, datagram: bytes) -> None:
        self.turn(lambda now: self.concentrator.control_datagram(peer, port, datagram, now))

    def ppp_frame(self, peer: PeerId, tunnel: int, session: int, frame: bytes) -> None:
        self.turn(lambda now: self.concentrator.ppp_frame(peer, tunnel, session, frame, now))

    def local_packet(self, peer: PeerId, tunnel: int, session: int, packet: bytes) -> None:
        self.turn(lambda now: self.concentrator.local_packet(peer, tunnel, session, packet, now))

    def unknown_session(self, peer: PeerId, port: int, tunnel: int, session: int) -> None:
        self.turn(lambda now: self.concentrator.unknown_session(peer, tunnel, session, now))

    def unknown_pair(self, inbound_spi: int, octets: int, remote: tuple[str, int]) -> None:
        where = Endpoint(*remote)
        self.turn(lambda now: self.concentrator.unknown_pair(inbound_spi, octets, where, now))

    def peer_moved(self, peer: PeerId, inbound_spi: int, path: Path) -> None:
        self.turn(lambda now: self.concentrator.peer_moved(peer, path, now))

    def pair_used(self, peer: PeerId, inbound_spi: int) -> None:
        self.turn(lambda now: self.concentrator.pair_used(inbound_spi, now))

    def pair_worn(self, peer: PeerId, inbound_spi: int, reason: str) -> None:
        self.turn(lambda now: self.concentrator.pair_worn(inbound_spi, reason, now))

    # turns

    def turn(self, call: Turn) -> None:
        """Let the concentrator act, and carry out what it orders."""
        self.turns += 1
        for effect in call(self._clock.now):
            self._perform(effect)
        self._check()
        self._clock.arm(self, self.concentrator.deadline, self._expire)

    def _check(self) -> None:
        """Assert what holds between any two events, whatever clients do."""
        sessions, tunnels, peers, _, pairs, leased, *plane = self.sizes()
        assert leased == sum(s.lease is not None for s in self.concentrator.subscribers)
        assert plane[1:] == [pairs, sessions]
        assert sessions == 0 or tunnels > 0
        assert plane[0] <= peers

    def _expire(self) -> None:
        self.turn(self.concentrator.expire)

    def _sender(self, path: Path, encapsulated: bool) -> Callable[[bytes, tuple[str, int]], None]:
        protocol, port = (UDP, 4500) if encapsulated else (ESP, 0)
        source = Endpoint(path.local.address, port)

        def send(packet: bytes, address: tuple[str, int]) -> None:
            self._send(protocol, source, Endpoint(*address), packet)

        return send

    def _send(self, protocol: int, source: Endpoint, to: Endpoint, data: bytes) -> None:
        self.site.segment.carry(Packet(protocol, source, to, data))

    def _perform(self, effect: box.Effect) -> None:  # noqa: C901, PLR0912 - a case an effect
        plane = self.plane
        match effect:
            case box.TransmitIke(path, data):
                front = MARKER if path.local.port == 4500 else b""
                self._send(UDP, path.local, path.remote, front + data)
            case box.TransmitKeepalive(path):
                self._send(UDP, path.local, path.remote, b"\xff")
            case box.TransmitRadius(slot, destination, data):
                source = Endpoint(self.site.address, FIRST_RADIUS_PORT + slot)
                self._send(UDP, source, Endpoint(*destination), data)
            case box.TransmitDhcp(server, data):
                here, there = (Endpoint(at, DHCP_PORT) for at in (self._relay, str(server)))
                self._send(UDP, here, there, data)
            case box.RouteNetworks(peer, ids, networks):
                self.lines.extend(plane.route(peer, ids, networks))
            case box.UseTable(peer, ids, sources, table):
                assert not plane.use_table(peer, ids, sources, table)
            case box.AppendRecord(line):
                self.site.file += line
            case box.Report(record, peer_label, user):
                if isinstance(record, Noted):
                    self.journal.note(record, peer_label, user)
                else:
                    self.journal.dropped(record, peer_label)
            case box.ConnectRadius() | box.DisconnectRadius() | box.Claim() | box.Proven():
                raise AssertionError(f"nobody carries out {effect}")
            case _:
                carry_out(plane, effect)
