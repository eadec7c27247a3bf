"""Relays UDP to the same ports of another address, and loses every tenth datagram each way.

    python -m tests.service.lossy_relay LISTEN TARGET PORT...

It says what it loses: a line a datagram. Each asking socket has one of its own towards the target,
as behind a NAT.
"""

import select
import socket
import sys
from itertools import count

TENTH = 10
READY = "ready"
_Address = tuple[str, int]


class Leg:
    """One way past one port: it carries all datagrams but every tenth."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count(1)

    def carry(self, data: bytes, by: socket.socket, to: _Address) -> None:
        """Send, or lose."""
        if (number := next(self._numbers)) % TENTH:
            by.sendto(data, to)
        else:
            say(f"lost number {number} {self._name}")


class Relay:
    """Relays as long as it lives."""

    def __init__(self, listen: str, target: str, ports: list[int]) -> None:
        self._target = target
        self._poll = select.epoll()
        self._fronts: dict[int, socket.socket] = {}
        self._backs: dict[tuple[int, _Address], socket.socket] = {}
        self._askers: dict[int, tuple[socket.socket, _Address]] = {}
        self._there = {port: Leg(f"to port {port}") for port in ports}
        self._here = {port: Leg(f"from port {port}") for port in ports}
        for port in ports:
            front = self._socket(listen, port)
            self._fronts[front.fileno()] = front

    def _socket(self, address: str, port: int = 0) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, port))
        self._poll.register(made, select.EPOLLIN)
        return made

    def _ask(self, front: socket.socket) -> None:
        data, asker = front.recvfrom(65535)
        port = front.getsockname()[1]
        if (port, asker) not in self._backs:
            back = self._backs[port, asker] = self._socket(self._target)
            self._askers[back.fileno()] = front, asker
        self._there[port].carry(data, self._backs[port, asker], (self._target, port))

    def _answer(self, descriptor: int) -> None:
        front, asker = self._askers[descriptor]
        port = front.getsockname()[1]
        self._here[port].carry(self._backs[port, asker].recv(65535), front, asker)

    def run(self) -> None:
        """Wait and relay."""
        while True:
            for descriptor, _ in self._poll.poll():
                if front := self._fronts.get(descriptor):
                    self._ask(front)
                else:
                    self._answer(descriptor)


def say(line: str) -> None:
    """Tell whoever reads."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Open the ports, say so, relay."""
    listen, target, *ports = sys.argv[1:]
    relay = Relay(listen, target, [int(port) for port in ports])
    say(READY)
    relay.run()


if __name__ == "__main__":
    main()
