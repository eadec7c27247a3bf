"""What a filter sees of an IP packet: addresses, upper protocol, ports, flags, ICMP type.

A packet that hides any of it, so that its receiver could read more than the filter, is Malformed.
"""

from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import ipv4, ipv6

_ICMP, _TCP, _UDP, _ICMPV6, _SCTP = 1, 6, 17, 58, 132
_FRAGMENT, _AUTHENTICATION = 44, 51
_EXTENSIONS = frozenset({0, 43, 60, _FRAGMENT, _AUTHENTICATION})
_MOST_EXTENSIONS = 8

_LEAST_OCTETS = {_ICMP: 1, _ICMPV6: 1, _TCP: 14, _UDP: 4, _SCTP: 4}
"""Of upper headers, as far as they are read here."""

_UNIT_OCTETS = 8


class Flow(NamedTuple):
    """A packet in numbers; -1 where it has none, as a fragment after the first.

    `fragment` tells of such a one.
    """

    version: int
    source: int
    destination: int
    protocol: int
    fragment: bool = False
    source_port: int = -1
    destination_port: int = -1
    flags: int = -1
    icmp_type: int = -1


def decode(packet: bytes) -> Flow:
    """Read a packet of either version of IP."""
    return _ipv6(packet) if packet[:1] and packet[0] >> 4 == 6 else _ipv4(packet)


def _ipv4(packet: bytes) -> Flow:
    fields = ipv4.decode(packet)
    offset = fields.flags_offset & ipv4.OFFSET_MASK
    ends = int.from_bytes(fields.source), int.from_bytes(fields.destination)
    return _upper(Flow(4, *ends, fields.protocol), offset, fields.payload)


def _ipv6(packet: bytes) -> Flow:
    fields = ipv6.decode(packet)
    protocol, payload, offset = fields.next_header, fields.payload, 0
    for _ in range(_MOST_EXTENSIONS):
        if protocol not in _EXTENSIONS or offset:
            break
        if protocol == _FRAGMENT:
            offset = int.from_bytes(payload[2:4]) >> 3
        octets = _extension_octets(protocol, payload[:2])
        if len(payload) < octets:
            raise Malformed("IPv6 extension header cut short", len(packet))
        protocol, payload = payload[0], payload[octets:]
    if protocol in _EXTENSIONS and not offset:
        raise Malformed("too many IPv6 extension headers", ipv6.HEADER_OCTETS)
    ends = int.from_bytes(fields.source), int.from_bytes(fields.destination)
    return _upper(Flow(6, *ends, protocol), offset, payload)


def _extension_octets(protocol: int, front: bytes) -> int:
    units = front[1] if len(front) == 2 else 0
    if protocol == _AUTHENTICATION:
        return (units + 2) * 4  # RFC 4302 section 2.2
    return _UNIT_OCTETS * (1 if protocol == _FRAGMENT else units + 1)


def _upper(flow: Flow, offset: int, payload: bytes) -> Flow:
    protocol = flow.protocol
    if offset == 1:
        # Its one use is to write over the ports of the first (RFC 6733 section 4.3.1, RFC 3128).
        raise Malformed("fragment with an offset of one")
    if offset:
        return flow._replace(fragment=True)
    if len(payload) < _LEAST_OCTETS.get(protocol, 0):
        raise Malformed("upper header cut short")
    if protocol in {_ICMP, _ICMPV6}:
        return flow._replace(icmp_type=payload[0])
    if protocol not in _LEAST_OCTETS:
        return flow
    ports = int.from_bytes(payload[:2]), int.from_bytes(payload[2:4])
    flags = payload[13] & 0x3F if protocol == _TCP else -1
    return flow._replace(source_port=ports[0], destination_port=ports[1], flags=flags)
