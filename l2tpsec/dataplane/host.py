"""What all interfaces of one server need of the host together: forwarding, rules of nftables."""

from collections.abc import Sequence
from ipaddress import IPv6Network

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, PlaneSettings
from l2tpsec.dataplane.nftables import Tables

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
_DISABLED = "ipv6/conf/all/disable_ipv6"
_IPV6_DISABLED = (
    "net.ipv6.conf.all.disable_ipv6 is 1: clients reach this host only by IPv6, unless the"
    " interface that leads on has it switched on"
)
_DROPS = "nftables chain {} drops what it is not told to forward: let interface {} pass there"


class Host:
    """Prepares the host for `interfaces`, which need not be there yet; `notes` are for the log.

    Between several interfaces the kernel forwards, and no plane sees both ends: unless clients
    may reach one another, it is told not to.
    """

    def __init__(self, settings: PlaneSettings, interfaces: Sequence[str]) -> None:
        apart = len(interfaces) > 1 and not settings.client_to_client
        nftables.remove()
        self._tables = Tables() if settings.masquerade or apart else None
        try:
            if self._tables:
                self._rule(settings, interfaces, self._tables, apart=apart)
            forward = _forward(on=settings.masquerade)
            ipv6 = _prepared_ipv6(settings)
        except DataPlaneError:
            self.close()
            raise
        names = ", ".join(interfaces)
        drops = [_DROPS.format(chain, names) for chain in nftables.forward_droppers()]
        notes = [forward, *drops, *ipv6]
        self.notes = tuple(note for note in notes if note)

    @staticmethod
    def _rule(
        settings: PlaneSettings, interfaces: Sequence[str], tables: Tables, *, apart: bool
    ) -> None:
        if apart:
            tables.isolate(*interfaces)
        if settings.masquerade:
            tables.masquerade(settings.pool, *interfaces)
        if private := _translated(settings):
            tables.masquerade(private, *interfaces)

    def close(self) -> None:
        """Take the rules away."""
        if self._tables:
            self._tables.close()
            self._tables = None


def _forward(*, on: bool) -> str | None:
    if sysctl.read(_FORWARD) != "0":
        return None
    return (sysctl.write(_FORWARD, "1") or _ON) if on else _OFF


def _translated(settings: PlaneSettings) -> tuple[IPv6Network, ...]:
    """Return the prefixes that no router outside knows, where they are to be hidden."""
    if not settings.masquerade or settings.ipv6_pool is None:
        return ()
    pools = (settings.ipv6_pool, *settings.ipv6_pools)
    return tuple(prefix for prefix in pools if prefix.subnet_of(_UNIQUE_LOCAL))


def _prepared_ipv6(settings: PlaneSettings) -> list[str | None]:
    if settings.ipv6_pool is None:
        return []
    disabled = _IPV6_DISABLED if sysctl.read(_DISABLED) == "1" else None
    return [disabled, *_forward_ipv6(on=bool(_translated(settings)))]


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
