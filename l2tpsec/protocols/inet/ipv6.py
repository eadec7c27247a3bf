"""IPv6 headers (RFC 8200): decode, encode, and the pseudo-header of upper layers."""

from struct import Struct
from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed

HEADER_OCTETS = 40
LEAST_MTU = 1280
"""What every link must carry (RFC 8200 section 5), in octets."""

UNSPECIFIED = bytes(16)
ALL_NODES = bytes((0xFF, 0x02)) + bytes(13) + b"\x01"

_VERSION = 6 << 28
_HEADER = Struct(">IHBB16s16s")


class Ipv6(NamedTuple):
    """A packet's fields; addresses are 16 octets.

    `traffic` is the traffic class and the flow label, 28 bits; extension headers are payload.
    """

    next_header: int
    source: bytes
    destination: bytes
    payload: bytes
    hop_limit: int = 64
    traffic: int = 0


def decode(packet: bytes) -> Ipv6:
    """Return the fields of `packet`; octets behind the payload length are dropped."""
    if len(packet) < HEADER_OCTETS:
        raise Malformed("IPv6 header cut short", len(packet))
    front, octets, next_header, hops, source, destination = _HEADER.unpack_from(packet)
    if front >> 28 != 6:
        raise Malformed("not an IPv6 header", 0)
    end = HEADER_OCTETS + octets
    if end > len(packet):
        raise Malformed("IPv6 payload length wrong", 4)
    payload = packet[HEADER_OCTETS:end]
    return Ipv6(next_header, source, destination, payload, hops, front & 0xFFFFFFF)


def encode(fields: Ipv6) -> bytes:
    """Return the packet."""
    front = _HEADER.pack(
        _VERSION | fields.traffic,
        len(fields.payload),
        fields.next_header,
        fields.hop_limit,
        fields.source,
        fields.destination,
    )
    return front + fields.payload


def pseudo_header(source: bytes, destination: bytes, octets: int, next_header: int) -> bytes:
    """Return what upper layers' checksums cover of the header (RFC 8200 section 8.1)."""
    return source + destination + octets.to_bytes(4) + next_header.to_bytes(4)


def is_link_local(address: bytes) -> bool:
    """Tell whether it is a unicast address of fe80::/10 (RFC 4291 section 2.5.6)."""
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80
