"""What RADIUS says of one user's network: domain and routes, in place of those of [address].

Routes are our own attribute L2tpsec-Route, written as Framed-Route is (RFC 2865 section 5.22):
`10.1.0.0/16`, with a gateway and metrics behind it or not, which a tunnel has no use for.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.concentrator.aaa.site import natural_length
from radius.message import Value

_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")

MOST = 64
"""Of one user: more than a DHCP message holds."""


def routes(values: Iterable[Value]) -> tuple[IPv4Network, ...]:
    """Return the destinations; what is no route is left out, as RFC 2865 leaves it to the NAS."""
    found = (_route(value) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(route for route in found if route is not None))[:MOST]


def domain(text: str | None) -> str:
    """Return a domain; one that no host could have is empty."""
    return text if text and len(text) <= 253 and _DOMAIN.fullmatch(text) else ""


def _route(text: str) -> IPv4Network | None:
    prefix, *_ = text.split() or [""]
    try:
        if "/" in prefix:
            return IPv4Network(prefix, strict=False)
        address = IPv4Address(prefix)
        return IPv4Network((address, natural_length(address)), strict=False)
    except ValueError:
        return None
