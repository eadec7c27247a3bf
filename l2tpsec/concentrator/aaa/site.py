"""What RADIUS says of networks behind a client: routes to them (RFC 2865, 3162, 4818)."""

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from l2tpsec.model.grant import Site
from radius.message import Message

MOST = 64
"""Of one user."""
_IN_BOTH = ("Framed-Route", "Framed-IPv6-Route")
_WHOLE = 32


def sites(reply: Message, address: IPv4Address | None) -> tuple[Site, ...]:
    """Return all of an Access-Accept; `address` is the client's where RADIUS fixes it."""
    found = [*_routes(reply), *_delegated(reply), *_subnet(reply, address)]
    return tuple(dict.fromkeys(found))[:MOST]


def _routes(reply: Message) -> Iterator[Site]:
    for attribute in _IN_BOTH:
        version = 6 if "IPv6" in attribute else 4
        for value in reply.all(attribute):
            if isinstance(value, str):
                yield _route(attribute, value, version)


def _route(attribute: str, text: str, version: int) -> Site:
    """Read `10.1.0.0/16 0.0.0.0 1`: a network, the gateway to it, metrics."""
    words = text.split()
    try:
        network = _network(words[0])
        gateway = ip_address(words[1]) if len(words) > 1 else None
    except (ValueError, IndexError):
        return Site(attribute, text, None)
    if network.version != version or (gateway and gateway.version != version):
        return Site(attribute, text, None)
    return Site(attribute, text, network, gateway if gateway and int(gateway) else None)


def _network(prefix: str) -> IPv4Network | IPv6Network:
    if "/" in prefix:
        return ip_network(prefix, strict=False)
    address = ip_address(prefix)
    return ip_network((address, natural_length(address)), strict=False)


def natural_length(address: IPv4Address | IPv6Address) -> int:
    """Return the length that the RFC gives a prefix without one: by its class."""
    if isinstance(address, IPv6Address):
        return address.max_prefixlen
    first = address.packed[0]
    return 8 if first < 128 else 16 if first < 192 else 24


def _delegated(reply: Message) -> Iterator[Site]:
    for value in reply.all("Delegated-IPv6-Prefix"):
        if isinstance(value, str):
            yield _route("Delegated-IPv6-Prefix", value, 6)


def _subnet(reply: Message, address: IPv4Address | None) -> Iterator[Site]:
    """Read RFC 2865 section 5.9: the mask of a router's own network, not of a host's."""
    mask = reply.text("Framed-IP-Netmask")
    if mask is None or address is None:
        return
    text = f"{address}/{mask}"
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        yield Site("Framed-IP-Netmask", text, None)
        return
    if network.prefixlen != _WHOLE:
        yield Site("Framed-IP-Netmask", text, network)
