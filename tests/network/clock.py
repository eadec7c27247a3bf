"""A clock that jumps from event to event; nothing waits, and every run is the same."""

import heapq
from collections.abc import Callable, Hashable

Action = Callable[[], None]


class Clock:
    """`now` in seconds. Events of one moment happen in the order of their planning."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._queue: list[tuple[float, int, Hashable, Action]] = []
        self._armed: dict[Hashable, tuple[int, float]] = {}
        self._tie = 0

    def later(self, seconds: float, action: Action) -> None:
        """Do something once."""
        self._push(self.now + seconds, None, action)

    def arm(self, key: Hashable, when: float | None, action: Action) -> None:
        """Set the only alarm of `key`, in place of the one before; None: none."""
        before = self._armed.pop(key, None)
        if when is None:
            return
        if before is not None and before[1] == when:
            self._armed[key] = before
            return
        self._push(max(when, self.now), key, action)
        self._armed[key] = (self._tie, when)

    def _push(self, when: float, key: Hashable, action: Action) -> None:
        self._tie += 1
        heapq.heappush(self._queue, (when, self._tie, key, action))

    def run(
        self, seconds: float, until: Callable[[], bool] | None = None, steps: int = 2_000_000
    ) -> bool:
        """Let time pass, at most up to the moment when `until` holds; tell whether it does."""
        end = self.now + seconds
        for _ in range(steps):
            if until is not None and until():
                return True
            if not self._queue or self._queue[0][0] > end:
                self.now = end
                return until is not None and until()
            when, tie, key, action = heapq.heappop(self._queue)
            if key is not None and self._armed.get(key, (0, 0.0))[0] != tie:
                continue
            self._armed.pop(key, None)
            self.now = when
            action()
        raise AssertionError("the world never comes to rest")
