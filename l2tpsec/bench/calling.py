"""Many callers on real sockets: dial-ins a second, what they cost, how much memory a session is."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from l2tpsec.bench.caller import Account, Caller, Datagram
from l2tpsec.bench.contender import Contender, Usage
from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from l2tpsec.bench.initiator import Offer
from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.policy import Policy

CALL_SECONDS = 20.0
MOST_REPEATS = 3
MOST_REDIALS = 3
_EXPIRY_SECONDS = 0.1


@dataclass
class Line:
    """A caller and its socket."""

    account: Account
    caller: Caller
    socket: socket.socket
    redials: int = 0

    def send(self, datagrams: list[Datagram]) -> None:
        """Send to the server; what does not fit the buffer is lost, and sent again in time."""
        for port, data in datagrams:
            with contextlib.suppress(BlockingIOError):
                self.socket.sendto(data, (SERVER_ADDRESS, port))

    def readable(self, now: float) -> None:
        """Take what has come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (_, port) = self.socket.recvfrom(65535)
                self.send(self.caller.receive(port, data, now))


@dataclass(frozen=True)
class Calls:
    """What a batch of dial-ins took; seconds each, and processor seconds of both sides."""

    seconds: list[float]
    elapsed: float
    server_cpu: float
    own_cpu: float
    other_cpu: float
    octets_a_session: float
    redials: int

    @property
    def rate(self) -> float:
        """Dial-ins a second."""
        return len(self.seconds) / self.elapsed

    def within(self, percent: int) -> float:
        """Return the seconds in which so many of them were up."""
        return sorted(self.seconds)[(len(self.seconds) - 1) * percent // 100]


class CallError(Exception):
    """A dial-in failed; the text says whose and where it stood."""


class Exchange:
    """All lines of a run; `dial` brings up more, and they stay until `hang_up`."""

    def __init__(
        self, ground: Ground, contender: Contender, patience_seconds: float = CALL_SECONDS
    ) -> None:
        """Take a call for failed that is not up after `patience_seconds`."""
        self.lines: list[Line] = []
        self._patience_seconds = patience_seconds
        self._ground = ground
        self._contender = contender
        self._poll = select.epoll()
        self._by_descriptor: dict[int, Line] = {}
        self._dialling: set[int] = set()

    def dial(self, count: int, together: int, suite: str, transform: str) -> Calls:
        """Dial `count` times, `together` at once; CallError when one fails."""
        return self._called(count, lambda: len(self._dialling) < together, suite, transform)

    def offer(self, count: int, a_second: float, suite: str, transform: str) -> Calls:
        """Dial `count` times, so many a second, however long each takes; CallError as above."""
        start, before = time.monotonic(), len(self.lines)

        def due() -> bool:
            return len(self.lines) - before <= (time.monotonic() - start) * a_second

        return self._called(count, due, suite, transform, 1 / a_second)

    def _called(
        self, count: int, due: Callable[[], bool], suite: str, transform: str, *wait: float
    ) -> Calls:
        account = self._account(suite, transform)
        process = self._contender.process
        fresh: list[Line] = []
        resident, sessions = process.resident_octets(), len(self.lines)
        usage, start = Usage(process), time.monotonic()

        def more() -> bool:
            while len(fresh) < count and due():
                fresh.append(self._line(account))
            return bool(self._dialling) or len(fresh) < count

        self.run(more, *wait)
        elapsed = time.monotonic() - start
        grown = process.resident_octets() - resident
        return Calls(
            [line.caller.finished - line.caller.started for line in fresh],
            elapsed,
            *usage.since(),
            grown / max(1, len(self.lines) - sessions),
            sum(line.redials for line in fresh),
        )

    def _account(self, suite: str, transform: str) -> Account:
        who = self._contender
        policy = Policy.of([suite], [transform])
        offer = Offer(SERVER_ADDRESS, who.psk, policy.suites[0], policy.transforms[0])
        return Account(offer, who.user, who.password)

    def _line(self, account: Account) -> Line:
        line = Line(account, Caller(account, os.urandom), self._ground.client_socket())
        self.lines.append(line)
        self._dial(line, time.monotonic())
        return line

    def _dial(self, line: Line, now: float) -> None:
        descriptor = line.socket.fileno()
        self._by_descriptor[descriptor] = line
        self._dialling.add(descriptor)
        self._poll.register(line.socket, select.EPOLLIN)
        line.send(line.caller.start(now))

    def _redial(self, line: Line, why: str) -> None:
        """Begin again: a server that forgets leading zeros in a key fails one dial-in of 256."""
        self._dialling.discard(line.socket.fileno())
        del self._by_descriptor[line.socket.fileno()]
        self._poll.unregister(line.socket)
        line.socket.close()
        line.redials += 1
        if line.redials > MOST_REDIALS:
            self.lines.remove(line)
            raise CallError(self._story(line, why))
        started = line.caller.started
        line.caller, line.socket = Caller(line.account, os.urandom), self._ground.client_socket()
        self._dial(line, started)

    def run(self, more: Callable[[], bool], longest_wait: float = _EXPIRY_SECONDS) -> None:
        """Carry datagrams as long as `more` says so."""
        expiry = 0.0
        while more():
            for descriptor, _ in self._poll.poll(longest_wait):
                line = self._by_descriptor[descriptor]
                try:
                    line.readable(time.monotonic())
                except Malformed as error:
                    self._redial(line, error.reason)
                if line.caller.up:
                    self._dialling.discard(descriptor)
            now = time.monotonic()
            if now >= expiry:
                expiry = now + _EXPIRY_SECONDS
                self._expire(now)

    def _expire(self, now: float) -> None:
        for line in [self._by_descriptor[descriptor] for descriptor in self._dialling]:
            line.send(line.caller.expire(now))
            if line.caller.repeats > MOST_REPEATS:
                self._redial(line, "no answer")
            if line.caller.failure or now - line.caller.started > self._patience_seconds:
                raise CallError(self._story(line, line.caller.failure or "no session in time"))

    def _story(self, line: Line, why: str) -> str:
        return f"{self._contender.name}: a dial-in failed in {line.caller.stage}: {why}"

    def hang_up(self) -> None:
        """End all calls and forget them; what the server still says goes unheard."""
        for line in self.lines:
            line.send(line.caller.hang_up(time.monotonic()) if line.caller.up else [])
            self._poll.unregister(line.socket)
            line.socket.close()
        self.lines.clear()
        self._by_descriptor.clear()
        self._dialling.clear()

    def close(self) -> None:
        """Hang up and end."""
        self.hang_up()
        self._poll.close()
