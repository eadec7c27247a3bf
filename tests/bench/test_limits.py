"""What the limits are measured with does carry packets; no time is judged."""

from ipaddress import IPv4Address

import pytest

from l2tpsec.bench.traffic import Down, Rate, Tunnel, Up, trial
from l2tpsec.crypto.transforms import EspTransform
from tests.bench import limits
from tests.bench.passage import Passage


@pytest.mark.parametrize("transform", limits.TRANSFORMS, ids=lambda row: row.name)
def test_the_plane_carries_all_again_and_again(transform: EspTransform) -> None:
    passage = Passage(transform, 1400, 70)
    for times in (1, 2):
        passage.up()
        passage.up_in_trains()
        passage.down()
        assert (passage.device.taken, passage.sent) == (140 * times, 70 * times)
    assert not passage.plane.drops


@pytest.mark.root
def test_the_copier_copies_both_ways() -> None:
    with limits.ground() as (where, directory):
        target = limits.Copying(where.server, directory / "log")
        client = Tunnel(where.client_socket(), IPv4Address("10.99.0.2"), bytes)
        up, down = Up(client, target, 1400), Down(where, client, 1400)
        try:
            for stream in (up, down):
                tried = trial(stream, target, 5000, 0.02)
                assert tried.sent >= tried.arrived > 0
        finally:
            down.close()
            client.socket.close()
            target.close()


def test_the_limit_is_the_calls_and_the_copy() -> None:
    costs = limits.Costs(crypto=1.5, esp=2, plane=3, copy=2, server=7)
    server, copy = (Rate(each, 1400, 0, 0, "") for each in (1e5, 4e5))
    cells = limits.row("up", costs, server, copy)
    assert cells == (
        *("up", "1.50 µs", "2.00 µs", "3.00 µs", "2.00 µs", "3.50 µs", "7.00 µs"),
        *("50%", "1,120 Mbit/s", "4,480 Mbit/s"),
    )
    assert len(cells) == len(limits.HEAD)
