"""From a TOML table to a dataclass: a field is a row with its kind; all problems are gathered."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar

from l2tpsec.config.kinds import Kind, Refused, Unfit

T = TypeVar("T")
Keys = tuple[str | int, ...]
_NAME = re.compile(r"[\w.-]{1,63}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and at which key; `keys` leads from the root of the file to it."""

    keys: Keys
    text: str
    unknown: bool = False

    @property
    def name(self) -> str:
        """The key as one would write it: `radius.servers[0].host`."""
        parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)
        return "".join(parts).removeprefix(".")


def option(kind: Kind[T], default: T, *, secret: bool = False) -> T:
    """Declare a key that may be left out; a secret stays out of reprs and messages."""
    return field(default=default, repr=not secret, metadata={"kind": kind, "secret": secret})


def required(kind: Kind[T]) -> T:
    """Declare a key that must be there."""
    declared: T = field(metadata={"kind": kind, "secret": False, "required": True})
    return declared


def section(cls: type[T]) -> T:
    """Declare a table of its own; left out, it is all defaults."""
    return field(default_factory=cls, metadata={"section": cls})


def sections(cls: type[T]) -> tuple[T, ...]:
    """Declare a list of tables."""
    empty: tuple[T, ...] = ()
    return field(default=empty, metadata={"sections": cls})


def named(cls: type[T]) -> Mapping[str, T]:
    """Declare a table of tables, whose names are the administrator's."""
    declared: Mapping[str, T] = field(default_factory=dict, metadata={"named": cls})
    return declared


def build(cls: type[T], table: Mapping[str, object], keys: Keys, found: list[Problem]) -> T | None:
    """Make a `cls` of `table`; what is unfit is appended to `found` and left at its default.

    None when a required key is missing or unfit.
    """
    rows = {row.name: row for row in fields(cls)}  # type: ignore[arg-type] # cls is a dataclass
    found.extend(_unknown(table, rows, keys))
    values = {
        name: _value(rows[name], table[name], (*keys, name), found)
        for name in table
        if name in rows
    }
    kept = {name: value for name, value in values.items() if value is not None}
    missing = [
        row.name for row in rows.values() if row.metadata.get("required") and row.name not in kept
    ]
    found.extend(Problem(keys, f"{name} is missing") for name in missing if name not in table)
    return None if missing else cls(**kept)


def _unknown(table: Mapping[str, object], names: Iterable[str], keys: Keys) -> list[Problem]:
    known = list(names)
    return [
        Problem((*keys, name), _suggestion(name, known), unknown=True)
        for name in table
        if name not in known
    ]


def placed(found: Iterable[Problem], cls: type[Any]) -> list[Problem]:
    """Say of unknown keys where they belong, if a table of `cls` has one of that name."""
    homes: dict[str, list[str]] = {}
    for row in fields(cls):
        if inner := row.metadata.get("section"):
            for key in fields(inner):
                homes.setdefault(key.name, []).append(f"[{row.name}]")
    return [_placed(problem, homes) for problem in found]


def _placed(problem: Problem, homes: Mapping[str, list[str]]) -> Problem:
    tables = homes.get(str(problem.keys[-1]), []) if problem.unknown else []
    if not tables:
        return problem
    return replace(problem, text=f"unknown key here; it belongs into {' or '.join(tables)}")


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return (
        f'unknown key; did you mean "{close[0]}"?'
        if close
        else f"unknown key; known here: {', '.join(known)}"
    )


def _value(row: Field[Any], value: object, keys: Keys, found: list[Problem]) -> object:
    if cls := row.metadata.get("section"):
        return _section(cls, value, keys, found)
    if cls := row.metadata.get("sections"):
        return _sections(cls, value, keys, found)
    if cls := row.metadata.get("named"):
        return _named(cls, value, keys, found)
    try:
        taken: object = row.metadata["kind"](value)
    except Unfit as unfit:
        shown = "" if row.metadata["secret"] else _shown(value)
        found.append(Problem(keys, f"{unfit.expected}{shown}"))
        return None
    except Refused as refused:
        found.append(Problem(keys, refused.text))
        return None
    return taken


def _section(cls: type[T], value: object, keys: Keys, found: list[Problem]) -> T | None:
    if isinstance(value, dict):
        return build(cls, value, keys, found)
    found.append(Problem(keys, "expected a table of keys and values"))
    return None


def _sections(cls: type[T], value: object, keys: Keys, found: list[Problem]) -> tuple[T, ...]:
    if not isinstance(value, list):
        name = ".".join(map(str, keys))
        found.append(Problem(keys, f"expected a list of tables: write [[{name}]]"))
        return ()
    built = (_section(cls, item, (*keys, index), found) for index, item in enumerate(value))
    return tuple(item for item in built if item is not None)


def _named(cls: type[T], value: object, keys: Keys, found: list[Problem]) -> Mapping[str, T]:
    if not isinstance(value, dict):
        found.append(Problem(keys, "expected a table of tables"))
        return {}
    built = {name: _section(cls, item, (*keys, name), found) for name, item in value.items()}
    found.extend(
        Problem((*keys, name), "expected a name of 1 to 63 letters, digits, . _ or -")
        for name in built
        if not _NAME.fullmatch(name)
    )
    return {name: item for name, item in built.items() if item is not None}


def _shown(value: object) -> str:
    # A table or a list is on the line that is named, and may hold a secret one level down.
    if isinstance(value, dict | list):
        return ""
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return f", not {shown}" if len(shown) <= 80 else f", not {shown[:77]}..."
