"""How many things are in all the tables that can be reached from some objects."""

from collections import deque
from collections.abc import Iterator

_OURS = ("l2tpsec.", "radius.")
_PLAIN = (str, bytes, int, float, bool, type(None))


def census(*roots: object) -> dict[str, int]:
    """Count entries of tables under `roots`, by the attribute they are in."""
    counts: dict[str, int] = {}
    seen: set[int] = set()
    waiting = [("", root) for root in roots]
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, _PLAIN) or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, (dict, list, set, deque)):
            counts[name] = counts.get(name, 0) + len(thing)
        waiting.extend(_parts(name, thing))
    return counts


def _parts(name: str, thing: object) -> Iterator[tuple[str, object]]:
    if isinstance(thing, dict):
        for pair in thing.items():
            yield from ((name, part) for part in pair)
    elif isinstance(thing, (list, set, tuple, frozenset, deque)):
        yield from ((name, part) for part in thing)
    elif type(thing).__module__.startswith(_OURS):
        kind = type(thing).__name__
        for attribute in _attributes(thing):
            value = getattr(thing, attribute, None)
            yield f"{kind}.{attribute}", value


def _attributes(thing: object) -> Iterator[str]:
    yield from getattr(thing, "__dict__", {})
    for cls in type(thing).__mro__:
        slots = getattr(cls, "__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
