"""DHCPINFORM: what a client with an address asks besides (RFC 2131 sections 3.4, 4.3.5).

The only way to give a Windows or Apple client a domain and the routes of a split tunnel. It is
never refused: a DHCPNAK made clients give up the address that they have.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from l2tpsec.model.records import Level
from l2tpsec.protocols.dhcp import packet, routes
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.packet import Message, Options
from l2tpsec.protocols.dhcp.routes import Routes

# A link between two hosts has no room for a third.
_HOST_MASK = b"\xff\xff\xff\xff"
# Ask the name servers first, then everybody (RFC 2132 section 8.7): without broadcast, only they.
_HYBRID_NODE = b"\x08"
# What only a server's own clients may hear: they hold no lease of it.
_OF_A_LEASE = (Code.LEASE_SECONDS, Code.T1_SECONDS, Code.T2_SECONDS, Code.REQUESTED_ADDRESS)
_ROUTES = (Code.CLASSLESS_ROUTES, Code.MICROSOFT_ROUTES)


@dataclass(frozen=True, slots=True)
class Terms:
    """What we tell a client of the network behind us; without `routes` it is a full tunnel.

    No route holds an address of `outer`, by which the client reaches us.
    """

    gateway: IPv4Address
    dns: tuple[IPv4Address, ...] = ()
    wins: tuple[IPv4Address, ...] = ()
    domain: str = ""
    routes: Routes = ()
    outer: tuple[IPv4Address, ...] = ()


def answer(request: Message, terms: Terms, found: Options | None = None) -> Message:
    """Build the DHCPACK for a DHCPINFORM; `found` are the options of the site's server.

    Theirs go first, ours fill in what they left out.
    """
    options = offered(terms) | _cleaned(found or {}, terms)
    wanted = set(request.options.get(Code.WANTED, options))
    if wanted & set(_ROUTES):
        # Apple's clients ask for 249 and use 121 (newer ones) or 249 (older ones).
        wanted |= set(_ROUTES)
    # Apple's parser wants the message type first.
    always = {Code.TYPE: bytes([Type.ACK]), Code.SERVER_ID: terms.gateway.packed}
    chosen = {code: value for code, value in options.items() if code in wanted}
    return replace(
        request,
        op=packet.REPLY,
        options=always | chosen,
        hops=0,
        secs=0,
        yiaddr=packet.NOWHERE,
        siaddr=packet.NOWHERE,
        giaddr=packet.NOWHERE,
        sname=b"",
        file=b"",
    )


def offered(terms: Terms) -> Options:
    """Return our own options, asked for or not."""
    rows = {
        Code.SUBNET_MASK: _HOST_MASK,
        Code.DNS: _packed(terms.dns),
        Code.DOMAIN: terms.domain.encode(),
        Code.NETBIOS_SERVERS: _packed(terms.wins),
        Code.NETBIOS_NODE_TYPE: _HYBRID_NODE if terms.wins else b"",
    }
    return {code: value for code, value in rows.items() if value} | _routes(terms.routes, terms)


def _routes(wanted: Routes, terms: Terms) -> Options:
    value = routes.encode(_given(wanted, terms), terms.gateway)
    return dict.fromkeys(_ROUTES, value) if value else {}


def _given(wanted: Routes, terms: Terms) -> Routes:
    return routes.fitting(routes.without(wanted, terms.outer))


def _cleaned(found: Options, terms: Terms) -> Options:
    """Drop what is the relay's and a lease's affair; cut our addresses out of their routes."""
    kept = {code: value for code, value in found.items() if code not in _NOT_PASSED_ON}
    value = found.get(Code.CLASSLESS_ROUTES) or found.get(Code.MICROSOFT_ROUTES)
    if value is None:
        return kept
    kept = {code: value for code, value in kept.items() if code not in _ROUTES}
    return kept | _routes(routes.decode(value), terms)


def summary(terms: Terms) -> str:
    """Say in words what a client is told."""
    given = _given(terms.routes, terms)
    way = f"{len(given)} routes" if given else "a full tunnel"
    return f"{way}, domain {terms.domain}" if terms.domain else way


def remarks(terms: Terms) -> list[tuple[Level, str]]:
    """Say what a client is not told, and why."""
    whole = routes.without(terms.routes, terms.outer)
    given = routes.fitting(whole)
    found = []
    if whole != terms.routes:
        holes = ", ".join(map(str, terms.outer))
        text = f"routes are cut around {holes}, the server's own address: the tunnel goes there"
        found.append((Level.INFO, text))
    if given != whole:
        text = f"only {len(given)} of {len(whole)} routes fit into a DHCP message: join some"
        found.append((Level.WARNING, text))
    return found


_NOT_PASSED_ON = frozenset(
    (*_OF_A_LEASE, Code.TYPE, Code.SERVER_ID, Code.SUBNET_MASK, Code.ROUTERS, Code.RELAY_AGENT)
    + (Code.CLIENT_ID,)
)


def _packed(addresses: Iterable[IPv4Address]) -> bytes:
    return b"".join(address.packed for address in addresses)
