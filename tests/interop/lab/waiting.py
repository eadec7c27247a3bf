"""Waiting for a condition: the only way in which the laboratory lets time pass."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PROBE_SECONDS = 0.05


class LabError(Exception):
    """Something real did not do what the test needs; the message carries the logs that say why."""


def until(
    probe: Callable[[], T | None], seconds: float, what: str, logs: Callable[[], str] = str
) -> T:
    """Return the first true answer of `probe`; LabError with `logs` after `seconds`."""
    limit = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > limit:
            raise LabError(f"waited {seconds:g} s in vain for {what}\n{logs()}")
        time.sleep(PROBE_SECONDS)
    return answer


def text(path: Path, start: int = 0) -> str:
    """Return what a log holds from octet `start` on; a log that is not there yet holds nothing."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(start)
        return log.read().decode(errors="replace")


def tail(path: Path, lines: int = 40) -> str:
    """Return the last lines of a log under its name."""
    return f"--- {path.name}\n" + "\n".join(text(path).splitlines()[-lines:]) + "\n"


def until_logged(path: Path, pattern: str, seconds: float, start: int = 0) -> re.Match[str]:
    """Return the first match of `pattern` in a log, looking from octet `start` on."""
    expression = re.compile(pattern)
    return until(
        lambda: expression.search(text(path, start)), seconds, repr(pattern), lambda: tail(path)
    )
