"""TCP's maximum segment size lowered to what the link carries (RFC 9293 section 3.7.1)."""

from typing import Literal

from l2tpsec.protocols.inet import ipv4, ipv6
from l2tpsec.protocols.inet.checksum import updated

PROTOCOL = 6
HEADERS_OCTETS = 40
"""IPv4 and TCP headers without options: what an MSS does not count."""

IPV6_HEADERS_OCTETS = 60
"""The same with an IPv6 header."""

_SYN = 0x02
_END, _NOTHING, _MSS = 0, 1, 2


def clamp_mss(packet: bytes, limit: int) -> bytes:
    """Return the IPv4 packet, if it is a SYN with an MSS of at most `limit` octets.

    A packet that is no whole TCP header, or whose options are broken, passes untouched: the hosts
    judge it.
    """
    tcp = (packet[0] & 15) * 4
    if len(packet) < tcp + 20 or not packet[tcp + 13] & _SYN:
        return packet
    if packet[9] != PROTOCOL or int.from_bytes(packet[6:8]) & ipv4.OFFSET_MASK:
        return packet
    return _clamped(packet, tcp, limit)


def clamp_mss_ipv6(packet: bytes, limit: int) -> bytes:
    """Return the IPv6 packet likewise; a SYN behind extension headers passes untouched."""
    tcp = ipv6.HEADER_OCTETS
    if packet[6] != PROTOCOL or len(packet) < tcp + 20 or not packet[tcp + 13] & _SYN:
        return packet
    return _clamped(packet, tcp, limit)


def _clamped(packet: bytes, tcp: int, limit: int) -> bytes:
    end = min(tcp + (packet[tcp + 12] >> 4) * 4, len(packet))
    at = _mss_offset(packet, tcp + 20, end)
    if at is None or int.from_bytes(packet[at : at + 2]) <= limit:
        return packet
    return _replaced(packet, at, limit, tcp + 16, odd=bool((at - tcp) & 1))


def _mss_offset(packet: bytes, at: int, end: int) -> int | None:
    """Return where the value of the MSS option stands, or None."""
    while at + 1 < end and packet[at] != _END:
        if packet[at] == _NOTHING:
            at += 1
            continue
        length = packet[at + 1]
        if length < 2 or at + length > end:
            return None
        if packet[at] == _MSS:
            return at + 2 if length == 4 else None
        at += length
    return None


def _replaced(packet: bytes, at: int, limit: int, sum_at: int, *, odd: bool) -> bytes:
    # An option at an odd offset spans two words; the sum does not mind octets swapped
    # in all its terms.
    order: Literal["little", "big"] = "little" if odd else "big"
    old = int.from_bytes(packet[at : at + 2], order)
    new = int.from_bytes(limit.to_bytes(2), order)
    total = updated(int.from_bytes(packet[sum_at : sum_at + 2]), old, new)
    changed = bytearray(packet)
    changed[at : at + 2] = limit.to_bytes(2)
    changed[sum_at : sum_at + 2] = total.to_bytes(2)
    return bytes(changed)
