import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from l2tpsec.bench.calling import CallError, Calls, Exchange
from l2tpsec.bench.contender import ECP256, GCM
from l2tpsec.bench.ground import Ground
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.ours import Ours


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, Ours]]:
    directory = tmp_path_factory.mktemp("bench")
    with (
        Network(Namespace) as network,
        closing(Ground(network)) as ground,
        closing(Ours(ground.server, directory / "own", {})) as server,
    ):
        yield ground, server


@pytest.mark.root
def test_many_dial_in_and_stay_until_they_hang_up(place: tuple[Ground, Ours]) -> None:
    with closing(Exchange(*place)) as exchange:
        calls = exchange.dial(6, 3, ECP256, GCM)
        assert len(calls.seconds) == 6
        assert calls.redials == 0
        assert calls.rate > 0
        lines = exchange.lines
        assert len({line.caller.ppp.address for line in lines}) == 6
        assert len(exchange.dial(1, 1, ECP256, GCM).seconds) == 1
        assert len(exchange.lines) == 7
        exchange.hang_up()
        assert not exchange.lines


@pytest.mark.root
def test_they_dial_as_many_a_second_as_is_asked_for(place: tuple[Ground, Ours]) -> None:
    with closing(Exchange(*place)) as exchange:
        before = time.monotonic()
        calls = exchange.offer(5, 20, ECP256, GCM)
        assert len(calls.seconds) == len(exchange.lines) == 5
        begun = [line.caller.started for line in exchange.lines]
        # The first may be late, and those behind it are not put off for that.
        assert all(at - before >= n / 20 for n, at in enumerate(begun))


@pytest.mark.root
def test_who_is_not_let_in_is_told(
    place: tuple[Ground, Ours], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place[1], "password", "guess")
    with (
        closing(Exchange(*place)) as exchange,
        pytest.raises(CallError, match="l2tpsec: a dial-in failed in PPP authentication: .*E=691"),
    ):
        exchange.dial(1, 1, ECP256, GCM)


@pytest.mark.root
def test_another_key_is_tried_again_and_then_told(
    place: tuple[Ground, Ours], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place[1], "psk", b"another")
    with (
        closing(Exchange(*place)) as exchange,
        pytest.raises(CallError, match="failed in Main Mode: the server refuses"),
    ):
        exchange.dial(1, 1, ECP256, GCM)
    assert exchange.lines == []


def test_half_of_them_and_the_last() -> None:
    calls = Calls([4.0, 1.0, 3.0, 2.0, 5.0], 2.0, 0, 0, 0, 0, 0)
    assert [calls.within(percent) for percent in (0, 50, 99, 100)] == [1, 3, 4, 5]
