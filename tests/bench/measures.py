"""What is measured of a contender, and how often."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.calling import Calls, Exchange, Line
from tests.bench.contender import MODP2048, Contender
from tests.bench.ground import Ground
from tests.bench.table import Figure
from tests.bench.traffic import Down, Stream, Up, echoes, most, tunnel

TOGETHER = 32
ECHOES_A_SECOND = 200
LARGE_OCTETS = 1000
REDIALS = "dial-ins that failed and were begun again"


@dataclass(frozen=True)
class Effort:
    """How much of everything; the best of `repeats` counts, as other work disturbs."""

    lone: int
    batch: int
    held: int
    crowd: int
    repeats: int
    trial_seconds: float
    echo_seconds: float
    sizes: tuple[int, ...] = (1400, 128)


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
        self._redials = 0

    def run(self) -> Measured:
        """Measure all."""
        yield from self._memory()
        for suite in self._contender.suites:
            yield from self._dial_ins(suite)
        if self._effort.crowd <= self._contender.most_dial_ins:
            yield from self._crowd()
        for transform in self._contender.transforms:
            yield from self._traffic(transform)
        if self._redials:
            yield REDIALS, Figure(self._redials, "", more_is_better=False)

    def _dialled(self, count: int, together: int, suite: str) -> Calls:
        exchange = Exchange(self._ground, self._contender)
        try:
            count = min(count, self._contender.most_dial_ins)
            calls = exchange.dial(count, together, suite, self._contender.transforms[0])
            self._redials += calls.redials
            return calls
        finally:
            exchange.close()
            time.sleep(0.3)

    def _memory(self) -> Measured:
        """Before anything else, as a server does not give back what others used."""
        self._dialled(3, 1, MODP2048)
        held = self._dialled(self._effort.held, TOGETHER, MODP2048)
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
        figure = Figure(best.rate, "/s", cpu, own)
        yield f"dial-ins a second, {TOGETHER} at once, {group(suite)}", figure

    def _crowd(self) -> Measured:
        """All of them in the same moment, as after a power cut; none may fail."""
        suite, crowd = self._contender.suites[0], self._effort.crowd
        calls = self._dialled(crowd, crowd, suite)
        cpu, own = (f"{each:.1f} s" for each in (calls.server_cpu, calls.own_cpu))
        last = Figure(max(calls.seconds), "s", cpu, own, more_is_better=False)
        yield f"{crowd} at the same moment, the last one up after, {group(suite)}", last

    def _traffic(self, transform: str) -> Measured:
        exchange = Exchange(self._ground, self._contender)
        try:
            exchange.dial(1, 1, MODP2048, transform)
            line, label = exchange.lines[0], transform.upper()
            yield from self._echoes(line, label)
            client = tunnel(line)
            for octets in self._effort.sizes:
                what = f"{octets} octets, {label}"
                up = Up(client, self._contender, octets)
                yield f"up, {what}", self._most(up, octets)
                down = Down(self._ground, client, octets)
                yield f"down, {what}", self._most(down, octets)
        finally:
            exchange.close()

    def _echoes(self, line: Line, label: str) -> Measured:
        runs = [
            echoes(line, self._contender, ECHOES_A_SECOND, self._effort.echo_seconds)
            for _ in range(self._effort.repeats)
        ]
        for percent in (50, 99):
            late = min(taken[len(taken) * percent // 100] for taken in runs if taken) * 1e6
            yield f"echo p{percent}, {label}", Figure(late, "µs", more_is_better=False)

    def _most(self, stream: Stream, octets: int) -> Figure:
        rate = most(stream, self._contender, octets, self._effort.trial_seconds)
        stream.close()
        bound = ", generator-bound" if rate.generator_bound else ""
        large = octets >= LARGE_OCTETS
        value = rate.megabits if large else rate.packets_a_second / 1e3
        cpu, own = (f"{each * 1e6:.1f} µs" for each in (rate.server_cpu, rate.own_cpu))
        return Figure(value, "Mbit/s" if large else "kpps", cpu + bound, own)


def group(suite: str) -> str:
    """Return what makes suites differ in cost."""
    return suite.rpartition("/")[2]
