"""Waiting for a condition: the only way in which the laboratory lets time pass."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from l2tpsec.bench import waiting
from l2tpsec.bench.waiting import SetupError, tail, text

__all__ = ["PATIENCE_SECONDS", "LabError", "tail", "text", "until", "until_logged"]

LabError = SetupError
T = TypeVar("T")

# What comes at all is there in seconds, but a machine may be slow and do much else.
PATIENCE_SECONDS = 90.0


def until(
    probe: Callable[[], T | None],
    what: str,
    logs: Callable[[], str] = str,
    seconds: float = PATIENCE_SECONDS,
) -> T:
    """Return the first true answer of `probe`; LabError with `logs` after `seconds`."""
    return waiting.until(probe, seconds, what, logs)


def until_logged(
    path: Path, pattern: str, *, start: int = 0, seconds: float = PATIENCE_SECONDS
) -> re.Match[str]:
    """Return the first match of `pattern` in a log, looking from octet `start` on."""
    expression = re.compile(pattern)
    return until(
        lambda: expression.search(text(path, start)), repr(pattern), lambda: tail(path), seconds
    )
