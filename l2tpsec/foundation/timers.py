"""The timers of one machine: a name, a moment; nothing runs by itself."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Timers(Generic[Name]):
    """Named moments in seconds of the injected clock."""

    __slots__ = ("_when",)

    def __init__(self) -> None:
        self._when: dict[Name, float] = {}

    def set(self, name: Name, when: float) -> None:
        """Arm `name` for `when`, in place of what it was armed for."""
        self._when[name] = when

    def cancel(self, name: Name) -> None:
        """Disarm `name`; no harm if it was not armed."""
        self._when.pop(name, None)

    def clear(self) -> None:
        """Disarm all."""
        self._when.clear()

    @property
    def deadline(self) -> float | None:
        """The nearest moment, or None when nothing is armed."""
        return min(self._when.values(), default=None)

    def due(self, now: float) -> list[Name]:
        """Disarm and return the names whose moment has come, earliest first."""
        names = sorted((n for n, w in self._when.items() if w <= now), key=self._when.__getitem__)
        for name in names:
            del self._when[name]
        return names
