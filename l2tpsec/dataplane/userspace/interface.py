"""The TUN with what this host needs around it: address, route, forwarding, masquerade."""

import contextlib
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Protocol

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, PlaneSettings
from l2tpsec.dataplane.netlink import Link
from l2tpsec.dataplane.userspace.tun import Tun

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
_UNIQUE_LOCAL = IPv6Network("fc00::/7")
_FORWARD = "ipv4/ip_forward"
_ON = "net.ipv4.ip_forward was 0 and is now 1, for masquerade; it stays so when the server ends"
_OFF = (
    "net.ipv4.ip_forward is 0: clients reach this host only; set it to 1, or set masquerade = true"
)
_IPV6_FORWARD = "ipv6/conf/all/forwarding"
_IPV6_OFF = (
    "net.ipv6.conf.all.forwarding is 0: clients reach this host only by IPv6; set it to 1, and"
    " accept_ra to 2 on interfaces that have their own route from router advertisements"
)
_IPV6_ON = (
    "net.ipv6.conf.all.forwarding was 0 and is now 1, for masquerade; it stays so when the"
    " server ends"
)
_ACCEPT = "ipv6/conf/{}/accept_ra"
_MISSING = "[address] ipv6_pool: this kernel has no IPv6; leave ipv6_pool out"

_DROPS = "nftables chain {} drops what it is not told to forward: let interface {} pass there"


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

    def fileno(self) -> int:
        """Return the descriptor to watch for reading."""
        ...

    def read(self) -> bytes:
        """Return the next packet; empty when none waits."""
        ...

    def write(self, packet: bytes) -> None:
        """Hand a packet to the kernel; raise OSError when it will not have it."""
        ...

    def add_route(self, place: IPv4Address | IPv6Network) -> None:
        """Route an address or a prefix from outside the pools here."""
        ...

    def remove_route(self, place: IPv4Address | IPv6Network) -> None:
        """Take that route away."""
        ...

    def close(self) -> None:
        """End the device and all around it."""
        ...


class Interface(Tun):
    """A TUN that is ready to forward; `notes` are lines for the log."""

    def __init__(self, settings: PlaneSettings) -> None:
        super().__init__(settings.tun_name)
        self.notes: tuple[str, ...] = ()
        self._settings = settings
        self._ipv6_gateway = settings.ipv6_pool[1] if settings.ipv6_pool else None
        self._link: Link | None = None
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
        self._link.up(settings.gateway, settings.mtu)
        for network in settings.pool:
            self._link.add_route(network, settings.gateway)
        _unmask()
        if settings.masquerade:
            nftables.masquerade(settings.pool, self.name)
        droppers = [_DROPS.format(chain, self.name) for chain in nftables.forward_droppers()]
        notes = [_forward(on=settings.masquerade), *hardened, *droppers]
        self.notes = tuple(note for note in notes if note)

    def _prepare_ipv6(self, settings: PlaneSettings) -> None:
        pool, gateway = settings.ipv6_pool, self._ipv6_gateway
        if pool is None or gateway is None or self._link is None:
            return
        if sysctl.read(_IPV6_FORWARD) is None:
            raise DataPlaneError(_MISSING)
        self._link.add_address(gateway)
        self._link.add_route(pool, gateway)
        translated = settings.masquerade and pool.subnet_of(_UNIQUE_LOCAL)
        if translated:
            nftables.masquerade((pool,), self.name)
        self.notes += tuple(note for note in _forward_ipv6(on=translated) if note)

    def _source(self, place: IPv4Address | IPv6Network) -> IPv4Address | IPv6Address | None:
        return self._settings.gateway if place.version == 4 else self._ipv6_gateway

    def add_route(self, place: IPv4Address | IPv6Network) -> None:
        """Route an address or a prefix here."""
        source = self._source(place)
        if self._link and source:
            self._link.replace_route(place, source)

    def remove_route(self, place: IPv4Address | IPv6Network) -> None:
        """Take a route away."""
        source = self._source(place)
        if self._link and source:
            self._link.remove_route(place, source)

    def close(self) -> None:
        """Remove rules, netlink and interface."""
        if self._settings.masquerade:
            _unmask()
        if self._link:
            self._link.close()
            self._link = None
        super().close()


def _unmask() -> None:
    # Where nftables does not work nothing of ours is left; where it just failed, the next start
    # replaces it.
    with contextlib.suppress(DataPlaneError):
        nftables.remove()


def _forward(*, on: bool) -> str | None:
    if sysctl.read(_FORWARD) != "0":
        return None
    return (sysctl.write(_FORWARD, "1") or _ON) if on else _OFF


def _forward_ipv6(*, on: bool) -> list[str | None]:
    if sysctl.read(_IPV6_FORWARD) != "0":
        return []
    if not on:
        return [_IPV6_OFF]
    # A router takes no router's word unless told so: the host would lose its own default route.
    kept = [
        sysctl.write(_ACCEPT.format(name), "2")
        for name in sysctl.interfaces(_ACCEPT, "1")
        if name not in {"all", "default", "lo"}
    ]
    return [*kept, sysctl.write(_IPV6_FORWARD, "1") or _IPV6_ON]
