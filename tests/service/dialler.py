"""Clients of a real server in a network namespace, each from an address of its own."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

from l2tpsec.bench.caller import Account, Caller, Datagram
from l2tpsec.bench.ground import SERVER_ADDRESS, inside
from l2tpsec.bench.initiator import Offer
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.traffic import echo
from l2tpsec.protocols.ike.policy import Policy
from tests.interop.lab.server import Server
from tests.interop.lab.waiting import PATIENCE_SECONDS

POLICY = Policy.of(["aes256-cbc/sha1/ecp256"], ["aes256-cbc/hmac-sha1-96"])
GATEWAY = IPv4Address("10.99.0.1")
PSK = "a pre-shared key that is long enough for everybody"


def word(user: str) -> str:
    """Return the password of a user of these tests."""
    return f"{user}'s word"


class Origin(Protocol):
    """Where clients are."""

    @property
    def clients(self) -> Namespace:
        """Their network namespace."""
        ...


@dataclass
class Client:
    """One client, and what it hears; `dial` may be repeated from the same address."""

    ground: Origin
    address: str
    user: str

    def dial(self, beside: Sequence["Client"] = ()) -> None:
        """Dial in; the session is up when this returns. Those `beside` go on answering."""
        self.call()
        self.until(lambda: self.caller.up, beside)

    def call(self) -> None:
        """Begin to dial in."""
        self.close()
        with inside(self.ground.clients):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 0))
        self.socket.setblocking(False)
        offer = Offer(SERVER_ADDRESS, PSK.encode(), POLICY.suites[0], POLICY.transforms[0])
        account = Account(offer, self.user.encode(), word(self.user))
        self.caller = Caller(account, os.urandom)
        self._send(self.caller.start(time.monotonic()))

    def until(self, done: Callable[[], object], beside: Sequence["Client"] = ()) -> None:
        """Carry datagrams until it is so; an AssertionError when it takes too long."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not done():
            now = time.monotonic()
            assert now < end, (self.caller.failure, self.caller.stage)
            several = (self, *beside)
            select.select([client.socket for client in several], [], [], 0.05)
            for client in several:
                client.pump()

    def pump(self) -> None:
        """Take what has come, do what is due."""
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (_, port) = self.socket.recvfrom(65535)
                self._send(self.caller.receive(port, data, now))
        self._send(self.caller.expire(now))

    def _send(self, datagrams: list[Datagram]) -> None:
        for port, data in datagrams:
            self.socket.sendto(data, (SERVER_ADDRESS, port))

    @property
    def inner(self) -> IPv4Address:
        """Its address inside."""
        return self.caller.ppp.address

    def ask(self, number: int, destination: IPv4Address = GATEWAY) -> None:
        """Send a numbered echo request through the tunnel."""
        self._send([(4500, self.caller.packet(echo(number, self.inner, destination)))])

    def reach(self, number: int, destination: IPv4Address = GATEWAY) -> None:
        """Send such an echo request, and wait for its answer."""
        self.ask(number, destination)
        self.until(lambda: number in self.answered)

    @property
    def answered(self) -> set[int]:
        """The numbers of all echoes that came back."""
        return {
            int.from_bytes(packet[26:28])
            for packet in self.caller.ppp.packets
            if packet[9] == 1 and packet[20] == 0
        }

    def close(self) -> None:
        """Vanish without a word."""
        if hasattr(self, "socket"):
            self.socket.close()


@contextlib.contextmanager
def dialled(ground: Origin, users: Mapping[str, str]) -> Iterator[list[Client]]:
    """Have clients dial in, one after the other, by address and user."""
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(contextlib.closing(Client(ground, address, user)))
            for address, user in users.items()
        ]
        for client in clients:
            client.dial()
        yield clients


def workers(server: Server) -> dict[int, int]:
    """Return the process id of each worker, by its number."""
    assert server._process is not None
    parent = server._process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    words = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in children}
    return {
        int(line[line.index(b"l2tpsec.service") + 1]): pid
        for pid, line in words.items()
        if b"l2tpsec.service" in line
    }


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
