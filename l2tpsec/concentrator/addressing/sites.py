"""Networks behind clients: who leads to which, and which nobody may lead to."""

import bisect
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.model.grant import Site
from l2tpsec.model.records import Level, Noted, Phase

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WIDEST = {4: 8, 6: 16}
"""By the version of IP: what is wider would draw in what the host reaches by its default route."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The networks that lead to a client from now on, and what the log says of the others."""

    networks: tuple[Network, ...]
    notes: tuple[Noted, ...]


class Sites:
    """The registry of one box; what overlaps our own networks is refused.

    A user's newer session takes over what an older one of the same user leads to: a router that
    dials again is the usual reason.
    """

    def __init__(self, settings: AddressSettings) -> None:
        self._reserved: dict[int, list[Network]] = {4: [], 6: []}
        for network in _own(settings):
            self._reserved[network.version].append(network)
        self._held: dict[Network, tuple[int, str]] = {}
        self._order: dict[int, list[tuple[int, int]]] = {4: [], 6: []}  # first address, length
        self._by_number: dict[int, set[Network]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(
        self,
        number: int,
        user: str,
        sites: Iterable[Site],
        place: Address | Network,
        outer: Collection[str],
    ) -> Taken:
        """Lead to `sites` of the version of IP of `place`, the client's address or prefix.

        `outer` are the addresses between which its tunnel runs.
        """
        networks: list[Network] = []
        notes: list[Noted] = []
        for site in sites:
            if site.version != place.version:
                continue
            why = self._refusal(site, user, place, outer)
            if why or site.network is None:
                text = f"{site.attribute} {site.text!r} is not obeyed: {why}"
                notes.append(Noted(Phase.ADDRESS, Level.WARNING, text))
            else:
                self._hold(site.network, number, user)
                networks.append(site.network)
        if networks:
            text = f"routed to the client: {', '.join(map(str, networks))}"
            notes.append(Noted(Phase.ADDRESS, Level.INFO, text))
        return Taken(tuple(networks), tuple(notes))

    def of(self, number: int) -> list[Network]:
        """Return what a session leads to."""
        return sorted(self._by_number.get(number, ()), key=str)

    def release(self, number: int) -> None:
        """Forget what a session led to."""
        for network in self._by_number.pop(number, ()):
            del self._held[network]
            order = self._order[network.version]
            del order[bisect.bisect_left(order, _key(network))]

    def _refusal(
        self, site: Site, user: str, place: Address | Network, outer: Collection[str]
    ) -> str:
        network = site.network
        if network is None:
            return "it is no route"
        if not _through(site.gateway, place):
            return f"its gateway is not the client, {place}"
        return _unfit(network) or self._ours(network, outer) or self._others(network, user)

    def _ours(self, network: Network, outer: Collection[str]) -> str:
        own = [mine for mine in self._reserved[network.version] if mine.overlaps(network)]
        if own:
            return f"it overlaps {own[0]}, which is ours"
        inside = [address for address in outer if ip_address(address) in network]
        return f"it contains {inside[0]}, by which the tunnel itself runs" if inside else ""

    def _others(self, network: Network, user: str) -> str:
        for other in self._overlapping(network):
            number, holder = self._held[other]
            if holder != user:
                return f"{other} leads to {holder!r} (session {number})"
        return ""

    def _overlapping(self, network: Network) -> Iterator[Network]:
        """Find networks around it and within it: two overlap only so."""
        for length in range(network.prefixlen + 1):
            wider = network.supernet(new_prefix=length)
            if wider in self._held:
                yield wider
        order = self._order[network.version]
        first, last = int(network.network_address), int(network.broadcast_address)
        kind = type(network)
        for start, length in order[bisect.bisect_left(order, (first, 0)) :]:
            if start > last:
                return
            if length > network.prefixlen:
                yield kind((start, length))

    def _hold(self, network: Network, number: int, user: str) -> None:
        if network in self._held:
            self._by_number[self._held[network][0]].discard(network)
        else:
            bisect.insort(self._order[network.version], _key(network))
        self._held[network] = number, user
        self._by_number.setdefault(number, set()).add(network)


def _key(network: Network) -> tuple[int, int]:
    return int(network.network_address), network.prefixlen


def _own(settings: AddressSettings) -> Iterator[Network]:
    yield from settings.pool
    yield IPv4Network(settings.gateway)
    yield from map(IPv4Network, settings.dhcp_servers)
    if settings.ipv6_pool is not None:
        yield settings.ipv6_pool
    for pool in settings.pools.values():
        yield from pool.networks
        if pool.ipv6 is not None:
            yield pool.ipv6


def _unfit(network: Network) -> str:
    if network.prefixlen < WIDEST[network.version]:
        return "it is too wide: the host's own way to everywhere would lead there"
    if network.is_multicast or network.is_loopback or network.is_link_local:
        return "no hosts live there"
    return ""


def _through(gateway: Address | None, place: Address | Network) -> bool:
    """Tell whether the gateway is the client; 0.0.0.0 and :: are (RFC 2865 section 5.22)."""
    if gateway is None or gateway == place or gateway.is_link_local:
        return True
    return isinstance(place, IPv6Network) and gateway in place
