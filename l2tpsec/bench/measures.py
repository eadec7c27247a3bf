"""What is measured of a contender, and how often."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
    """How much of everything; the best of `repeats` counts, as other work disturbs.

    `suites` and `transforms` are measured as far as the contender knows them.
    """

    lone: int
    batch: int
    held: int
    crowd: int
    repeats: int
    trial_seconds: float
    echo_seconds: float
    sizes: tuple[int, ...] = (1400, 128)
    suites: tuple[str, ...] = SUITES
    transforms: tuple[str, ...] = TRANSFORMS


FULL = Effort(20, 200, 500, 1000, 3, 0.7, 2)
QUICK = Effort(5, 64, 64, 200, 1, 0.2, 1)
TINY = Effort(1, 4, 4, 8, 1, 0.05, 0.1, (1400,))

Measured = Iterator[tuple[str, Figure]]


class Bench:
    """One contender's run; `run` yields each figure with its name."""

    def __init__(self, ground: Ground, contender: Contender, effort: Effort) -> None:
        self._ground = ground
        self._contender = contender
        self._effort = effort
        self._suites = [each for each in effort.suites if each in contender.suites]
        self._transforms = [each for each in effort.transforms if each in contender.transforms]
        self._redials = 0

    def run(self) -> Measured:
        """Measure all that was asked for and that the contender knows."""
        if not self._suites or not self._transforms:
            return
        yield from self._memory()
        for suite in self._suites:
            yield from self._dial_ins(suite)
        if self._effort.crowd <= self._contender.most_dial_ins:
            yield from self._crowd()
        for transform in self._transforms:
            yield from self._traffic(transform)
        if self._redials:
            yield REDIALS, Figure(self._redials, "", more_is_better=False)

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

    def _memory(self) -> Measured:
        """Before anything else, as a server does not give back what others used."""
        self._dialled(3, 1, self._suites[-1])
        held = self._dialled(self._effort.held, TOGETHER, self._suites[-1])
        yield "memory of a session", Figure(held.octets_a_session / 1e3, "kB", more_is_better=False)

    def _dial_ins(self, suite: str) -> Measured:
        effort = self._effort
        lone = self._dialled(effort.lone, 1, suite)
        median = statistics.median(lone.seconds)
        yield f"a lone dial-in, {group(suite)}", Figure(median * 1e3, "ms", more_is_better=False)
        batches = [self._dialled(effort.batch, TOGETHER, suite) for _ in range(effort.repeats)]
        best = max(batches, key=lambda calls: calls.rate)
        count = len(best.seconds)
        cpu, own = (f"{each / count * 1e3:.1f} ms" for each in (best.server_cpu, best.own_cpu))
        name = f"dial-ins a second, {TOGETHER} at once, {group(suite)}"
        yield name, Figure(best.rate, "/s", cpu, own, _bottleneck(best))
        yield f"{name}: p99", Figure(best.within(99) * 1e3, "ms", more_is_better=False)

    def _crowd(self) -> Measured:
        """All of them in the same moment, as after a power cut; none may fail."""
        suite, crowd = self._suites[0], self._effort.crowd
        calls = self._dialled(crowd, crowd, suite)
        cpu, own = (f"{each:.1f} s" for each in (calls.server_cpu, calls.own_cpu))
        name = f"{crowd} at the same moment, {group(suite)}"
        for percent in (50, 99):
            up = Figure(calls.within(percent), "s", more_is_better=False)
            yield f"{name}: {percent} % of them are up after", up
        last = calls.within(100)
        whole = Figure(last, "s", cpu, own, _bottleneck(calls), more_is_better=False)
        yield f"{name}: all are up after", whole

    def _traffic(self, transform: str) -> Measured:
        exchange = Exchange(self._ground, self._contender)
        try:
            exchange.dial(1, 1, self._suites[-1], transform)
            line, label = exchange.lines[0], transform.upper()
            yield from self._echoes(line, f"echo, {label}")
            client, rates = tunnel(line), []
            for octets in self._effort.sizes:
                what = f"{octets} octets, {label}"
                up = Up(client, self._contender, octets)
                rates.append(self._most(up, octets))
                yield f"up, {what}", _figure(rates[-1])
                down = Down(self._ground, client, octets)
                yield f"down, {what}", _figure(self._most(down, octets))
            load = Load(
                Up(client, self._contender, rates[0].octets),
                max(1.0, rates[0].packets_a_second * ECHO_LOAD),
            )
            yield from self._echoes(line, f"echo at {ECHO_LOAD:.0%} load, {label}", load)
        finally:
            exchange.close()

    def _echoes(self, line: Line, name: str, load: Load | None = None) -> Measured:
        effort = self._effort
        rate, seconds = ECHOES_A_SECOND, effort.echo_seconds
        runs = [echoes(line, self._contender, rate, seconds, load) for _ in range(effort.repeats)]
        answered = [taken for taken in runs if taken]
        if not answered:
            raise CallError(f"{self._contender.name}: {name}: none came back")
        for percent in (50, 99):
            late = min(taken[len(taken) * percent // 100] for taken in answered) * 1e6
            yield f"{name}: p{percent}", Figure(late, "µs", more_is_better=False)

    def _most(self, stream: Stream, octets: int) -> Rate:
        try:
            return most(stream, self._contender, octets, self._effort.trial_seconds)
        finally:
            stream.close()


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
