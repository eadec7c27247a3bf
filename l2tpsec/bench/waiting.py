"""Waiting for something on this machine, and what is told when it does not come."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PROBE_SECONDS = 0.05


class SetupError(Exception):
    """Something real did not do what is needed; the message carries the logs that say why."""


def until(
    probe: Callable[[], T | None], seconds: float, what: str, logs: Callable[[], str] = str
) -> T:
    """Return the first true answer of `probe`; SetupError with `logs` after `seconds`."""
    limit = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > limit:
            raise SetupError(f"waited {seconds:g} s in vain for {what}\n{logs()}")
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
