"""Waiting for a condition: the only way in which the laboratory lets time pass."""

import re
from pathlib import Path

from l2tpsec.bench.waiting import SetupError, tail, text, until

__all__ = ["LabError", "tail", "text", "until", "until_logged"]

LabError = SetupError


def until_logged(path: Path, pattern: str, seconds: float, start: int = 0) -> re.Match[str]:
    """Return the first match of `pattern` in a log, looking from octet `start` on."""
    expression = re.compile(pattern)
    return until(
        lambda: expression.search(text(path, start)), seconds, repr(pattern), lambda: tail(path)
    )
