"""The nearest deadline among very many machines: a heap with lazy deletion."""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

MOST_AT_ONCE = 32
"""Keys that come due in one turn: some milliseconds of work at most."""

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    """Keeps one moment for each key; O(log n) to change, O(1) to look."""

    __slots__ = ("_heap", "_tie", "_when")

    def __init__(self) -> None:
        self._when: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._tie = 0

    def __len__(self) -> int:
        return len(self._when)

    def put(self, key: Key, when: float | None) -> None:
        """Set the moment of `key`; None forgets it."""
        if when is None:
            self._when.pop(key, None)
        elif self._when.get(key) != when:
            self._when[key] = when
            self._tie += 1
            heapq.heappush(self._heap, (when, self._tie, key))
        if len(self._heap) > 64 + 4 * len(self._when):
            self._rebuild()

    def _rebuild(self) -> None:
        self._heap = [(when, tie, key) for tie, (key, when) in enumerate(self._when.items())]
        self._tie = len(self._heap)
        heapq.heapify(self._heap)

    def _drop_stale(self) -> None:
        heap = self._heap
        while heap and self._when.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)

    @property
    def deadline(self) -> float | None:
        """The nearest moment, or None when nothing waits."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[Key]:
        """Forget and return the keys whose moment has come, earliest first, a few at a time.

        The others stay overdue, so that whoever waits for `deadline` asks again at once, and lets
        traffic pass in between.
        """
        keys: list[Key] = []
        while len(keys) < MOST_AT_ONCE and (deadline := self.deadline) is not None:
            if deadline > now:
                break
            key = heapq.heappop(self._heap)[2]
            del self._when[key]
            keys.append(key)
        return keys
