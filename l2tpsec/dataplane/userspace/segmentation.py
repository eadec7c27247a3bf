"""The kernel's large packets cut into what the link carries, as a network card does it (TSO, USO).

Each segment gets the headers of the large packet with its own lengths, numbers and checksums.
"""

from struct import Struct

from l2tpsec.dataplane.userspace import vnet
from l2tpsec.protocols.inet.checksum import partial

_TCP, _UDP = 6, 17
_FIN, _PSH, _CWR = 0x01, 0x08, 0x80
_UDP_OCTETS = 8

_u16 = Struct(">H").pack
_u32 = Struct(">I").pack


def segments(data: bytes) -> list[bytes]:
    """Return the IP packets of what a read of the TUN gave, vnet header first."""
    flags, kind, _, size, start, offset = vnet.HEADER.unpack_from(data)
    packet = data[vnet.HEADER_OCTETS :]
    if not flags & vnet.NEEDS_CSUM:
        return [packet]
    if kind == vnet.GSO_NONE:
        return [_completed(packet, start, offset)]
    protocol = _TCP if offset == vnet.TCP_CSUM_OFFSET else _UDP
    body = start + ((packet[start + 12] >> 4) * 4 if protocol == _TCP else _UDP_OCTETS)
    if not size or len(packet) <= body + size:
        return [_completed(packet, start, offset)]
    cut = _Cut(packet, protocol, start, body)
    count = -(-(len(packet) - body) // size)
    return [cut.segment(index, size, last=index == count - 1) for index in range(count)]


def _completed(packet: bytes, start: int, offset: int) -> bytes:
    """Return the packet with its checksum, of which only the pseudo-header's part is there."""
    at = start + offset
    total = 0xFFFF - partial(packet[start:])
    if not total and offset == vnet.UDP_CSUM_OFFSET:
        total = 0xFFFF
    return packet[:at] + total.to_bytes(2) + packet[at + 2 :]


class _Cut:
    """What the segments of one packet have in common."""

    __slots__ = ("_body", "_ident", "_ip", "_packet", "_protocol", "_pseudo", "_start", "_version")

    def __init__(self, packet: bytes, protocol: int, start: int, body: int) -> None:
        self._packet = packet
        self._protocol = protocol
        self._start, self._body = start, body
        self._version = packet[0] >> 4
        addresses = packet[12:20] if self._version == 4 else packet[8:40]
        self._pseudo = partial(addresses) + protocol
        self._ident = int.from_bytes(packet[4:6])

    def segment(self, index: int, size: int, *, last: bool) -> bytes:
        at = self._body + index * size
        payload = self._packet[at : at + size]
        transport = self._body - self._start + len(payload)
        return b"".join(
            (
                self._network(index, transport),
                self._tcp(index, size, payload, last=last)
                if self._protocol == _TCP
                else self._udp(payload),
                payload,
            )
        )

    def _network(self, index: int, transport: int) -> bytes:
        packet, start = self._packet, self._start
        if self._version == 6:
            # Extension headers, if any, count as payload.
            return packet[:4] + _u16(start - 40 + transport) + packet[6:start]
        ident = (self._ident + index) & 0xFFFF
        front = packet[:2] + _u16(start + transport) + _u16(ident) + packet[6:10]
        behind = packet[12:start]
        return front + _u16(0xFFFF - partial(front + behind)) + behind

    def _tcp(self, index: int, size: int, payload: bytes, *, last: bool) -> bytes:
        header = self._packet[self._start : self._body]
        sequence = int.from_bytes(header[4:8]) + index * size & 0xFFFFFFFF
        flags = header[13]
        if not last:
            flags &= ~(_FIN | _PSH)
        if index:
            flags &= ~_CWR
        front = header[:4] + _u32(sequence) + header[8:13] + bytes((flags,)) + header[14:16]
        behind = header[18:]
        total = partial(front + behind + payload) + self._pseudo + len(header) + len(payload)
        return front + _u16(0xFFFF - (total % 0xFFFF or 0xFFFF)) + behind

    def _udp(self, payload: bytes) -> bytes:
        front = self._packet[self._start : self._start + 4] + _u16(_UDP_OCTETS + len(payload))
        total = partial(front + payload) + self._pseudo + _UDP_OCTETS + len(payload)
        # A UDP checksum that comes out as zero is sent as its other form (RFC 768).
        return front + _u16((0xFFFF - (total % 0xFFFF or 0xFFFF)) or 0xFFFF)
