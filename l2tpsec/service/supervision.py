"""When which worker is started, without I/O: again after it died, and later each time.

At once the first time, then after 1, 2, 4 and so on to 30 seconds.
"""

from dataclasses import dataclass
from enum import Enum

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0
"""A worker that served as long has its earlier deaths forgiven."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Start the process of this worker."""

    worker: int


@dataclass(frozen=True, slots=True)
class Announce:
    """All workers accept clients, for the first time."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A worker died before all were ready: what ails it is no accident."""

    text: str


@dataclass(frozen=True, slots=True)
class Warn:
    """A line for the log."""

    text: str


Effect = Launch | Announce | GiveUp | Warn


class State(Enum):
    """Of one worker."""

    WAITING = "waiting"
    LAUNCHED = "launched"
    SERVING = "serving"


@dataclass(slots=True)
class _Worker:
    state: State = State.WAITING
    since: float = 0.0
    start_at: float | None = None
    deaths: int = 0


class Supervision:
    """Watches over `workers` processes, numbered from 0."""

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._announced = False
        self._stopping = False
        self.restarts = 0

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        moments = (worker.start_at for worker in self._workers)
        return min((m for m in moments if m is not None), default=None)

    @property
    def serving(self) -> int:
        """How many workers accept clients."""
        return sum(worker.state is State.SERVING for worker in self._workers)

    def serves(self, number: int) -> bool:
        """Tell whether this worker accepts clients."""
        return self._workers[number].state is State.SERVING

    def start(self, now: float) -> list[Effect]:
        """Start all."""
        for worker in self._workers:
            worker.start_at = now
        return self.expire(now)

    def stop(self) -> None:
        """Start none any more."""
        self._stopping = True
        for worker in self._workers:
            worker.start_at = None

    def ready(self, number: int, now: float) -> list[Effect]:
        """Hear that a worker accepts clients."""
        worker = self._workers[number]
        worker.state, worker.since = State.SERVING, now
        if self._announced:
            return [Warn(f"worker {number} accepts clients again")]
        if self.serving < len(self._workers):
            return []
        self._announced = True
        return [Announce()]

    def died(self, number: int, reason: str, now: float) -> list[Effect]:
        """Hear that a worker's process has ended; `reason` says how."""
        worker = self._workers[number]
        steady = worker.state is State.SERVING and now - worker.since >= STEADY_SECONDS
        worker.state = State.WAITING
        if self._stopping:
            return []
        if not self._announced:
            self._stopping = True
            return [GiveUp(f"worker {number} {reason} before it was ready; see the lines above")]
        worker.deaths = 1 if steady else worker.deaths + 1
        wait = _wait_seconds(worker.deaths)
        worker.start_at = now + wait
        when = f"again in {wait:.0f} s" if wait else "again now"
        return [Warn(f"worker {number} {reason}: its clients are cut off; it starts {when}")]

    def expire(self, now: float) -> list[Effect]:
        """Start those whose time has come."""
        effects: list[Effect] = []
        for number, worker in enumerate(self._workers):
            if worker.start_at is not None and worker.start_at <= now:
                self.restarts += self._announced
                worker.state, worker.start_at = State.LAUNCHED, None
                effects.append(Launch(number))
        return effects


def _wait_seconds(deaths: int) -> float:
    """Return how long to wait after the `deaths`th death in a row."""
    if deaths <= 1:
        return 0.0
    doubled = FIRST_WAIT_SECONDS * 2 ** min(deaths - 2, 16)
    return float(min(doubled, LONGEST_WAIT_SECONDS))
