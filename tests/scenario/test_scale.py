"""What ten thousand sessions cost is decided by one: its memory, and whose lines an event runs."""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from tests.bench.crowd import SERVER, Crowd

OCTETS_A_SESSION = 17_800
"""Of Python's own memory, the embedded RADIUS server's included; ciphers have 4 kB more in C."""
FEW, MANY = 10, 250
OURS = ("/l2tpsec/", "/radius/")


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    crowd = Crowd()
    crowd.dial(FEW)
    return crowd


def traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_memory_of_a_session() -> None:
    crowd = Crowd()
    crowd.dial(20)
    crowd.forget_callers()
    tracemalloc.start()
    try:
        before = traced()
        crowd.dial(200)
        crowd.pass_time(61)  # until no duplicate of the dial-in is expected any more
        crowd.forget_callers()
        held = (traced() - before) / 200
    finally:
        tracemalloc.stop()
    assert len(crowd) == 220
    assert held < OCTETS_A_SESSION, f"{held:.0f} octets a session"


def lines(act: Callable[[], object]) -> int:
    """Count the lines of ours that run."""
    count = 0

    def trace(frame: FrameType, event: str, _arg: object) -> Callable[..., Any] | None:
        nonlocal count
        if not any(each in frame.f_code.co_filename for each in OURS):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def events(crowd: Crowd) -> Iterator[tuple[str, Callable[[], object]]]:
    """Return what happens all the time, with sessions that have been there for long."""
    plane, concentrator = crowd.server.plane, crowd.server.concentrator
    first = next(iter(crowd.callers))
    remote = (first, 40_000)
    up, down = crowd.traffic_up(first), crowd.traffic_down(first)
    yield "a packet up", lambda: plane.receive_encapsulated(up, remote)
    yield "a packet down", lambda: crowd.inside.post(down)
    yield "the deadline", lambda: concentrator.deadline
    yield "a dial-in", crowd.dial
    moved = crowd.traffic_up(first)
    yield "a move", lambda: plane.receive_encapsulated(moved, (first, 40_001))
    back = crowd.traffic_up(first)
    yield "and back", lambda: plane.receive_encapsulated(back, remote)
    peer = next(iter(concentrator.subscribers)).peer.id
    yield "the end of another", lambda: hang_up(crowd)
    yield "a bug's end", lambda: crowd.order(lambda now: concentrator.abandon(peer, now))


def hang_up(crowd: Crowd) -> None:
    address = list(crowd.callers)[1]
    crowd.send(address, crowd.callers[address].hang_up(crowd.clock.now))


def test_no_event_costs_more_where_there_are_more_sessions() -> None:
    few, many = Crowd(), Crowd()
    few.dial(FEW)
    many.dial(MANY)
    alone = {name: lines(act) for name, act in events(few)}
    crowded = {name: lines(act) for name, act in events(many)}
    assert few.inside.written == many.inside.written == 3
    assert few.wire.seconds[SERVER] < many.wire.seconds[SERVER]
    # random numbers, lengths and timers make a dial-in a little longer or shorter
    too_long = {name: (alone[name], n) for name, n in crowded.items() if n > 1.1 * alone[name] + 50}
    assert too_long == {}
    assert all(count > 0 for count in alone.values())
