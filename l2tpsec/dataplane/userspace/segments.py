"""Trains of packets of one size, sent and received by one system call (UDP_SEGMENT, UDP_GRO).

A bulk transfer to a client is a train of packets of the same size; the kernel cuts what it gets
as late as it can, and joins what comes back to back, so a packet costs a fraction of a call.
"""

import contextlib
import socket
import sys
from collections.abc import Sequence
from struct import Struct

from l2tpsec.dataplane.userspace.sas import Address, Sender

Ancillary = tuple[int, int, bytes]

SEGMENTS = 64
"""UDP_MAX_SEGMENTS of the kernels before 6.9."""

_UDP_SEGMENT = 103
_UDP_GRO = 104
_MOST_OCTETS = 65000
_size = Struct("=H").pack


def accept_trains(sock: socket.socket) -> None:
    """Let a UDP socket receive several datagrams at once, for `cut`; Linux 5.0 and later."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_UDP, _UDP_GRO, 1)


def size_of(data: bytes, ancillary: Sequence[Ancillary]) -> int:
    """Return the octets of each datagram but the last that `recvmsg` gave in one piece.

    The ancillary data need 24 octets.
    """
    for level, kind, content in ancillary:
        if level == socket.SOL_UDP and kind == _UDP_GRO:
            return int.from_bytes(content[:4], sys.byteorder) or len(data)
    return len(data)


def cut(data: bytes, size: int) -> list[bytes]:
    """Return the datagrams of one piece, mostly one."""
    if size >= len(data):
        return [data]
    return [data[at : at + size] for at in range(0, len(data), size)]


class Train:
    """Packets held back for one address: all of `size` octets, but for the last."""

    __slots__ = ("address", "ancillary", "packets", "room", "size")

    def __init__(self, address: Address, ancillary: Sequence[Ancillary], size: int) -> None:
        self.address = address
        self.ancillary = ancillary
        self.size = size
        self.room = min(_MOST_OCTETS, SEGMENTS * size)
        self.packets: list[bytes] = []


class Segments:
    """Holds back what one UDP socket sends until `flush`; `lost` counts what the socket refused."""

    __slots__ = ("_socket", "_trains", "lost")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._trains: dict[Address, Train] = {}
        self.lost = 0

    def sender(self, ancillary: Sequence[Ancillary] = ()) -> Sender:
        """Return a Sender; `ancillary` goes with each packet, such as the source address."""
        trains = self._trains

        def send(packet: bytes, address: Address) -> None:
            octets = len(packet)
            train = trains.get(address)
            if train is None or train.size < octets or train.room < octets:
                self._depart(train)
                train = trains[address] = Train(address, ancillary, octets)
            train.packets.append(packet)
            train.room -= octets
            if octets < train.size:
                self._depart(trains.pop(address))

        return send

    def flush(self) -> None:
        """Send all that is held back."""
        if self._trains:
            trains = list(self._trains.values())
            self._trains.clear()
            for train in trains:
                self._depart(train)

    def _depart(self, train: Train | None) -> None:
        if train is None:
            return
        if len(train.packets) == 1 or not self._together(train):
            for packet in train.packets:
                self._alone(packet, train)

    def _together(self, train: Train) -> bool:
        segment = (socket.SOL_UDP, _UDP_SEGMENT, _size(train.size))
        packets = b"".join(train.packets)
        try:
            self._socket.sendmsg((packets,), (*train.ancillary, segment), 0, train.address)
        except BlockingIOError:
            self.lost += len(train.packets)
        except OSError:
            # Larger than the path carries, or a kernel without it: one by one it may still go.
            return False
        return True

    def _alone(self, packet: bytes, train: Train) -> None:
        try:
            self._socket.sendmsg((packet,), train.ancillary, 0, train.address)
        except OSError:
            self.lost += 1
