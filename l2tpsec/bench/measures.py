"""What is measured of a contender, and how often."""

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from l2tpsec.bench.calling import CallError, Calls, Exchange, Line
from l2tpsec.bench.contender import SUITES, TRANSFORMS, Contender
from l2tpsec.bench.ground import Ground
from l2tpsec.bench.table import Figure, bottleneck
from l2tpsec.bench.traffic import Down, Load, Rate, Stream, Up, echoes, most, tunnel

TOGETHER = 32
ECHOES_A_SECOND = 200
# of the most that goes up
ECHO_LOAD = 0.1
LARGE_OCTETS = 1000
# a server that never rests is not waited for
SETTLE_SECONDS, LOOK_SECONDS, IDLE = 10.0, 0.2, 0.1
REDIALS = "dial-ins that failed and were begun again"


@dataclass(frozen=True)
class Effort:
    """How much of everything in each of the `rounds`.

    `suites` and `transforms` are measured as far as the contender knows them.
    """

    lone: int
    batch: int
    held: int
    crowd: int
    rounds: int
    trial_seconds: float
    echo_seconds: float
    sizes: tuple[int, ...] = (1400, 128)
    suites: tuple[str, ...] = SUITES
    transforms: tuple[str, ...] = TRANSFORMS


FULL = Effort(5, 200, 500, 1000, 5, 0.4, 2)
QUICK = Effort(5, 64, 64, 200, 1, 0.2, 1)

Measured = Iterator[tuple[str, Figure]]


class Bench:
    """One contender; each part of a round yields figures with their names.

    What it does not know yields none. `load` has the least of what any contender carried in this
    round: echoes are measured beside the same traffic for all.
    """

    def __init__(
        self, ground: Ground, contender: Contender, effort: Effort, load: dict[str, float]
    ) -> None:
        self.name = contender.name
        self._ground = ground
        self._contender = contender
        self._effort = effort
        self._suites = [each for each in effort.suites if each in contender.suites]
        self._transforms = [each for each in effort.transforms if each in contender.transforms]
        self._redials = 0
        self._load = load
        self._guesses: dict[str, float] = {}

    def _dialled(self, count: int, together: int, suite: str) -> Calls:
        exchange = Exchange(self._ground, self._contender)
        try:
            count = min(count, self._contender.most_dial_ins)
            calls = exchange.dial(count, together, suite, self._transforms[0])
            self._redials += calls.redials
            return calls
        finally:
            exchange.close()
            settle(self._contender.process.cpu_seconds)

    def memory(self) -> Measured:
        """Take memory before anything else: a server does not give back what others used."""
        if self._suites and self._transforms:
            self._dialled(3, 1, self._suites[-1])
            held = self._dialled(self._effort.held, TOGETHER, self._suites[-1]).octets_a_session
            yield "memory of a session", Figure(held / 1e3, "kB", more_is_better=False)

    def redials(self) -> Measured:
        """Tell what went wrong, if anything did."""
        if self._redials:
            yield REDIALS, Figure(self._redials, "", more_is_better=False)

    def dial_ins(self, suite: str) -> Measured:
        """Dial alone, and many at once."""
        if suite not in self._suites or not self._transforms:
            return
        lone = self._dialled(self._effort.lone, 1, suite)
        late = statistics.median(lone.seconds) * 1e3
        yield f"a lone dial-in, {group(suite)}", Figure(late, "ms", more_is_better=False)
        calls = self._dialled(self._effort.batch, TOGETHER, suite)
        count = len(calls.seconds)
        cpu, own = (f"{each / count * 1e3:.1f} ms" for each in (calls.server_cpu, calls.own_cpu))
        name = f"dial-ins a second, {TOGETHER} at once, {group(suite)}"
        yield name, Figure(calls.rate, "/s", cpu, own, _bottleneck(calls))
        yield f"{name}: p99", Figure(calls.within(99) * 1e3, "ms", more_is_better=False)

    def crowd(self) -> Measured:
        """All of them in the same moment, as after a power cut; none may fail."""
        crowd = self._effort.crowd
        if crowd > self._contender.most_dial_ins or not self._suites or not self._transforms:
            return
        suite = self._suites[0]
        calls = self._dialled(crowd, crowd, suite)
        cpu, own = (f"{each:.1f} s" for each in (calls.server_cpu, calls.own_cpu))
        name = f"{crowd} at the same moment, {group(suite)}"
        for percent in (50, 99):
            up = Figure(calls.within(percent), "s", more_is_better=False)
            yield f"{name}: {percent} % of them are up after", up
        last = calls.within(100)
        whole = Figure(last, "s", cpu, own, _bottleneck(calls), more_is_better=False)
        yield f"{name}: all are up after", whole

    @contextlib.contextmanager
    def _lines(self, transform: str, count: int = 1) -> Iterator[list[Line]]:
        """Clients that are up, or none where that transform is not known."""
        with closing(Exchange(self._ground, self._contender)) as exchange:
            if transform in self._transforms and self._suites:
                exchange.dial(count, 1, self._suites[-1], transform)
            yield exchange.lines

    def traffic(self, octets: int, transform: str) -> Measured:
        """Send as much as it carries, up and down."""
        with self._lines(transform) as lines:
            for client in map(tunnel, lines):
                what = f"{octets} octets, {transform.upper()}"
                up = self._most(f"up, {what}", Up(client, self._contender, octets), octets)
                key = f"{octets} {transform}"
                self._load[key] = min(up.packets_a_second, self._load.get(key, math.inf))
                yield f"up, {what}", _figure(up)
                down = Down(self._ground, client, octets)
                yield f"down, {what}", _figure(self._most(f"down, {what}", down, octets))

    def echoes(self, transform: str, octets: int = 0) -> Measured:
        """Send echoes, beside packets of so many octets."""
        name = f"echo at {ECHO_LOAD:.0%} load" if octets else "echo"
        with self._lines(transform, 2 if octets else 1) as lines:
            for line in lines[:1]:
                load = self._beside(lines[1], transform, octets) if octets else None
                yield from self._echoes(line, f"{name}, {transform.upper()}", load)

    def _beside(self, line: Line, transform: str, octets: int) -> Load:
        rate = self._load.get(f"{octets} {transform}", 0.0) * ECHO_LOAD
        return Load(Up(tunnel(line), self._contender, octets), max(1.0, rate))

    def _echoes(self, line: Line, name: str, load: Load | None) -> Measured:
        effort = self._effort
        taken = echoes(line, self._contender, ECHOES_A_SECOND, effort.echo_seconds, load)
        if not taken:
            raise CallError(f"{self._contender.name}: {name}: none came back")
        for percent in (50, 99):
            late = taken[len(taken) * percent // 100] * 1e6
            yield f"{name}: p{percent}", Figure(late, "µs", more_is_better=False)

    def _most(self, name: str, stream: Stream, octets: int) -> Rate:
        try:
            seconds, guess = self._effort.trial_seconds, self._guesses.get(name)
            rate = most(stream, self._contender, octets, seconds, guess)
            self._guesses[name] = rate.packets_a_second
            return rate
        finally:
            stream.close()


Part = Callable[[Bench], Measured]


def parts(effort: Effort) -> Iterator[Part]:
    """Return what is measured in a round, in order."""
    for suite in effort.suites:
        yield partial(Bench.dial_ins, suite=suite)
    yield Bench.crowd
    for transform in effort.transforms:
        yield partial(Bench.echoes, transform=transform)
        for octets in effort.sizes:
            yield partial(Bench.traffic, octets=octets, transform=transform)
        yield partial(Bench.echoes, transform=transform, octets=effort.sizes[0])


def settle(cpu_seconds: Callable[[], float]) -> None:
    """Let a server take leave of those who hung up: the next figure is not to pay for it."""
    for _ in range(round(SETTLE_SECONDS / LOOK_SECONDS)):
        before = cpu_seconds()
        time.sleep(LOOK_SECONDS)
        if cpu_seconds() - before <= IDLE * LOOK_SECONDS:
            return


def _bottleneck(calls: Calls) -> str:
    return bottleneck(calls.elapsed, calls.server_cpu, calls.own_cpu, calls.other_cpu)


def _figure(rate: Rate) -> Figure:
    large = rate.octets >= LARGE_OCTETS
    value = rate.megabits if large else rate.packets_a_second / 1e3
    cpu, own = (f"{each * 1e6:.1f} µs" for each in (rate.server_cpu, rate.own_cpu))
    return Figure(value, "Mbit/s" if large else "kpps", cpu, own, rate.bottleneck)


def group(suite: str) -> str:
    """Return what makes suites differ in cost."""
    return suite.rpartition("/")[2]
