"""Messages of Neighbour Discovery (RFC 4861): solicitations in, advertisements out.

Bodies are what follows an ICMPv6 checksum; options are those of RFC 4861 section 4.6 and RFC 8106.
"""

from struct import Struct

from l2tpsec.foundation.wire import Malformed, Reader
from l2tpsec.protocols.inet import domain
from l2tpsec.protocols.ipv6link.settings import LinkSettings

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 135, 136
HOP_LIMIT = 255
"""A packet with less came through a router: it is not of this link."""

INTERVAL_SECONDS = 600
LIFETIME_SECONDS = 3 * INTERVAL_SECONDS
PREFERRED_SECONDS, VALID_SECONDS = 604800, 2592000

SOURCE_LINK_LAYER = 1
_PREFIX, _MTU, _RDNSS, _DNSSL = 3, 5, 25, 31
_OTHER_CONFIGURATION = 0x40
_ON_LINK, _AUTONOMOUS = 0x80, 0x40
_ROUTER, _SOLICITED, _OVERRIDE = 0x80, 0x40, 0x20
_HOPS_OF_CLIENTS = 64

_front = Struct(">BBHII").pack
_lifetimes = Struct(">BBIII").pack


def router_solicitation(body: bytes) -> dict[int, bytes]:
    """Return the options of a Router Solicitation by number, the last of each."""
    return _options(Reader(body), 4)


def neighbour_solicitation(body: bytes) -> bytes:
    """Return the address in 16 octets whose owner a Neighbour Solicitation looks for."""
    reader = Reader(body)
    reader.take(4)
    target = reader.take(16)
    _options(reader, 0)
    if target[0] == 0xFF:
        raise Malformed("multicast address solicited", 4)
    return target


def _options(reader: Reader, reserved: int) -> dict[int, bytes]:
    reader.take(reserved)
    options: dict[int, bytes] = {}
    while reader.remaining:
        kind, words = reader.u8(), reader.u8()
        if not words:
            raise Malformed("option of no length", reader.offset - 1)
        options[kind] = reader.take(words * 8 - 2)
    return options


def router_advertisement(settings: LinkSettings) -> bytes:
    """Return the body: default router, prefix for SLAAC, MTU, name servers, O flag."""
    front = _front(_HOPS_OF_CLIENTS, _OTHER_CONFIGURATION, LIFETIME_SECONDS, 0, 0)
    options = (
        _prefix(settings),
        _option(_MTU, bytes(2) + settings.mtu.to_bytes(4)),
        _name_servers(settings),
        _search_list(settings),
    )
    return front + b"".join(options)


def neighbour_advertisement(target: bytes, *, solicited: bool) -> bytes:
    """Return the body that says that `target` is this router; PPP has no link-layer address."""
    flags = _ROUTER | _OVERRIDE | (_SOLICITED if solicited else 0)
    return bytes((flags, 0, 0, 0)) + target


def _option(kind: int, value: bytes) -> bytes:
    value += bytes(-(len(value) + 2) % 8)
    return bytes((kind, (len(value) + 2) // 8)) + value


def _prefix(settings: LinkSettings) -> bytes:
    prefix, flags = settings.prefix, _ON_LINK | _AUTONOMOUS
    front = _lifetimes(prefix.prefixlen, flags, VALID_SECONDS, PREFERRED_SECONDS, 0)
    return _option(_PREFIX, front + prefix.network_address.packed)


def _name_servers(settings: LinkSettings) -> bytes:
    if not settings.dns:
        return b""
    addresses = b"".join(address.packed for address in settings.dns)
    return _option(_RDNSS, bytes(2) + LIFETIME_SECONDS.to_bytes(4) + addresses)


def _search_list(settings: LinkSettings) -> bytes:
    if not settings.domain:
        return b""
    return _option(_DNSSL, bytes(2) + LIFETIME_SECONDS.to_bytes(4) + domain.encode(settings.domain))
