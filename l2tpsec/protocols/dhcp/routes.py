"""Routes for a client's split tunnel: which may be given; how options 121 and 249 write them."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.foundation.wire import Malformed, Reader

MOST_OCTETS = 480
"""Of one option: with 121 and 249 a message still fits a PPP link of 1,280 octets."""

Routes = tuple[IPv4Network, ...]


def encode(routes: Iterable[IPv4Network], gateway: IPv4Address) -> bytes:
    """Write routes by one gateway: prefix length, significant octets, gateway (RFC 3442)."""
    return b"".join(_encode(route, gateway) for route in routes)


def _encode(route: IPv4Network, gateway: IPv4Address) -> bytes:
    significant = (route.prefixlen + 7) // 8
    prefix = route.network_address.packed[:significant]
    return bytes([route.prefixlen]) + prefix + gateway.packed


def decode(value: bytes) -> Routes:
    """Read the destinations of routes; host bits are ignored (RFC 3442); raises Malformed."""
    return tuple(_decode(Reader(value)))


def _decode(reader: Reader) -> Iterator[IPv4Network]:
    while reader.remaining:
        length = reader.u8()
        if length > 32:
            raise Malformed("prefix longer than 32 bits", reader.offset - 1)
        prefix = reader.take((length + 7) // 8).ljust(4, bytes(1))
        reader.take(4)
        yield IPv4Network((prefix, length), strict=False)


def without(routes: Iterable[IPv4Network], outer: Iterable[IPv4Address]) -> Routes:
    """Cut the server's own outer addresses out of routes.

    A client that routes them into the tunnel sends the tunnel's own packets into the tunnel, and
    whoever can give it such a route can make it leak (CVE-2023-36673).
    """
    kept = list(routes)
    for address in outer:
        hole = IPv4Network(address)
        kept = [piece for route in kept for piece in _around(route, hole)]
    return tuple(dict.fromkeys(kept))


def _around(route: IPv4Network, hole: IPv4Network) -> Iterable[IPv4Network]:
    if not hole.subnet_of(route):
        return (route,)
    return sorted(route.address_exclude(hole))


def fitting(routes: Routes, octets: int = MOST_OCTETS) -> Routes:
    """Return as many routes as one option may hold, the first ones first."""
    kept, left = [], octets
    for route in routes:
        left -= len(_encode(route, IPv4Address(0)))
        if left < 0:
            break
        kept.append(route)
    return tuple(kept)
