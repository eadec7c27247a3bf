"""Routers that translate addresses: for many clients at once, and for one server."""

from dataclasses import dataclass

from l2tpsec.model.path import Endpoint
from tests.network.clock import Clock
from tests.network.internet import UDP, Packet, Segment


@dataclass
class Mapping:
    """One inner endpoint seen from outside; only what goes out keeps it alive."""

    inner: Endpoint
    port: int
    used_at: float


class Nat(Segment):
    """Many inner hosts behind one address; itself a segment, so that one NAT goes behind another.

    A mapping serves every destination and is forgotten after `idle_seconds`.
    """

    def __init__(
        self,
        clock: Clock,
        outside: Segment,
        address: str,
        *,
        idle_seconds: float = 1e9,
        first_port: int = 20_000,
    ) -> None:
        super().__init__(clock)
        self.outside = outside
        self.address = address
        self.idle_seconds = idle_seconds
        self.uplink = self
        self._first_port = self._port = first_port
        self._by_inner: dict[Endpoint, Mapping] = {}
        self._by_port: dict[int, Mapping] = {}
        outside.attach(address, self.down)

    def up(self, packet: Packet) -> None:
        """Carry a packet out; ESP without UDP finds no way."""
        if packet.protocol != UDP:
            return
        mapping = self._live(self._by_inner.get(packet.source)) or self._map(packet.source)
        mapping.used_at = self.clock.now
        self.outside.carry(packet.sent_from(Endpoint(self.address, mapping.port)))

    def down(self, packet: Packet) -> None:
        """Carry a packet in, if there is a mapping for it."""
        mapping = self._live(self._by_port.get(packet.destination.port))
        if mapping is not None and packet.protocol == UDP:
            self.carry(packet.sent_to(mapping.inner))

    def _live(self, mapping: Mapping | None) -> Mapping | None:
        if mapping is None or self.clock.now - mapping.used_at <= self.idle_seconds:
            return mapping
        del self._by_inner[mapping.inner], self._by_port[mapping.port]
        return None

    def _map(self, inner: Endpoint) -> Mapping:
        self._port += 1
        mapping = Mapping(inner, self._port, self.clock.now)
        self._by_inner[inner] = self._by_port[self._port] = mapping
        return mapping

    def rebind(self) -> None:
        """Forget every mapping, as a router does that restarts."""
        self._by_inner.clear()
        self._by_port.clear()

    def restart(self) -> None:
        """Forget every mapping, and give the same ports again, to whoever comes first."""
        self.rebind()
        self._port = self._first_port

    def rotate(self, places: int) -> None:
        """Give each the port of the one that came so many after it, as a restart may."""
        mappings = list(self._by_inner.values())
        ports = [mapping.port for mapping in mappings]
        self._by_port.clear()
        for mapping, port in zip(mappings, ports[places:] + ports[:places], strict=True):
            mapping.port = port
            self._by_port[port] = mapping

    def move(self, address: str) -> None:
        """Get another public address, as a mobile phone does."""
        self.outside.detach(self.address)
        self.address = address
        self.outside.attach(address, self.down)
        self.rebind()


class OneToOne(Segment):
    """One inner host that has a public address elsewhere, as servers in clouds have."""

    def __init__(self, clock: Clock, outside: Segment, public: str, private: str) -> None:
        super().__init__(clock)
        self.outside = outside
        self.public = public
        self.private = private
        self.uplink = self
        outside.attach(public, self.down)

    def up(self, packet: Packet) -> None:
        """Carry a packet out."""
        self.outside.carry(packet.sent_from(Endpoint(self.public, packet.source.port)))

    def down(self, packet: Packet) -> None:
        """Carry a packet in."""
        self.carry(packet.sent_to(Endpoint(self.private, packet.destination.port)))
