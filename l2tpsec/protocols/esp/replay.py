"""Anti-replay window (RFC 4303 section 3.4.3): what has not come, as bits of one number.

Most SAs miss nothing: a packet in its order then costs a comparison, and the window no memory.
"""

WINDOW_PACKETS = 1024
"""RFC 4303 asks for 32 and prefers 64.

A gigabit path that reorders across queues needs far more.
"""

_ALL = (1 << WINDOW_PACKETS) - 1


class ReplayWindow:
    """Sequence numbers of one inbound SA; `highest` is the newest one authenticated so far.

    Bit n of `_missing` says that `highest` - n has not come.
    """

    __slots__ = ("_missing", "highest")

    def __init__(self) -> None:
        self._missing = 0
        self.highest = 0

    def stale(self, sequence: int) -> bool:
        """Tell whether `sequence` was seen or is too old to know; 0 is never valid."""
        if sequence > self.highest:
            return False
        return not self._missing >> (self.highest - sequence) & 1

    def note(self, sequence: int) -> None:
        """Remember an authenticated `sequence` that was not stale."""
        ahead = sequence - self.highest
        if ahead <= 0:
            self._missing ^= 1 << -ahead
            return
        self.highest = sequence
        if ahead > 1 or self._missing:
            ahead = min(ahead, WINDOW_PACKETS)
            self._missing = (self._missing << ahead | (1 << ahead) - 2) & _ALL

    def note_run(self, first: int, count: int) -> None:
        """Remember `count` authenticated numbers from `first` on, all above `highest`."""
        self.note(first)
        self.highest += count - 1
        if self._missing:
            self._missing = self._missing << count - 1 & _ALL
