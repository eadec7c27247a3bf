"""What two workers are measured with does reach both of them; no time is judged."""

from functools import partial

import pytest

from l2tpsec.bench.traffic import Rate
from l2tpsec.bench.waiting import until
from tests.bench import workers
from tests.bench.workers import CLIENTS, HEAD, Median, Volley

# the first few packets fit the buffer of the socket that takes none, and are not counted
KEPT = 16


@pytest.mark.root
def test_all_clients_trains_come_out_of_one_worker_and_of_two() -> None:
    with workers.teams() as found:
        assert [team.workers for team in found] == [1, 2]
        for team in found:
            for stream in team.streams.values():
                # twice around: a client's second train continues its first
                all_arrive(stream, 2 * CLIENTS)


def all_arrive(stream: Volley, trains: int) -> None:
    before = stream.count()
    stream.prepare(trains * stream.train)
    for number in range(1, trains + 1):
        stream.send(stream.train)
        wanted = before + number * stream.train - KEPT
        until(partial(at_least, stream, wanted), 10, f"train {number}")


def at_least(stream: Volley, wanted: int) -> bool:
    return stream.count() >= wanted


def rates(*thousands: int) -> Median:
    return Median([Rate(each * 1e3, 1400, 4e-6, 0.3e-6, "") for each in thousands])


def test_a_line_has_the_medians_and_their_ratio() -> None:
    cells = workers.row(1400, rates(250, 300, 260), rates(480, 390, 468))
    assert cells == (
        *("up, 1400 octets", "260 (250 to 300) kpps", "4.00 µs", "0.30 µs"),
        *("468 (390 to 480) kpps", "4.00 µs", "0.30 µs", "1.80 ×"),
    )
    assert len(cells) == len(HEAD)
    assert workers.row(1400, rates(0), rates(1))[-1] == "–"
