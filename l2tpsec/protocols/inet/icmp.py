"""The ICMP message of path MTU discovery (RFC 792, RFC 1191 section 4)."""

from l2tpsec.protocols.inet import ipv4
from l2tpsec.protocols.inet.checksum import checksum

PROTOCOL = 1
_UNREACHABLE, _FRAGMENTATION_NEEDED = 3, 4
_ERRORS = frozenset({3, 4, 5, 11, 12})


def answerable(packet: bytes) -> bool:
    """Tell whether an error about `packet` may be sent.

    Not about an error or a later fragment (RFC 1122 3.2.2).
    """
    fields = ipv4.decode(packet)
    if fields.flags_offset & ipv4.OFFSET_MASK:
        return False
    return fields.protocol != PROTOCOL or fields.payload[:1] not in {bytes((t,)) for t in _ERRORS}


def fragmentation_needed(packet: bytes, mtu: int, source: bytes) -> bytes:
    """Return the packet that tells the sender of `packet` to send at most `mtu` octets."""
    fields = ipv4.decode(packet)
    quoted = packet[: len(packet) - len(fields.payload) + 8]
    front = bytes((_UNREACHABLE, _FRAGMENTATION_NEEDED))
    rest = bytes(2) + mtu.to_bytes(2) + quoted
    message = front + checksum(front + bytes(2) + rest).to_bytes(2) + rest
    return ipv4.encode(ipv4.Ipv4(PROTOCOL, source, fields.source, message))
