"""The TUN with what this host needs around it: address, routes, and what Host does."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Protocol

from l2tpsec.dataplane import sysctl
from l2tpsec.dataplane.contract import DataPlaneError, Network, Offload, PlaneSettings
from l2tpsec.dataplane.host import Host
from l2tpsec.dataplane.netlink import Link
from l2tpsec.dataplane.userspace.coalescing import Train
from l2tpsec.dataplane.userspace.tun import CoalescingTun, OffloadingTun, Tun

_HARDENED = (
    ("ipv4/conf/{}/forwarding", "1"),
    ("ipv4/conf/{}/send_redirects", "0"),
    ("ipv4/conf/{}/accept_redirects", "0"),
    ("ipv4/conf/{}/accept_source_route", "0"),
)
_NO_IPV6 = (("ipv6/conf/{}/disable_ipv6", "1"),)
_IPV6 = (
    # No link-local address of the kernel's: the router on each client's link is not the kernel.
    ("ipv6/conf/{}/addr_gen_mode", "1"),
    ("ipv6/conf/{}/accept_ra", "0"),
    ("ipv6/conf/{}/accept_redirects", "0"),
    ("ipv6/conf/{}/disable_ipv6", "0"),
    ("ipv6/conf/{}/forwarding", "1"),
)


class Device(Protocol):
    """Where forwarded packets go to and come from."""

    @property
    def name(self) -> str:
        """The interface's name."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What an administrator should know."""
        ...

    @property
    def pending(self) -> bool:
        """Whether packets wait that the descriptor does not tell of."""
        ...

    def fileno(self) -> int:
        """Return the descriptor to watch for reading."""
        ...

    def read(self) -> bytes:
        """Return the next packet; empty when none waits."""
        ...

    def write(self, packet: bytes) -> None:
        """Hand a packet to the kernel, by `flush` at the latest; raise OSError if it is refused."""
        ...

    def write_train(self, train: Train) -> None:
        """Hand over packets of one flow; those that are refused are counted by `flush`."""
        ...

    def flush(self) -> int:
        """Hand over what is held back; return how many packets the kernel would not have."""
        ...

    def add_route(self, place: IPv4Address | IPv6Network) -> None:
        """Route an address or a prefix from outside the pools here."""
        ...

    def claim_route(self, network: Network) -> None:
        """Route a network here unless the host has a way to it; raise DataPlaneError if so."""
        ...

    def remove_route(self, place: IPv4Address | Network) -> None:
        """Take such a route away."""
        ...

    def add_rule(self, source: Network, table: int) -> None:
        """Let the kernel route what comes from `source` by a table; raise DataPlaneError."""
        ...

    def remove_rule(self, source: Network, table: int) -> None:
        """Take that rule away."""
        ...

    def close(self) -> None:
        """End the device and all around it."""
        ...


_TUNS: dict[Offload, type[Tun]] = {
    Offload.OFF: Tun,
    Offload.AUTO: CoalescingTun,
    Offload.FULL: OffloadingTun,
}


class Interface:
    """A TUN that is ready to forward; `notes` are lines for the log."""

    def __init__(self, settings: PlaneSettings) -> None:
        self._tun = tun = _TUNS[settings.offload](settings.tun_name)
        self.name = tun.name
        self.fileno, self.read, self.write, self.flush = tun.fileno, tun.read, tun.write, tun.flush
        self.write_train = tun.write_train
        self.notes: tuple[str, ...] = ()
        self._settings = settings
        self._ipv6_gateway = settings.ipv6_pool[1] if settings.ipv6_pool else None
        self._link: Link | None = None
        self._host: Host | None = None
        try:
            self._prepare(settings)
            self._prepare_ipv6(settings)
        except DataPlaneError:
            self.close()
            raise

    def _prepare(self, settings: PlaneSettings) -> None:
        self._link = Link(self.name)
        rows = _HARDENED + (_IPV6 if settings.ipv6_pool else _NO_IPV6)
        hardened = [sysctl.write(name.format(self.name), value) for name, value in rows]
        self._link.forget_rules()
        self._link.up(settings.gateway, settings.mtu)
        for network in settings.pool:
            self._link.add_route(network, settings.gateway)
        if settings.alone:
            self._host = Host(settings, [self.name])
        notes = [*hardened, *(self._host.notes if self._host else ())]
        self.notes = tuple(note for note in notes if note)

    def _prepare_ipv6(self, settings: PlaneSettings) -> None:
        pool, gateway = settings.ipv6_pool, self._ipv6_gateway
        if pool is not None and gateway is not None and self._link is not None:
            self._link.add_address(gateway)
            for prefix in (pool, *settings.ipv6_pools):
                self._link.add_route(prefix, gateway)

    def _source(self, place: IPv4Address | Network) -> IPv4Address | IPv6Address | None:
        return self._settings.gateway if place.version == 4 else self._ipv6_gateway

    def add_route(self, place: IPv4Address | IPv6Network) -> None:
        """Route an address or a prefix here."""
        source = self._source(place)
        if self._link and source:
            self._link.replace_route(place, source)

    def claim_route(self, network: Network) -> None:
        """Route a network here that the host has no way to."""
        source = self._source(network)
        if self._link and source:
            self._link.claim_route(network, source)

    def remove_route(self, place: IPv4Address | Network) -> None:
        """Take a route away."""
        source = self._source(place)
        if self._link and source:
            self._link.remove_route(place, source)

    def add_rule(self, source: Network, table: int) -> None:
        """Route by a table what comes from there."""
        if self._link:
            self._link.add_rule(source, table)

    def remove_rule(self, source: Network, table: int) -> None:
        """Take the rule away."""
        if self._link:
            self._link.remove_rule(source, table)

    @property
    def pending(self) -> bool:
        """Whether packets wait that the descriptor does not tell of."""
        return self._tun.pending

    def close(self) -> None:
        """Remove rules, netlink and interface."""
        if self._host:
            self._host.close()
            self._host = None
        if self._link:
            self._link.close()
            self._link = None
        self._tun.close()
