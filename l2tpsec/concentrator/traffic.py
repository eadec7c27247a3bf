"""What all sessions carried, summed a few at a time.

Sessions are counted in the order of their numbers. What one carries after its turn, and whoever
comes later, is in the next sum: no sum is below an earlier one.
"""

import contextlib
from collections.abc import Iterator

from l2tpsec.model.counters import Counters


class Sum:
    """One that is under way; `total` is right when all that are there have been counted."""

    __slots__ = ("_at", "total")

    def __init__(self, total: Counters) -> None:
        self.total = total
        self._at = 0

    def count(self, number: int, counters: Counters) -> None:
        """Add a session, whose number is above those counted before."""
        self._at = number
        self.total = self.total.plus(counters)

    def ended(self, number: int, counters: Counters) -> None:
        """Add a session that has ended before its turn."""
        if number > self._at:
            self.total = self.total.plus(counters)


class Traffic:
    """Keeps what sessions that are over have carried."""

    def __init__(self) -> None:
        self._ended = Counters()
        self._sums: list[Sum] = []

    def ended(self, number: int, counters: Counters) -> None:
        """Keep what a session has carried that is over now."""
        self._ended = self._ended.plus(counters)
        for each in self._sums:
            each.ended(number, counters)

    @contextlib.contextmanager
    def sum(self) -> Iterator[Sum]:
        """Begin a sum, which hears of sessions that end meanwhile."""
        begun = Sum(self._ended)
        self._sums.append(begun)
        try:
            yield begun
        finally:
            self._sums.remove(begun)
