"""What leads to a session: addresses, prefixes and networks here, and the host's routes to them."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Network

from l2tpsec.dataplane.contract import DataPlaneError, Network, PlaneSettings
from l2tpsec.dataplane.userspace.forwarder import Forwarder
from l2tpsec.dataplane.userspace.interface import Device
from l2tpsec.dataplane.userspace.ipv6_forwarder import Ipv6Forwarder
from l2tpsec.dataplane.userspace.sessions import Session


class Places:
    """Gives sessions their places, and takes them back; places of a pool need no route each."""

    __slots__ = ("_device", "_forwarder", "_ipv6", "_ipv6_pools", "_pool", "_rules")

    def __init__(
        self, settings: PlaneSettings, device: Device, forwarder: Forwarder, ipv6: Ipv6Forwarder
    ) -> None:
        self._device = device
        self._forwarder = forwarder
        self._ipv6 = ipv6
        self._pool = settings.pool
        self._ipv6_pools = (*filter(None, (settings.ipv6_pool,)), *settings.ipv6_pools)
        self._rules: dict[Session, list[tuple[Network, int]]] = {}

    def pooled(self, address: IPv4Address) -> bool:
        """Tell whether an address is of a pool."""
        return any(address in network for network in self._pool)

    def inside(self, address: IPv4Address) -> bool:
        """Tell whether an address is a client's, behind one, or of a pool."""
        octets, forwarder = address.packed, self._forwarder
        led = octets in forwarder.by_address or forwarder.routes.find(octets) is not None
        return led or self.pooled(address)

    def place(self, session: Session, address: IPv4Address, mtu: int) -> None:
        """Let an address lead to a session."""
        self._displace(session)
        self._forwarder.start(session, address.packed, mtu)
        if not self.pooled(address):
            self._device.add_route(address)

    def place_ipv6(self, session: Session, prefix: IPv6Network, mtu: int) -> None:
        """Let a /64 lead to a session."""
        self._displace_ipv6(session)
        self._ipv6.start(session, prefix.network_address.packed[:8], mtu)
        if not self._prefix_pooled(prefix):
            self._device.add_route(prefix)

    def route(self, session: Session, networks: Sequence[Network]) -> list[str]:
        """Let networks behind a client lead to it; return why some do not."""
        refused: list[str] = []
        for network in networks:
            routes = self._forwarder.routes if network.version == 4 else self._ipv6.routes
            try:
                if network not in routes:
                    self._device.claim_route(network)
            except DataPlaneError as error:
                refused.append(str(error))
            else:
                routes.add(network, session)
        if session.police is not None:
            session.police.forget()
        return refused

    def lead_to(self, session: Session, version: int, address: int) -> bool:
        """Tell whether an address leads to a session: one of its own, or one behind it."""
        if session.owns(version, address):
            return True
        routes, octets = (self._forwarder.routes, 4) if version == 4 else (self._ipv6.routes, 16)
        return routes.find(address.to_bytes(octets)) is session

    def use_table(self, session: Session, sources: Sequence[Network], table: int) -> str:
        """Let the kernel route what comes from a client by a table of its own; or say why not."""
        for source in sources:
            try:
                self._device.add_rule(source, table)
            except DataPlaneError as error:
                return str(error)
            self._rules.setdefault(session, []).append((source, table))
        return ""

    def vacate(self, session: Session) -> None:
        """Let nothing lead to a session any more."""
        for routes in (self._forwarder.routes, self._ipv6.routes):
            for network in routes.remove(session):
                self._device.remove_route(network)
        for source, table in self._rules.pop(session, ()):
            self._device.remove_rule(source, table)
        self._displace(session)
        self._displace_ipv6(session)

    def _displace(self, session: Session) -> None:
        address = session.address
        self._forwarder.stop(session)
        if address and not self.pooled(IPv4Address(address)):
            self._device.remove_route(IPv4Address(address))

    def _displace_ipv6(self, session: Session) -> None:
        if not session.prefix:
            return
        prefix = IPv6Network((session.prefix + bytes(8), 64))
        self._ipv6.stop(session)
        if not self._prefix_pooled(prefix):
            self._device.remove_route(prefix)

    def _prefix_pooled(self, prefix: IPv6Network) -> bool:
        return any(prefix.subnet_of(pool) for pool in self._ipv6_pools)
