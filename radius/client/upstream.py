"""One server port as the client knows it: its health, and which identifiers are in use."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from radius.packet import Packet

if TYPE_CHECKING:
    from radius.client.effects import Address
    from radius.client.exchange import Exchange

_IDENTIFIERS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One datagram under one identifier; answers may be late, so it lives as its exchange does."""

    exchange: "Exchange"
    upstream: "Upstream"
    slot: int
    request: Packet


@dataclass(slots=True, eq=False)
class Upstream:
    """A server's authentication or accounting port."""

    destination: "Address"
    secret: bytes = field(repr=False)
    slots: int
    signature_required: bool = True
    dead_until: float | None = None
    heard_at: float = float("-inf")
    attempts: dict[tuple[int, int], Attempt] = field(default_factory=dict, repr=False)
    _cursor: int = 0

    def __str__(self) -> str:
        address, port = self.destination
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    @property
    def capacity(self) -> int:
        """How many requests it can have in flight."""
        return self.slots * _IDENTIFIERS

    def alive(self, now: float) -> bool:
        """Tell whether it may be asked: it answers, or its dead time is over."""
        return self.dead_until is None or now >= self.dead_until

    def free(self) -> tuple[int, int] | None:
        """Return an unused (slot, identifier), the least recently used one, or None."""
        if len(self.attempts) >= self.capacity:
            return None
        while True:
            self._cursor = (self._cursor + 1) % self.capacity
            place = (self._cursor % self.slots, self._cursor // self.slots)
            if place not in self.attempts:
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
