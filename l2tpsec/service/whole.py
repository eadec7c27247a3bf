"""Several workers as one server: their sessions, figures and verdicts put together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from l2tpsec.observe.metrics import METRICS, Snapshot
from radius.dynamic import ErrorCause

Row = dict[str, object]

_COUNTERS = tuple(row.attribute for row in METRICS if row.kind == "counter")


def packed(snapshot: Snapshot) -> Row:
    """Write figures as JSON can hold them."""
    return {row.name: _packed(getattr(snapshot, row.name)) for row in fields(snapshot)}


def _packed(value: object) -> object:
    if isinstance(value, Mapping):
        return [[*key, count] for key, count in value.items()]
    return value


def unpacked(figures: object) -> Snapshot:
    """Read figures that another worker has packed."""
    known = figures if isinstance(figures, dict) else {}
    return Snapshot(**{name: _unpacked(value) for name, value in known.items()})


def _unpacked(value: Any) -> Any:  # noqa: ANN401 - a number, or a table of them
    return {tuple(key): count for *key, count in value} if isinstance(value, list) else value


def total(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Add figures up."""
    sums: dict[str, Any] = {}
    for snapshot in snapshots:
        for row in fields(snapshot):
            value = getattr(snapshot, row.name)
            sums[row.name] = _added(sums.get(row.name), value)
    return Snapshot(**sums)


def _added(sum_: Any, value: Any) -> Any:  # noqa: ANN401 - the same
    if isinstance(value, Mapping):
        both = Counter(sum_ or {})
        both.update(value)
        return both
    return (sum_ or 0) + value


class Figures:
    """Figures of all workers. A counter never falls: what a dead worker last told still counts."""

    def __init__(self) -> None:
        self._past = Snapshot()
        self._latest: dict[int, Snapshot] = {}

    def take(self, worker: int, snapshot: Snapshot) -> None:
        """Take a worker's figures in place of its earlier ones."""
        self._latest[worker] = snapshot

    def bury(self, worker: int) -> None:
        """Keep a dead worker's counters, and nothing else of it."""
        last = self._latest.pop(worker, Snapshot())
        counted = {name: getattr(last, name) for name in _COUNTERS}
        self._past = total([self._past, replace(Snapshot(), **counted)])

    def whole(self, uptime_seconds: float) -> Snapshot:
        """Return the figures of the server."""
        return replace(total([self._past, *self._latest.values()]), uptime_seconds=uptime_seconds)


def disconnected(parts: Iterable[object]) -> dict[str, list[int]]:
    """Put the numbers of all ended sessions in one list."""
    lists = [part.get("disconnected", []) for part in parts if isinstance(part, dict)]
    return {"disconnected": sorted(number for numbers in lists for number in numbers)}


def newest(parts: Iterable[object]) -> list[Row]:
    """Put the last dial-ins at all workers in one list, the newest first."""
    rows = [row for part in parts for row in cast("list[Row]", part)]
    return sorted(rows, key=lambda row: str(row["time"]), reverse=True)


_LEAST_TELLING = (ErrorCause.NAS_IDENTIFICATION_MISMATCH, ErrorCause.SESSION_CONTEXT_NOT_FOUND)
"""Refusals of who has no session that is meant: whoever says something else knows better."""


_NOBODY = ErrorCause.SESSION_CONTEXT_NOT_FOUND, "no worker is running, nor is any session"


def silence(worker: int) -> list[object]:
    """Return what stands for a worker's judgement of an order until it has judged."""
    return [int(ErrorCause.RESOURCES_UNAVAILABLE), f"worker {worker} does not answer"]


def verdict(parts: Iterable[object]) -> tuple[ErrorCause | None, str]:
    """Judge an order of RADIUS by what all workers made of it: obeyed if one has obeyed."""
    answers = [cast("list[Any]", part) for part in parts]
    if any(cause is None for cause, _ in answers):
        return None, ""
    refusals = [(ErrorCause(cause), str(text)) for cause, text in answers]
    return max(refusals, key=lambda row: _weight(row[0]), default=_NOBODY)


def _weight(cause: ErrorCause) -> int:
    return _LEAST_TELLING.index(cause) if cause in _LEAST_TELLING else len(_LEAST_TELLING)
