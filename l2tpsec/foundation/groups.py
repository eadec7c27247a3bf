"""Numbers by key, at little cost for the many keys that have but one."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Groups(Generic[Key]):
    """Each number is in one group at most; a group has them in the order of their coming."""

    __slots__ = ("_groups", "_keys")

    def __init__(self) -> None:
        self._groups: dict[Key, int | dict[int, None]] = {}
        self._keys: dict[int, Key] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, number: int) -> bool:
        return number in self._keys

    def key(self, number: int) -> Key | None:
        """Return the key of a number's group."""
        return self._keys.get(number)

    def add(self, key: Key, number: int) -> None:
        """Put a number into a group, out of the one where it has been."""
        self.remove(number)
        self._keys[number] = key
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = number
        elif isinstance(group, dict):
            group[number] = None
        else:
            self._groups[key] = {group: None, number: None}

    def remove(self, number: int) -> None:
        """Take a number out of its group, if it is in one."""
        key = self._keys.pop(number, None)
        if key is None:
            return
        group = self._groups[key]
        if isinstance(group, dict):
            del group[number]
        if not isinstance(group, dict) or not group:
            del self._groups[key]

    def count(self, key: Key) -> int:
        """Return how many numbers a group has."""
        group = self._groups.get(key)
        return len(group) if isinstance(group, dict) else int(group is not None)

    def of(self, key: Key) -> list[int]:
        """Return the numbers of a group."""
        group = self._groups.get(key)
        if group is None:
            return []
        return list(group) if isinstance(group, dict) else [group]
