"""ICMPv6 messages (RFC 4443): framing, and the error of path MTU discovery (RFC 8201)."""

from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import ipv6
from l2tpsec.protocols.inet.checksum import checksum

PROTOCOL = 58
HEADER_OCTETS = 4
ECHO_REQUEST, ECHO_REPLY = 128, 129

_PACKET_TOO_BIG = 2
_FIRST_INFORMATIONAL = 128
_REDIRECT = 137


class Icmpv6(NamedTuple):
    """A message; `body` is what follows the checksum."""

    type: int
    code: int
    body: bytes


def decode(message: bytes, source: bytes, destination: bytes) -> Icmpv6:
    """Return the fields of what an IPv6 packet between these addresses carries."""
    if len(message) < HEADER_OCTETS:
        raise Malformed("ICMPv6 message cut short", len(message))
    pseudo = ipv6.pseudo_header(source, destination, len(message), PROTOCOL)
    if checksum(pseudo + message):
        raise Malformed("ICMPv6 checksum wrong", 2)
    return Icmpv6(message[0], message[1], message[HEADER_OCTETS:])


def encode(fields: Icmpv6, source: bytes, destination: bytes) -> bytes:
    """Return the message with its checksum."""
    front = bytes((fields.type, fields.code))
    octets = HEADER_OCTETS + len(fields.body)
    pseudo = ipv6.pseudo_header(source, destination, octets, PROTOCOL)
    total = checksum(pseudo + front + bytes(2) + fields.body)
    return front + total.to_bytes(2) + fields.body


def packet(fields: Icmpv6, source: bytes, destination: bytes, hop_limit: int = 64) -> bytes:
    """Return the message as a whole IPv6 packet."""
    message = encode(fields, source, destination)
    return ipv6.encode(ipv6.Ipv6(PROTOCOL, source, destination, message, hop_limit))


def answerable(offender: bytes) -> bool:
    """Tell whether an error about an IPv6 packet may be sent (RFC 4443 section 2.4)."""
    fields = ipv6.decode(offender)
    if fields.source[0] == 0xFF or fields.source == ipv6.UNSPECIFIED:
        return False
    kind = fields.payload[0] if fields.payload else 0
    error = kind < _FIRST_INFORMATIONAL or kind == _REDIRECT
    return fields.next_header != PROTOCOL or not error


def packet_too_big(offender: bytes, mtu: int, source: bytes) -> bytes:
    """Return the packet that tells the sender of `offender` to send at most `mtu` octets.

    It quotes as much as fits into what every link carries (RFC 4443 section 3.2).
    """
    room = ipv6.LEAST_MTU - ipv6.HEADER_OCTETS - HEADER_OCTETS - 4
    body = mtu.to_bytes(4) + offender[:room]
    return packet(Icmpv6(_PACKET_TOO_BIG, 0, body), source, offender[8:24])
