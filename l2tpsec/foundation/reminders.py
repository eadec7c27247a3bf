"""What is said again to one who shows that it has not heard: at growing intervals, not for ever."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from l2tpsec.foundation.backoff import Backoff

WAITS = Backoff(first_seconds=2, cap_seconds=60, attempts=20)
"""How long after each time the next may come; who is still in flight when it ends needs none."""

LIFE_SECONDS = 3600.0
MOST = 4096

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Kept(Generic[Value]):
    """A value, since when it is kept, how often it was said, and when it may be said again."""

    value: Value
    since: float
    said: int
    next_at: float


class Reminders(Generic[Key, Value]):
    """Values by key; of too many the oldest is forgotten, and each after an hour."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[Key, _Kept[Value]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Value | None:
        """Return what is kept, whether it is due or not."""
        kept = self._kept.get(key)
        return kept.value if kept else None

    def keep(self, key: Key, value: Value, now: float) -> None:
        """Keep what has just been said for the first time."""
        self._kept.pop(key, None)
        self._make_room(now)
        self._kept[key] = _Kept(value, now, 1, now + WAITS.first_seconds)

    def _make_room(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) < MOST and now < self._kept[oldest].since + LIFE_SECONDS:
                return
            del self._kept[oldest]

    def due(self, key: Key, now: float) -> Value | None:
        """Return what is to be said again now; None if it is too soon, or no use any more."""
        kept = self._kept.get(key)
        if kept is None or now < kept.next_at:
            return None
        kept.said += 1
        wait = WAITS.delay(kept.said)
        if wait is None or now >= kept.since + LIFE_SECONDS:
            del self._kept[key]
            return None
        kept.next_at = now + wait
        return kept.value
