"""Ten thousand sessions in one process: what each costs, and what it costs that there are so many.

    .venv/bin/python -m tests.bench scale [--sessions 10000] [--virtual] [--top]

First in memory alone, under a virtual clock, where nothing but the server's own calls is timed;
then, as root, the real server and as many callers on real sockets. `--virtual` leaves the second
out; `--top` says which lines hold the memory.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from l2tpsec.bench.calling import Exchange
from l2tpsec.bench.contender import CBC, ECP256
from l2tpsec.bench.ground import Ground
from l2tpsec.service.box import Clock
from l2tpsec.service.views import Views
from radius.message import Code, Message
from tests.bench.crowd import CLIENT_PORT, Crowd
from tests.bench.resident import Resident
from tests.interop.lab.network import Network
from tests.planes.namespace import refusal

FEW = 10
ROUNDS, PACKETS, DIAL_INS = 40, 300, 60
TOGETHER = 32
IDLE_SECONDS = 60.0
LINES = 25
Row = tuple[str, str]


# in memory


def compared(count: int) -> Iterator[Row]:
    """Time packets and dial-ins of a box with few sessions and of one with many, alternating."""
    few, many = Crowd(), Crowd()
    few.dial(FEW)
    many.dial(count)
    _settled()
    for name, of in (("a packet up", _up), ("a packet down", _down)):
        alone, crowded, spread = of(few, FEW), of(many, FEW), of(many, len(many.callers))
        yield name, _ratio(*_minima([alone, crowded, spread]), "µs", 1e6)
    times = _minima([partial(_dial_ins, few), partial(_dial_ins, many)], 6)
    yield "a dial-in", _ratio(*times, "ms", 1e3)
    yield from _idle(many)
    yield from _end(many)


def _settled() -> None:
    """Leave the collector as the service leaves it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 1000)


def _minima(calls: list[Callable[[], float]], rounds: int = ROUNDS) -> list[float]:
    times = [[call() for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def _ratio(alone: float, crowded: float, *more: object) -> str:
    *spread, unit, factor = more
    assert isinstance(factor, float)
    text = f"{alone * factor:.2f} and {crowded * factor:.2f} {unit}: {crowded / alone:.2f} ×"
    for each in spread:
        assert isinstance(each, float)
        text += f"; spread over all of them {each * factor:.2f} {unit}: {each / alone:.2f} ×"
    return text


def _up(crowd: Crowd, callers: int) -> Callable[[], float]:
    receive, chosen = crowd.server.plane.receive_encapsulated, list(crowd.callers)[:callers]
    at = 0

    def run() -> float:
        nonlocal at
        turns = [chosen[(at + number) % len(chosen)] for number in range(PACKETS)]
        at += PACKETS
        packets = [(crowd.traffic_up(address), (address, CLIENT_PORT)) for address in turns]
        begun = time.thread_time()
        for packet, remote in packets:
            receive(packet, remote)
        return (time.thread_time() - begun) / PACKETS

    return run


def _down(crowd: Crowd, callers: int) -> Callable[[], float]:
    chosen, waiting = list(crowd.callers)[:callers], crowd.inside._waiting
    crowd.site.segment.carry = lambda packet: None  # type: ignore[method-assign]  # not the server's cost
    at = 0

    def run() -> float:
        nonlocal at
        turns = [chosen[(at + number) % len(chosen)] for number in range(64)]
        at += 64
        waiting.extend(crowd.traffic_down(address) for address in turns)
        begun = time.thread_time()
        crowd.server.plane.tun_readable()
        return (time.thread_time() - begun) / 64

    return run


def _dial_ins(crowd: Crowd) -> float:
    vars(crowd.wire).pop("carry", None)
    before = crowd.server_seconds
    crowd.dial(DIAL_INS)
    return (crowd.server_seconds - before) / DIAL_INS


def _idle(crowd: Crowd) -> Iterator[Row]:
    """HELLO, echoes, timers and accounting of sessions that say nothing of their own accord."""
    crowd.pass_time(120)
    before, turns = crowd.server_seconds, crowd.server.turns
    longest = crowd.pass_time(600)
    took = crowd.server_seconds - before
    share = f"{took / 6:.1f} % of a core, {(crowd.server.turns - turns) / 600:.0f} turns a second"
    yield f"{len(crowd)} idle sessions", f"{share}, the longest {longest * 1e3:.1f} ms"
    yield from _looked_at(crowd)


def _looked_at(crowd: Crowd) -> Iterator[Row]:
    """What others wait for while somebody looks at all sessions, or for one of them."""
    server = crowd.server
    views = Views(server.concentrator, server.plane, server.journal, Clock(), lambda: 0)
    yield "the sum of all counters, for metrics", asyncio.run(_turns(views.snapshot))
    yield "all sessions, for `sessions`", asyncio.run(_turns(partial(_written, views)))
    last = list(server.concentrator.subscribers)[-1]
    for name, value in (
        ("User-Name", last.user),
        ("Acct-Session-Id", last.dialin.session_id),
        ("Framed-IP-Address", str(last.lease and last.lease.address)),
        ("Calling-Station-Id", last.dialin.client_address),
    ):
        order = Message(Code.DISCONNECT_REQUEST, ((name, value),))
        begun = time.thread_time()
        server.concentrator.directory.candidates(order)
        yield f"an order by {name}", f"{(time.thread_time() - begun) * 1e3:.2f} ms"


async def _turns(work: Callable[[], Awaitable[object]]) -> str:
    """Do it while somebody else wants to be heard, and tell how long that one waits at most."""
    task = asyncio.ensure_future(work())
    longest, begun = 0.0, time.thread_time()
    while not task.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    return f"{(time.thread_time() - begun) * 1e3:.0f} ms, the longest turn {longest * 1e3:.1f} ms"


async def _written(views: Views) -> None:
    async for rows in views.sessions():
        json.dumps(rows)


def _end(crowd: Crowd) -> Iterator[Row]:
    count, before = len(crowd), crowd.server_seconds
    crowd.order(crowd.server.concentrator.begin_shutdown)
    crowd.order(crowd.server.concentrator.finish_shutdown)
    yield f"the end of {count} sessions", f"{crowd.server_seconds - before:.1f} s of a core"


def top(count: int) -> Iterator[Row]:
    """Name the lines that hold the memory of a session."""
    crowd = Crowd()
    crowd.dial(20)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    crowd.dial(count)
    crowd.pass_time(61)
    crowd.forget_callers()
    gc.collect()
    rows = tracemalloc.take_snapshot().compare_to(before, "lineno")
    tracemalloc.stop()
    yield "Python's memory of a session", f"{sum(row.size_diff for row in rows) / count:.0f} octets"
    for row in sorted(rows, key=lambda row: -row.size_diff)[:LINES]:
        place = row.traceback[0]
        line = "/".join(Path(place.filename).parts[-3:])
        yield f"  {line}:{place.lineno}", f"{row.size_diff / count:.0f} octets"


# on real sockets


def real(count: int) -> Iterator[Row]:
    """Hold as many sessions of the real server as it is asked for, and end it."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ground = stack.enter_context(closing(Ground(stack.enter_context(Network()))))
        ours = stack.enter_context(closing(Resident(ground.server, directory / "server")))
        exchange = stack.enter_context(closing(Exchange(ground, ours)))
        yield from _held(ours, exchange, count)
        ledger = directory / "server" / "state" / "accounting.ledger"
        shutil.copy(ledger, directory / "left")
        yield _stopped(ours, exchange, count)
        shutil.copy(directory / "left", ledger)
        yield _started(ours, count)


def _held(ours: Resident, exchange: Exchange, count: int) -> Iterator[Row]:
    exchange.dial(200, TOGETHER, ECP256, CBC)  # what the process makes once
    resident = ours.process.resident_octets()
    first = exchange.dial(500, TOGETHER, ECP256, CBC)
    exchange.dial(max(0, count - 1200), TOGETHER, ECP256, CBC)
    last = exchange.dial(500, TOGETHER, ECP256, CBC)
    held = (ours.process.resident_octets() - resident) / (len(exchange.lines) - 200)
    yield "memory of a session, resident", f"{held / 1e3:.1f} kB"
    rates = [f"{calls.rate:.0f}" for calls in (first, last)]
    costs = [calls.server_cpu / 500 * 1e3 for calls in (first, last)]
    text = f"{rates[0]}/s, {costs[0]:.2f} ms; {rates[1]}/s, {costs[1]:.2f} ms"
    yield "dial-ins, the first 500 and the last", f"{text}: {costs[1] / costs[0]:.2f} ×"
    before, end = ours.process.cpu_seconds(), time.monotonic() + IDLE_SECONDS
    exchange.run(lambda: time.monotonic() < end)
    share = (ours.process.cpu_seconds() - before) / IDLE_SECONDS
    yield f"{len(exchange.lines)} idle sessions", f"{share:.1%} of a core"


def _stopped(ours: Resident, exchange: Exchange, count: int) -> Row:
    before, begun = ours.process.cpu_seconds(), time.monotonic()
    heard = sum(bool(line.caller.ppp.failure) for line in exchange.lines)
    os.killpg(ours.process.pid, signal.SIGTERM)
    used = before

    def on() -> bool:
        nonlocal used
        with contextlib.suppress(OSError):
            used = max(used, ours.process.cpu_seconds())
        return ours.server.running()

    exchange.run(on)
    elapsed = time.monotonic() - begun
    heard = sum(bool(line.caller.ppp.failure) for line in exchange.lines) - heard
    text = f"{elapsed:.1f} s, {used - before:.1f} s of a core; {heard} were told by Terminate"
    return f"SIGTERM with {count} sessions", text


def _started(ours: Resident, count: int) -> Row:
    begun = time.monotonic()
    ours.server.start()
    return f"the next start, {count} sessions left open", f"{time.monotonic() - begun:.1f} s"


def main(arguments: list[str]) -> int:
    """Print the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench scale", description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--virtual", action="store_true", help="in memory only, without root")
    parser.add_argument("--top", action="store_true", help="which lines hold the memory")
    chosen = parser.parse_args(arguments)
    runs = [top] if chosen.top else [compared] if chosen.virtual else [compared, real]
    if real in runs and (lack := refusal()):
        parser.error(lack)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for run in runs:
        for name, text in run(chosen.sessions):
            sys.stdout.write(f"{name:48} {text}\n")
            sys.stdout.flush()
    return 0
