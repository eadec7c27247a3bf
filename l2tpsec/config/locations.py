"""Which line of a TOML file a key stands on, for messages; `tomllib` does not tell."""

import re
from collections.abc import Iterator

from l2tpsec.config.table import Keys

PART = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
NAME = rf"({PART}(?:\s*\.\s*{PART})*)"
HEADER = re.compile(rf"\s*(\[\[?)\s*{NAME}\s*\]")
KEY = re.compile(rf"\s*{NAME}\s*=")


class Locations:
    """Answers from one pass over the text; a value inside an inline table is found by its name."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._known: dict[Keys, int] = {}
        for keys, line in _scan(self._lines):
            self._known.setdefault(keys, line)

    def line(self, keys: Keys) -> int:
        """Return the line of `keys`, or of the nearest table around it; 1 when there is none."""
        for length in range(len(keys), 0, -1):
            if (line := self._known.get(keys[:length])) is not None:
                return line if length == len(keys) else self._below(line, keys[-1])
        return 1

    def _below(self, line: int, key: str | int) -> int:
        if isinstance(key, int):
            return line
        inline = re.compile(rf"[\s{{,]\"?{re.escape(key)}\"?\s*=")
        for number, text in enumerate(self._lines[line - 1 :], line):
            if inline.search(text):
                return number
        return line


def _scan(lines: list[str]) -> Iterator[tuple[Keys, int]]:
    table: Keys = ()
    counts: dict[Keys, int] = {}
    for number, text in enumerate(lines, 1):
        if header := HEADER.match(text):
            table = _parts(header[2])
            yield table, number
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
                yield table, number
        elif key := KEY.match(text):
            yield (*table, *_parts(key[1])), number


def _parts(name: str) -> Keys:
    return tuple(part.strip("\"'") for part in re.findall(PART, name))
