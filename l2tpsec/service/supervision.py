"""When which worker is started, without I/O: again after it died, and later each time.

At once the first time, then after 1, 2, 4 and so on to 30 seconds. Those that serve are asked now
and then whether they live: a process that hangs is as good as dead.
"""

from dataclasses import dataclass
from enum import Enum

from l2tpsec.foundation.soonest import soonest

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0
"""A worker that served as long has its earlier deaths forgiven."""
START_SECONDS = 120.0
ASK_SECONDS, SILENT_SECONDS, HUNG_SECONDS = 5.0, 5.0, 30.0
"""Between questions; then without an answer until others do without it, until it is killed."""


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


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this worker whether it lives; `answered` takes its answer."""

    worker: int


@dataclass(frozen=True, slots=True)
class Kill:
    """End this worker's process, which hangs; `died` hears of it."""

    worker: int


Effect = Launch | Announce | GiveUp | Warn | Ask | Kill


class State(Enum):
    """Of one worker."""

    WAITING = "is not running"
    LAUNCHED = "is starting"
    SERVING = "serves"
    SILENT = "does not answer"
    KILLED = "is being killed"


@dataclass(slots=True)
class _Worker:
    state: State = State.WAITING
    since: float = 0.0
    start_at: float | None = None
    ask_at: float | None = None
    asked_at: float | None = None
    deaths: int = 0

    @property
    def deadline(self) -> float | None:
        return soonest((self.start_at, self.ask_at, self.patience_ends))

    @property
    def patience_ends(self) -> float | None:
        """When something happens because this worker keeps silent."""
        if self.state is State.LAUNCHED:
            return self.since + START_SECONDS
        if self.asked_at is None:
            return None
        return self.asked_at + (HUNG_SECONDS if self.state is State.SILENT else SILENT_SECONDS)

    def become(self, state: State, now: float) -> None:
        self.state, self.since = state, now
        self.start_at = self.asked_at = None
        self.ask_at = now + ASK_SECONDS if state is State.SERVING else None


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
        return None if self._stopping else soonest(worker.deadline for worker in self._workers)

    @property
    def serving(self) -> int:
        """How many workers accept clients."""
        return sum(worker.state is State.SERVING for worker in self._workers)

    def absent(self) -> str:
        """Say of each worker that does not serve what it does instead."""
        rows = enumerate(self._workers)
        others = ((n, worker.state) for n, worker in rows if worker.state is not State.SERVING)
        return "; ".join(f"worker {number} {state.value}" for number, state in others)

    def serves(self, number: int) -> bool:
        """Tell whether this worker accepts clients, and answers."""
        return self._workers[number].state is State.SERVING

    def may_have_sessions(self, number: int) -> bool:
        """Tell whether there are clients at this worker, asked or not."""
        return self._workers[number].state in {State.SERVING, State.SILENT}

    def start(self, now: float) -> list[Effect]:
        """Start all."""
        for worker in self._workers:
            worker.start_at = now
        return self.expire(now)

    def stop(self) -> None:
        """Start none any more, and ask none."""
        self._stopping = True

    def ready(self, number: int, now: float) -> list[Effect]:
        """Hear that a worker accepts clients."""
        self._workers[number].become(State.SERVING, now)
        if self._announced:
            return [Warn(f"worker {number} accepts clients again")]
        if self.serving < len(self._workers):
            return []
        self._announced = True
        return [Announce()]

    def answered(self, number: int, now: float) -> list[Effect]:
        """Hear that a worker lives."""
        worker = self._workers[number]
        silent, asked_at = worker.state is State.SILENT, worker.asked_at
        if asked_at is None:
            return []
        worker.asked_at, worker.ask_at = None, now + ASK_SECONDS
        if not silent:
            return []
        worker.state = State.SERVING
        return [Warn(f"worker {number} answers again, after {now - asked_at:.0f} s")]

    def died(self, number: int, reason: str, now: float) -> list[Effect]:
        """Hear that a worker's process has ended; `reason` says how."""
        worker = self._workers[number]
        if worker.state is State.SERVING:
            _forgive(worker, now)
        worker.become(State.WAITING, now)
        if self._stopping:
            return []
        if not self._announced:
            self._stopping = True
            return [GiveUp(f"worker {number} {reason} before it was ready; see the lines above")]
        worker.deaths += 1
        wait = _wait_seconds(worker.deaths)
        worker.start_at = now + wait
        when = f"again in {wait:.0f} s" if wait else "again now"
        return [Warn(f"worker {number} {reason}: its clients are cut off; it starts {when}")]

    def expire(self, now: float) -> list[Effect]:
        """Start, ask and kill those whose time has come."""
        if self._stopping:
            return []
        effects: list[Effect] = []
        for number, worker in enumerate(self._workers):
            effects += self._due(number, worker, now)
        return effects

    def _due(self, number: int, worker: _Worker, now: float) -> list[Effect]:
        if _is_due(worker.start_at, now):
            self.restarts += self._announced
            worker.become(State.LAUNCHED, now)
            return [Launch(number)]
        if _is_due(worker.ask_at, now):
            worker.ask_at, worker.asked_at = None, now
            return [Ask(number)]
        if not _is_due(worker.patience_ends, now):
            return []
        if worker.state is State.SERVING:
            _forgive(worker, now)
            worker.state = State.SILENT
            left = HUNG_SECONDS - SILENT_SECONDS
            return [Warn(f"worker {number} does not answer; in {left:.0f} s it is killed")]
        seconds = HUNG_SECONDS if worker.state is State.SILENT else START_SECONDS
        worker.become(State.KILLED, now)
        return [Warn(f"worker {number} has been silent for {seconds:.0f} s"), Kill(number)]


def _is_due(moment: float | None, now: float) -> bool:
    return moment is not None and moment <= now


def _forgive(worker: _Worker, now: float) -> None:
    if now - worker.since >= STEADY_SECONDS:
        worker.deaths = 0


def _wait_seconds(deaths: int) -> float:
    """Return how long to wait after the `deaths`th death in a row."""
    if deaths <= 1:
        return 0.0
    doubled = FIRST_WAIT_SECONDS * 2 ** min(deaths - 2, 16)
    return float(min(doubled, LONGEST_WAIT_SECONDS))
