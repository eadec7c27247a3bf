"""Dial-ins over real sockets without a guest: the bench's caller, one for each user of a test."""

import os
import select
import time
from collections.abc import Callable
from ipaddress import IPv4Address

from l2tpsec.bench.caller import Account, Caller
from l2tpsec.bench.calling import Line
from l2tpsec.bench.contender import CBC, ECP256
from l2tpsec.bench.ground import DISCARD, SERVER_ADDRESS, Ground
from l2tpsec.bench.initiator import Offer
from l2tpsec.protocols.ike.policy import Policy
from l2tpsec.protocols.inet import ipv4, udp
from tests.interop.lab.waiting import PATIENCE_SECONDS, LabError

POLICY = Policy.of([ECP256], [CBC])
PSK = "of the telephone exchange"
_HEADERS_OCTETS = 28


class Telephone:
    """Makes calls; all that are not hung up are attended to whenever one waits."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._lines: list[Line] = []

    def call(self, user: str, password: str = "") -> Line:
        """Begin a call; the password is the name with "'s word" behind unless one is given."""
        word = password or f"{user}'s word"
        offer = Offer(SERVER_ADDRESS, PSK.encode(), POLICY.suites[0], POLICY.transforms[0])
        account = Account(offer, user.encode(), word)
        line = Line(account, Caller(account, os.urandom), self._ground.client_socket())
        self._lines.append(line)
        line.send(line.caller.start(time.monotonic()))
        return line

    def connect(self, user: str) -> Line:
        """Call, and wait until IP may flow."""
        line = self.call(user)
        self.until(lambda: line.caller.up, f"{user} to be connected")
        return line

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Attend to all calls until something holds."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > limit:
                callers = [line.caller for line in self._lines]
                stages = "\n".join(f"{each.stage} {each.failure}" for each in callers)
                raise LabError(f"waited in vain for {what}\n{stages}")
            self._attend()

    def _attend(self) -> None:
        readable, _, _ = select.select([line.socket for line in self._lines], [], [], 0.02)
        for line in list(self._lines):
            now = time.monotonic()
            if line.socket in readable:
                line.readable(now)
            line.send(line.caller.expire(now))

    def hang_up(self, line: Line) -> None:
        """Take leave."""
        line.send(line.caller.hang_up(time.monotonic()))
        self.forget(line)

    def forget(self, line: Line) -> None:
        """Be gone without a word."""
        self._lines.remove(line)
        line.socket.close()

    def send(self, line: Line, gateway: str, count: int, octets: int) -> None:
        """Send packets of so many octets to the server's own address."""
        packet = self._packet(line, IPv4Address(gateway), octets)
        for _ in range(count):
            line.send([(4500, line.caller.packet(packet))])

    @staticmethod
    def _packet(line: Line, gateway: IPv4Address, octets: int) -> bytes:
        source = line.caller.ppp.address
        datagram = udp.Udp(DISCARD, DISCARD, bytes(octets - _HEADERS_OCTETS))
        payload = udp.encode(datagram, source.packed, gateway.packed)
        return ipv4.encode(ipv4.Ipv4(udp.PROTOCOL, source.packed, gateway.packed, payload))

    def receive(self, line: Line, count: int, octets: int) -> None:
        """Let the server's host send packets of so many octets to the client."""
        address = str(line.caller.ppp.address)
        with self._ground.server_socket() as sock:
            for _ in range(count):
                sock.sendto(bytes(octets - _HEADERS_OCTETS), (address, DISCARD))

    def close(self) -> None:
        """Forget all."""
        for line in list(self._lines):
            self.forget(line)
