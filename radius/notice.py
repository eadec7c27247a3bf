"""What a RADIUS engine has to say to the administrator."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a notice matters; the names are those of `logging`, in small letters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Noted:
    """A fact worth a log line; never holds a secret, and foreign text only through `printable`."""

    level: Level
    text: str


def printable(text: object) -> str:
    """Return a peer's text fit for a log line: on one line, ASCII, at most 64 characters."""
    line = str(text).encode("unicode_escape", "backslashreplace").decode("ascii")
    return line if len(line) <= 64 else line[:61] + "..."


class Tally:
    """Counts recurring facts and speaks at the 1st, 2nd, 4th, 8th ... so that a flood cannot.

    Kinds are chosen by the engine, never by a peer, so the table stays small.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def note(self, kind: str, text: str) -> list[Noted]:
        """Count one more of a kind; return what to say about it, mostly nothing."""
        count = self.counts[kind] = self.counts.get(kind, 0) + 1
        if count & (count - 1):
            return []
        return [Noted(Level.WARNING, f"{text} ({count} so far)" if count > 1 else text)]
