"""What changes for a user whose session goes on."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Filter, Rate


@dataclass(frozen=True, slots=True)
class Change:
    """New limits: None leaves one as it is, 0 seconds, no rules or a rate of 0 take it away.

    Timeouts count from where they did: a session's from its beginning. `renews` and `state` are
    those of a Grant.
    """

    session_timeout_seconds: int | None = None
    idle_timeout_seconds: int | None = None
    interim_interval_seconds: int | None = None
    filter: Filter | None = None
    up: Rate | None = None
    down: Rate | None = None
    classes: tuple[bytes, ...] | None = None
    renews: bool | None = None
    state: bytes | None = None

    @property
    def words(self) -> str:
        """The new limits, for people."""
        named = ((row.name, getattr(self, row.name)) for row in fields(self))
        changed = [_WORDS.get(name, _seconds)(name, new) for name, new in named if new is not None]
        return ", ".join(text for text in changed if text) or "nothing"

    def applied(self, grant: Grant) -> Grant:
        """Return what is allowed from now on."""
        changed = {
            row.name: value
            for row in fields(self)
            if (value := getattr(self, row.name)) is not None
        }
        return replace(grant, **changed)


def difference(old: Grant, new: Grant) -> str:
    """Say in words what a session's new limits change beside its timeout and what follows it."""
    names = [row.name for row in fields(Change) if row.name not in _OF_THE_TIMEOUT]
    differing = {
        name: getattr(new, name) for name in names if getattr(old, name) != getattr(new, name)
    }
    change = Change(**{name: value for name, value in differing.items() if value is not None})
    gone = [f"no {_plain(name)}" for name, value in differing.items() if value is None]
    return ", ".join([*([change.words] if change != Change() else []), *gone])


def _plain(name: str) -> str:
    return name.removesuffix("_seconds").replace("_", " ")


def _seconds(name: str, value: object) -> str:
    return f"{_plain(name)} {value} s"


def _filter(name: str, value: object) -> str:
    rules = value.rules if isinstance(value, Filter) else ()
    return f"{name} {value.name}" if isinstance(value, Filter) and rules else f"no {name}"


_OF_THE_TIMEOUT = ("session_timeout_seconds", "renews", "state")

_WORDS: dict[str, Callable[[str, object], str]] = {
    "filter": _filter,
    "up": lambda _, rate: f"rate up {rate} bit/s",
    "down": lambda _, rate: f"rate down {rate} bit/s",
    "classes": lambda *_: "class",
    "renews": lambda _, renews: "renewal" if renews else "no renewal",
    "state": lambda *_: "",
}
