"""One server port as the client knows it: its health, and which identifiers are in use."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from radius.client.effects import STREAM, Address
from radius.client.stream import State, Stream
from radius.packet import Packet

if TYPE_CHECKING:
    from radius.client.exchange import Exchange

_IDENTIFIERS = 256
_TRUSTED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One packet under one identifier; answers may be late, so it lives as its exchange does.

    Without an exchange it is a Status-Server. It keeps the secret that it was signed with.
    """

    exchange: "Exchange | None"
    upstream: "Upstream"
    slot: int
    request: Packet
    secret: bytes = field(repr=False)

    @property
    def latest(self) -> bool:
        """Tell whether its exchange waits for this one first of all."""
        return self.exchange is not None and self.exchange.attempts[-1] is self


@dataclass(slots=True, eq=False)
class Upstream:
    """A server's authentication or accounting port, or its TLS port, which serves as both.

    `due` is when it wants attention; once `retired`, it is asked nothing new. `events` counts what
    was sent and what came of it, by names that the engine chooses.
    """

    destination: Address
    secret: bytes = field(repr=False)
    slots: int
    signature_required: bool = True
    weight: int = 1
    stream: Stream | None = None
    dead_until: float | None = None
    heard_at: float = float("-inf")
    probe_answered_at: float = float("-inf")
    probe: Attempt | None = None
    due: float | None = None
    retired: bool = False
    attempts: dict[tuple[int, int], Attempt] = field(default_factory=dict, repr=False)
    events: Counter[str] = field(default_factory=Counter, repr=False)
    _cursor: int = 0

    def __str__(self) -> str:
        address, port = self.destination
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    @property
    def capacity(self) -> int:
        """How many requests it can have in flight."""
        return self.slots * _IDENTIFIERS

    @property
    def reachable(self) -> bool:
        """Tell whether a packet can be sent: always over UDP, or over a connection that is up."""
        return self.stream is None or self.stream.state is State.UP

    def alive(self, now: float) -> bool:
        """Tell whether it may be asked: it answers, or its dead time is over."""
        return self.reachable and (self.dead_until is None or now >= self.dead_until)

    def free(self) -> tuple[int, int] | None:
        """Return an unused (slot, identifier), the least recently used one, or None."""
        if len(self.attempts) >= self.capacity:
            return None
        while True:
            self._cursor = (self._cursor + 1) % self.capacity
            slot = self._cursor % self.slots if self.stream is None else STREAM
            if (place := (slot, self._cursor // self.slots)) not in self.attempts:
                return place

    def heard(self, now: float) -> bool:
        """Take note of a verified reply; tell whether the server was thought dead."""
        was_dead, self.dead_until, self.heard_at = self.dead_until is not None, None, now
        return was_dead

    def silent(self, since: float, now: float, dead_seconds: float) -> bool:
        """Declare it dead unless it answered anybody since then; tell whether that is news."""
        if self.heard_at >= since:
            return False
        news = self.alive(now)
        self.dead_until = now + dead_seconds
        return news

    def probe_lost(self, now: float, dead_seconds: float) -> None:
        """Stay dead if it is known to answer Status-Server; another may be tried in earnest."""
        if self.dead_until is not None and now - self.probe_answered_at < _TRUSTED_SECONDS:
            self.dead_until = now + dead_seconds
