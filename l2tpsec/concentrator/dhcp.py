"""DHCP on a PPP link: a client's question out of its packet, an answer into packets for it."""

from collections.abc import Iterable
from ipaddress import IPv4Address

from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.grant import Grant
from l2tpsec.protocols.dhcp import packet, routes
from l2tpsec.protocols.dhcp.code import Code
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.packet import Message, Options
from l2tpsec.protocols.inet import ipv4, udp

SERVER_PORT, CLIENT_PORT = 67, 68


def question(data: bytes) -> bytes:
    """Return the DHCP message of an IPv4 packet; raises Malformed."""
    fields = ipv4.decode(data)
    datagram = udp.decode(fields.payload)
    if fields.protocol != udp.PROTOCOL or datagram.destination_port != SERVER_PORT:
        raise Malformed("no packet for a DHCP server", 9)
    return datagram.payload


def answer(message: Message, gateway: IPv4Address, client: IPv4Address, mtu: int) -> list[bytes]:
    """Return the packets that carry a message from our PPP address to a client's."""
    source, destination = gateway.packed, client.packed
    datagram = udp.Udp(SERVER_PORT, CLIENT_PORT, packet.encode(message))
    payload = udp.encode(datagram, source, destination)
    fields = ipv4.Ipv4(udp.PROTOCOL, source, destination, payload)
    whole = ipv4.encode(fields._replace(identification=message.xid & 0xFFFF))
    return ipv4.fragment(whole, mtu)


def terms(settings: AddressSettings, grant: Grant, found: Options, outer: Iterable[str]) -> Terms:
    """Gather what a client may know: RADIUS's word, the leasing server's `found`, ours."""
    return Terms(
        gateway=settings.gateway,
        dns=grant.dns or addresses(found, Code.DNS) or settings.dns,
        wins=grant.wins or addresses(found, Code.NETBIOS_SERVERS) or settings.wins,
        domain=grant.domain or _domain(found) or settings.domain,
        routes=grant.routes or _routes(found) or settings.routes,
        outer=tuple(sorted(IPv4Address(address) for address in outer)),
    )


def addresses(options: Options, code: int) -> tuple[IPv4Address, ...]:
    """Return the addresses that an option lists; none of one that is not whole."""
    value = options.get(code, b"")
    if len(value) % 4:
        return ()
    return tuple(IPv4Address(value[at : at + 4]) for at in range(0, len(value), 4))


def _domain(options: Options) -> str:
    text = options.get(Code.DOMAIN, b"").rstrip(b"\0").decode("ascii", "replace")
    return text if text.isprintable() and text.isascii() else ""


def _routes(options: Options) -> routes.Routes:
    value = options.get(Code.CLASSLESS_ROUTES) or options.get(Code.MICROSOFT_ROUTES) or b""
    try:
        return routes.decode(value)
    except Malformed:
        return ()
