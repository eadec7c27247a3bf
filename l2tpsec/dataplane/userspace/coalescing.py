"""Clients' segments of one flow joined to one packet for the kernel, as its own GRO does.

What the kernel forwards or receives it then handles once instead of dozens of times. It takes the
checksums of a joined packet for granted, so they are judged here first: a segment that was corrupt
when its client sealed it stays corrupt and goes alone.
"""

import errno
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from l2tpsec.dataplane.userspace import vnet
from l2tpsec.protocols.inet import ipv4, ipv6
from l2tpsec.protocols.inet.checksum import partial, reduced

SEGMENTS = 64
"""UDP_MAX_SEGMENTS of the kernels before 6.9."""

WORTH = 8
"""Fewer segments than this cost more to judge and to join than to hand on."""

_PATIENCE = 4
"""A flow with so many packets in a batch that none continued is not tried again in this batch."""

_MOST_OCTETS = 65000
_TCP, _UDP = 6, 17
_FIN, _SYN, _RST, _PSH, _ACK, _URG, _CWR = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
_LAST = _FIN | _PSH
_UNFIT = _SYN | _RST | _URG | _CWR
_TCP_OCTETS, _UDP_OCTETS = 20, 8
_TCP_TYPES = {4: vnet.GSO_TCPV4, 6: vnet.GSO_TCPV6}
_FLAGS_AT = 13
_IPV4_LENGTH, _IPV4_NUMBER, _IPV4_CHECKSUM, _IPV6_LENGTH = 2, 4, 10, 4


class Shape(NamedTuple):
    """What headers of one kind have in common: numbers as long as those headers.

    `mask` leaves out what differs from segment to segment, `short` the lengths too, `number` is
    one step of the IPv4 identification, `octet` one of the sequence number.
    """

    mask: int
    short: int
    number: int
    octet: int


@cache
def shape(protocol: int, start: int, body: int, *, numbered: bool) -> Shape:
    """Return the Shape for a transport header from `start` to `body`."""
    mask, number, octet = bytearray(b"\xff" * body), bytearray(body), bytearray(body)
    lengths = [_IPV6_LENGTH]
    if start == ipv4.HEADER_OCTETS:
        lengths = [_IPV4_LENGTH]
        _clear(mask, _IPV4_CHECKSUM)
        if numbered:
            number[_IPV4_NUMBER + 1] = 1
        else:
            _clear(mask, _IPV4_NUMBER)
    if protocol == _TCP:
        _clear(mask, start + vnet.TCP_CSUM_OFFSET)
        mask[start + _FLAGS_AT] ^= _LAST
        octet[start + 7] = 1
    else:
        _clear(mask, start + vnet.UDP_CSUM_OFFSET)
        lengths.append(start + 4)
    short = mask.copy()
    for at in lengths:
        _clear(short, at)
    return Shape(*map(int.from_bytes, (mask, short, number, octet)))


def _clear(mask: bytearray, at: int) -> None:
    mask[at : at + 2] = bytes(2)


class Train:
    """Segments of one flow, of equal length but for the last, in their order.

    All that must be the same in the next one, or one step further, is compared as one long number.
    """

    __slots__ = (
        "body",
        "expected",
        "first",
        "flags_at",
        "flow",
        "mask",
        "packets",
        "room",
        "short",
        "start",
        "step",
    )

    def __init__(self, packet: bytes, flow: bytes, protocol: int, start: int, body: int) -> None:
        self.packets = [packet]
        self.flow = flow
        self.start = start
        self.body = body
        octets = len(packet) - body
        self.flags_at = start + _FLAGS_AT if protocol == _TCP else 0
        # Where packets may not be fragmented, their number says nothing (RFC 6864 section 4.1).
        numbered = start == ipv4.HEADER_OCTETS and not packet[6] & 0x40
        self.mask, self.short, number, octet = shape(protocol, start, body, numbered=numbered)
        self.step = number + octets * octet
        # A counter that turned over would carry into what stands before it: lengths, addresses.
        room = min(_MOST_OCTETS // octets, SEGMENTS) - 1
        if numbered:
            room = min(room, 0xFFFF - int.from_bytes(packet[4:6]))
        if protocol == _TCP:
            sequence = int.from_bytes(packet[start + 4 : start + 8])
            room = min(room, (0xFFFFFFFF - sequence) // octets)
        self.room = room
        self.first = int.from_bytes(packet[:body]) & self.mask
        self.expected = self.first + self.step

    @property
    def ended(self) -> bool:
        """Whether none may follow."""
        return not self.room or bool(self.flags_at and self.packets[-1][self.flags_at] & _LAST)

    def goes_on_as(self, packets: Sequence[bytes]) -> bool:
        """Take the packets that follow the first; return False unless all follow one another."""
        body, mask, count, at = self.body, self.mask, len(packets), self.flags_at
        number = int.from_bytes
        heads = [number(packet[:body]) & mask for packet in packets]
        end = self.first + count * self.step
        wanted = [*range(self.first, end, self.step)] if self.step else [self.first] * count
        if count > self.room + 1 or heads != wanted:
            return False
        if at and any(packet[at] & _LAST for packet in packets[:-1]):
            return False
        self.packets = [*packets]
        self.room -= count - 1
        self.expected = end
        return True

    def takes(self, train: "Train") -> bool:
        """Take another train if it follows."""
        count = len(train.packets)
        if self.expected != train.first or self.mask != train.mask or self.room < count:
            return False
        self.packets += train.packets
        self.room -= count
        self.expected = train.expected
        return True

    def ends_with(self, packet: bytes) -> bool:
        """Tell whether `packet` is the next one, though shorter."""
        header = int.from_bytes(packet[: self.body]) & self.short
        return self.body < len(packet) < len(self.packets[0]) and header == (
            self.expected & self.short
        )


class Coalescer:
    """Takes single packets, gives `write` packets behind their vnet headers.

    Packets of one flow never overtake one another. `lost` counts what `write` refused.
    """

    __slots__ = ("_latest", "_lone", "_refused", "_single", "_trains", "_write", "lost")

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._trains: dict[bytes, Train] = {}
        self._latest: Train | None = None
        self._lone = b""
        self._refused: set[int] = set()
        self._single: Counter[bytes] = Counter()
        self.lost = 0

    def take(self, packet: bytes) -> None:
        """Hold a packet back, or hand it on."""
        train = self._latest
        if (
            train is not None
            and int.from_bytes(packet[: train.body]) & train.mask == train.expected
        ):
            self._append(train, packet)
        elif not self._trains and not self._lone:
            # Nothing may follow: a packet that stays alone is not even looked at.
            self._lone = packet
        else:
            self._settle()
            self._classified(packet)

    def _settle(self) -> None:
        if self._lone:
            packet, self._lone = self._lone, b""
            self._classified(packet)

    def take_train(self, train: Train) -> None:
        """Hold packets of one flow back, or hand them on with those before them."""
        self._settle()
        former = self._trains.get(train.flow)
        if former is not None and former.takes(train):
            train = former
        else:
            if former is not None:
                self._end(former)
            self._trains[train.flow] = train
        self._latest = train
        if train.ended:
            self._end(train)

    def _classified(self, packet: bytes) -> None:
        protocol, start, key = _flow_of(packet)
        if protocol in {_TCP, _UDP}:
            self._sorted(packet, key, protocol, start)
        else:
            self.flush()
            self._alone(packet)

    def _sorted(self, packet: bytes, flow: bytes, protocol: int, start: int) -> None:
        train = self._trains.get(flow)
        if train is not None:
            if int.from_bytes(packet[: train.body]) & train.mask == train.expected:
                self._latest = train
                self._append(train, packet)
                return
            ending = train.ends_with(packet)
            if ending:
                train.packets.append(packet)
            elif len(train.packets) == 1:
                self._single[flow] += 1
            self._end(train)
            if ending:
                return
        if self._single and self._single[flow] >= _PATIENCE:
            self._alone(packet)
            return
        if not self._begun(packet, flow, protocol, start):
            self._alone(packet)

    def _begun(self, packet: bytes, flow: bytes, protocol: int, start: int) -> bool:
        body = _body(packet, protocol, start)
        if not body or (protocol == _UDP and vnet.GSO_UDP_L4 in self._refused):
            return False
        train = Train(packet, flow, protocol, start, body)
        if train.room <= 0:
            return False
        self._latest = self._trains[flow] = train
        return True

    def _append(self, train: Train, packet: bytes) -> None:
        train.packets.append(packet)
        train.expected += train.step
        train.room -= 1
        if not train.room or (train.flags_at and packet[train.flags_at] & _LAST):
            self._end(train)

    def _end(self, train: Train) -> None:
        del self._trains[train.flow]
        if self._latest is train:
            self._latest = None
        self._depart(train)

    def flush(self) -> None:
        """Hand on all that is held back."""
        if self._lone:
            packet, self._lone = self._lone, b""
            self._alone(packet)
        self._single.clear()
        if self._trains:
            trains = list(self._trains.values())
            self._trains.clear()
            self._latest = None
            for train in trains:
                self._depart(train)

    def _depart(self, train: Train) -> None:
        packets = train.packets
        if len(packets) >= WORTH and sound(packets, train.start) and self._together(train):
            return
        for packet in packets:
            self._alone(packet)

    def _alone(self, packet: bytes) -> None:
        try:
            self._write(vnet.WHOLE + packet)
        except OSError:
            self.lost += 1

    def _together(self, train: Train) -> bool:
        packet = joined(train.packets, train.start, train.body)
        kind = packet[1]
        if kind in self._refused:
            return False
        try:
            self._write(packet)
        except OSError as error:
            if error.errno == errno.EINVAL:
                # An older kernel has no such type: UDP came with Linux 6.2.
                self._refused.add(kind)
            return False
        return True


def flow(packets: Sequence[bytes]) -> Train | None:
    """Return packets of one length as a Train if they are one flow's, in their order."""
    first = packets[0]
    protocol, start, key = _flow_of(first)
    body = _body(first, protocol, start) if protocol in {_TCP, _UDP} else 0
    if not body:
        return None
    train = Train(first, key, protocol, start, body)
    return train if train.goes_on_as(packets) else None


def _flow_of(packet: bytes) -> tuple[int, int, bytes]:
    """Return the protocol, where its header starts, and what names the flow; 0 where none does."""
    if packet[0] == 0x45 and not packet[6] & 0x3F and not packet[7]:
        return packet[9], ipv4.HEADER_OCTETS, packet[9:10] + packet[12:24]
    if packet[0] >> 4 == 6:
        return packet[6], ipv6.HEADER_OCTETS, packet[6:7] + packet[8:44]
    return 0, 0, b""


def _body(packet: bytes, protocol: int, start: int) -> int:
    """Return where the payload of what may begin a train starts, otherwise 0."""
    if protocol == _UDP:
        body = start + _UDP_OCTETS
        length = int.from_bytes(packet[start + 4 : start + 6])
        whole = body < len(packet) == start + length and packet[body - 2 : body] != b"\0\0"
        return body if whole else 0
    if len(packet) < start + _TCP_OCTETS:
        return 0
    body = start + (packet[start + 12] >> 4) * 4
    flags = packet[start + _FLAGS_AT]
    fit = flags & _ACK and not flags & (_UNFIT | _LAST) and not packet[start + 12] & 1
    return body if fit and start + _TCP_OCTETS <= body < len(packet) else 0


def sound(packets: Sequence[bytes], start: int) -> bool:
    """Tell whether the checksums of all packets are right, by one sum over all of them.

    All are of one flow and equally long, but for the last. A sum of sums is as strong as each is:
    it misses one error in 65,536.
    """
    first, last, count = packets[0], packets[-1], len(packets)
    total = sum(map(int.from_bytes, packets[:-1])) << 8 * (len(first) & 1)
    total += int.from_bytes(last) << 8 * (len(last) & 1)
    # An IPv4 header's own checksum makes it zero, so the pseudo-header is counted beside it.
    octets = (count - 1) * len(first) + len(last) - count * start
    more = count * (int.from_bytes(first[12:20]) + first[9]) + octets
    if start != ipv4.HEADER_OCTETS:
        # An IPv6 header has all of the pseudo-header, and three words that are not of it.
        three = int.from_bytes(first[:4]) + int.from_bytes(first[6:8]) - first[6]
        more = count * (0xFFFF * 0x10002 - three)
    return reduced(total + more) == 0xFFFF


def joined(packets: Sequence[bytes], start: int, body: int) -> bytes:
    """Return one packet behind its vnet header; `start` is of the transport, `body` of payload."""
    first, last = packets[0], packets[-1]
    front = bytearray(first[:body])
    payload = [packet[body:] for packet in packets]
    total = body + (len(packets) - 1) * (len(first) - body) + len(last) - body
    version = front[0] >> 4
    if version == 4:
        front[2:4] = total.to_bytes(2)
        front[10:12] = bytes(2)
        front[10:12] = (0xFFFF - partial(bytes(front[:start]))).to_bytes(2)
        protocol, addresses = front[9], front[12:20]
    else:
        front[4:6] = (total - start).to_bytes(2)
        protocol, addresses = front[6], front[8:40]
    if protocol == _TCP:
        front[start + _FLAGS_AT] |= last[start + _FLAGS_AT] & _LAST
        kind, offset = _TCP_TYPES[version], vnet.TCP_CSUM_OFFSET
    else:
        front[start + 4 : start + 6] = (total - start).to_bytes(2)
        kind, offset = vnet.GSO_UDP_L4, vnet.UDP_CSUM_OFFSET
    pseudo = partial(bytes(addresses) + protocol.to_bytes(4) + (total - start).to_bytes(4))
    front[start + offset : start + offset + 2] = pseudo.to_bytes(2)
    size = len(first) - body
    header = vnet.HEADER.pack(vnet.NEEDS_CSUM, kind, body, size, start, offset)
    return b"".join((header, front, *payload))
