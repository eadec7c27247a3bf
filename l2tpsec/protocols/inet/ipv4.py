"""IPv4 headers (RFC 791): decode, encode, cut into fragments."""

from struct import Struct
from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet.checksum import checksum

HEADER_OCTETS = 20
DONT_FRAGMENT = 0x4000
MORE_FRAGMENTS = 0x2000
OFFSET_MASK = 0x1FFF

_HEADER = Struct(">BBHHHBBH4s4s")


class Ipv4(NamedTuple):
    """A packet's fields.

    Addresses are 4 octets, `flags_offset` the 16 bits of flags and fragment offset.
    """

    protocol: int
    source: bytes
    destination: bytes
    payload: bytes
    ttl: int = 64
    identification: int = 0
    flags_offset: int = 0
    type_of_service: int = 0
    options: bytes = b""


def decode(packet: bytes) -> Ipv4:
    """Return the fields of `packet`; octets behind the total length are dropped.

    The checksum is not judged.
    """
    if len(packet) < HEADER_OCTETS:
        raise Malformed("IPv4 header cut short", len(packet))
    version, tos, total, ident, flags, ttl, protocol, _, source, destination = _HEADER.unpack_from(
        packet
    )
    header = (version & 15) * 4
    if version >> 4 != 4 or header < HEADER_OCTETS:
        raise Malformed("not an IPv4 header", 0)
    if not header <= total <= len(packet):
        raise Malformed("IPv4 total length wrong", 2)
    return Ipv4(
        protocol,
        source,
        destination,
        packet[header:total],
        ttl,
        ident,
        flags,
        tos,
        packet[20:header],
    )


def encode(fields: Ipv4) -> bytes:
    """Return the packet with its header checksum; options must be of whole words."""
    header = HEADER_OCTETS + len(fields.options)
    total = header + len(fields.payload)
    front = _HEADER.pack(
        0x40 | header // 4,
        fields.type_of_service,
        total,
        fields.identification,
        fields.flags_offset,
        fields.ttl,
        fields.protocol,
        0,
        fields.source,
        fields.destination,
    )
    front += fields.options
    return front[:10] + checksum(front).to_bytes(2) + front[12:] + fields.payload


def fragment(packet: bytes, mtu: int) -> list[bytes]:
    """Cut a packet into fragments of at most `mtu` octets; a fragment may be cut again.

    Options stay in the first fragment: the ones that RFC 791 wants copied are routing orders that
    nobody may give through this box.
    """
    fields = decode(packet)
    room = (mtu - HEADER_OCTETS - len(fields.options)) & ~7
    if len(packet) <= mtu or room < 8:
        return [packet]
    pieces = [fields.payload[at : at + room] for at in range(0, len(fields.payload), room)]
    return [_piece(fields, room * index, piece) for index, piece in enumerate(pieces)]


def _piece(fields: Ipv4, at: int, piece: bytes) -> bytes:
    more = MORE_FRAGMENTS if at + len(piece) < len(fields.payload) else 0
    flags_offset = (fields.flags_offset | more) + at // 8
    options = fields.options if at == 0 else b""
    return encode(fields._replace(payload=piece, flags_offset=flags_offset, options=options))
