"""A plain copy between UDP 4500 and a TUN: what a server would do if there were nothing to do.

    python -m tests.bench.copier ADDRESS INTERFACE GATEWAY POOL

No IPsec, no L2TP, no PPP: the payload of a datagram is an IP packet. Trains are read and sent by
one call as the server's are; whoever sent last gets what the kernel has for the pool.
"""

import select
import socket
import sys
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.bench.ground import enlarged
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.interface import Interface
from l2tpsec.dataplane.userspace.plane import BATCH_PACKETS
from l2tpsec.dataplane.userspace.segments import Segments, accept_trains, cut, size_of

PORT = 4500
READY = "ready"


class Copier:
    """Copies as long as it lives."""

    def __init__(self, sock: socket.socket, device: Interface) -> None:
        self._socket = sock
        self._device = device
        self._segments = Segments(sock)
        self._send = self._segments.sender()
        self._client = ("", 0)

    def up(self) -> None:
        """Copy what clients sent."""
        try:
            data, ancillary, _, self._client = self._socket.recvmsg(65535, 128)
        except BlockingIOError:
            return
        write = self._device.write
        for packet in cut(data, size_of(data, ancillary)):
            write(packet)

    def down(self) -> None:
        """Copy what the kernel has, up to one batch."""
        read, send = self._device.read, self._send
        for _ in range(BATCH_PACKETS):
            packet = read()
            if not packet:
                break
            if self._client[1]:
                send(packet, self._client)
        self._segments.flush()

    def run(self) -> None:
        """Wait and copy."""
        poll = select.epoll()
        poll.register(self._socket, select.EPOLLIN)
        poll.register(self._device, select.EPOLLIN)
        own = self._socket.fileno()
        while True:
            for descriptor, _ in poll.poll():
                (self.up if descriptor == own else self.down)()


def main() -> None:
    """Open both ends, say so, copy."""
    address, interface, gateway, pool = sys.argv[1:]
    sock = enlarged(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((address, PORT))
    sock.setblocking(False)
    accept_trains(sock)
    settings = PlaneSettings(IPv4Address(gateway), (IPv4Network(pool),), tun_name=interface)
    copier = Copier(sock, Interface(settings))
    sys.stderr.write(f"{READY}\n")
    sys.stderr.flush()
    copier.run()


if __name__ == "__main__":
    main()
