"""Settings as a TOML file: scalars and lists look there as they do in JSON."""

import json
from collections.abc import Mapping
from typing import Any

Sections = Mapping[str, Mapping[str, Any]]


def toml(sections: Sections) -> str:
    """Write a configuration file."""
    lines = []
    for section, entries in sections.items():
        lines += [
            f"[{section}]",
            *(f"{key} = {_value(entry)}" for key, entry in entries.items()),
            "",
        ]
    return "\n".join(lines)


def _value(entry: Any) -> str:  # noqa: ANN401 - whatever a file may hold
    if isinstance(entry, Mapping):
        pairs = (f"{json.dumps(key)} = {_value(inner)}" for key, inner in entry.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(entry, list):
        return "[" + ", ".join(map(_value, entry)) + "]"
    return json.dumps(entry)
