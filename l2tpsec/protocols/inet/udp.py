"""UDP datagrams (RFC 768) over IPv4 and IPv6."""

from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet.checksum import checksum

PROTOCOL = 17
HEADER_OCTETS = 8


class Udp(NamedTuple):
    """Ports and what they carry."""

    source_port: int
    destination_port: int
    payload: bytes


def decode(datagram: bytes) -> Udp:
    """Return the fields; octets behind the length are dropped.

    The checksum is not judged (RFC 3948 section 3.1.2).
    """
    if len(datagram) < HEADER_OCTETS:
        raise Malformed("UDP header cut short", len(datagram))
    octets = int.from_bytes(datagram[4:6])
    if not HEADER_OCTETS <= octets <= len(datagram):
        raise Malformed("UDP length wrong", 4)
    ports = int.from_bytes(datagram[:4])
    return Udp(ports >> 16, ports & 0xFFFF, datagram[HEADER_OCTETS:octets])


def encode(fields: Udp, source: bytes, destination: bytes) -> bytes:
    """Return the datagram with its checksum; the addresses are 4 octets each, or 16."""
    octets = HEADER_OCTETS + len(fields.payload)
    ports = fields.source_port.to_bytes(2) + fields.destination_port.to_bytes(2)
    pseudo = source + destination + PROTOCOL.to_bytes(2) + octets.to_bytes(2)
    # A computed zero is sent as all ones: zero says that there is none.
    total = checksum(pseudo + ports + octets.to_bytes(2) + bytes(2) + fields.payload) or 0xFFFF
    return ports + octets.to_bytes(2) + total.to_bytes(2) + fields.payload
