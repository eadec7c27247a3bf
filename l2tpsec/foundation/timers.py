"""The timers of one machine: a name, a moment; nothing runs by itself."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Timers(Generic[Name]):
    """Named moments in seconds of the injected clock.

    A tuple, the nearest first: a machine has few timers, a box very many machines.
    """

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: tuple[tuple[float, Name], ...] = ()

    def set(self, name: Name, when: float) -> None:
        """Arm `name` for `when`, in place of what it was armed for."""
        self.cancel(name)
        self._rows = tuple(sorted((*self._rows, (when, name)), key=_moment))

    def cancel(self, name: Name) -> None:
        """Disarm `name`; no harm if it was not armed."""
        if self._rows:
            self._rows = tuple([row for row in self._rows if row[1] != name])

    def clear(self) -> None:
        """Disarm all."""
        self._rows = ()

    @property
    def deadline(self) -> float | None:
        """The nearest moment, or None when nothing is armed."""
        return self._rows[0][0] if self._rows else None

    def due(self, now: float) -> list[Name]:
        """Disarm and return the names whose moment has come, earliest first."""
        names = [name for when, name in self._rows if when <= now]
        if names:
            self._rows = self._rows[len(names) :]
        return names


def _moment(row: tuple[float, object]) -> float:
    return row[0]
