"""Anti-replay window (RFC 4303 section 3.4.3) as a ring that remembers sequence numbers, not bits.

A slot that holds another number was simply not seen in this round, so nothing is ever shifted or
cleared.
"""

from array import array

WINDOW_PACKETS = 1024
"""RFC 4303 asks for 32 and prefers 64.

A gigabit path that reorders across queues needs far more.
"""

_MASK = WINDOW_PACKETS - 1


class ReplayWindow:
    """Sequence numbers of one inbound SA; `highest` is the newest one authenticated so far."""

    __slots__ = ("_seen", "highest")

    def __init__(self) -> None:
        self._seen = array("I", bytes(4 * WINDOW_PACKETS))
        self.highest = 0

    def stale(self, sequence: int) -> bool:
        """Tell whether `sequence` was seen or is too old to know; 0 is never valid."""
        if sequence > self.highest:
            return False
        return self.highest - sequence >= WINDOW_PACKETS or self._seen[sequence & _MASK] == sequence

    def note(self, sequence: int) -> None:
        """Remember an authenticated `sequence` that was not stale."""
        self._seen[sequence & _MASK] = sequence
        if sequence > self.highest:  # noqa: PLR1730 - max() costs thrice as much, once a packet
            self.highest = sequence
