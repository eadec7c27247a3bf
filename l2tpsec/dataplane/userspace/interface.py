"""The TUN with what this host needs around it: address, route, forwarding, masquerade."""

import contextlib
from ipaddress import IPv4Address
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
    ("ipv6/conf/{}/disable_ipv6", "1"),
)
_FORWARD = "ipv4/ip_forward"
_ON = "net.ipv4.ip_forward was 0 and is now 1, for masquerade; it stays so when the server ends"
_OFF = (
    "net.ipv4.ip_forward is 0: clients reach this host only; set it to 1, or set masquerade = true"
)

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

    def add_route(self, address: IPv4Address) -> None:
        """Route an address from outside the pool here."""
        ...

    def remove_route(self, address: IPv4Address) -> None:
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
        self._gateway = settings.gateway
        self._masquerade = settings.masquerade
        self._link: Link | None = None
        try:
            self._prepare(settings)
        except DataPlaneError:
            self.close()
            raise

    def _prepare(self, settings: PlaneSettings) -> None:
        self._link = Link(self.name)
        hardened = [sysctl.write(name.format(self.name), value) for name, value in _HARDENED]
        self._link.up(settings.gateway, settings.mtu)
        for network in settings.pool:
            self._link.add_route(network, settings.gateway)
        if settings.masquerade:
            nftables.masquerade(settings.pool, self.name)
        else:
            _unmask()
        droppers = [_DROPS.format(chain, self.name) for chain in nftables.forward_droppers()]
        notes = [_forward(on=settings.masquerade), *hardened, *droppers]
        self.notes = tuple(note for note in notes if note)

    def add_route(self, address: IPv4Address) -> None:
        """Route an address here."""
        if self._link:
            self._link.replace_route(address, self._gateway)

    def remove_route(self, address: IPv4Address) -> None:
        """Take a route away."""
        if self._link:
            self._link.remove_route(address, self._gateway)

    def close(self) -> None:
        """Remove rules, netlink and interface."""
        if self._masquerade:
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
