"""Pairs of all peers: unique SPIs, found by the peer's own SPI only from the peer's place."""

from dataclasses import replace

from l2tpsec.model.path import Endpoint
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike.effects import IkeSaId, SaPairAgreed
from l2tpsec.protocols.ike.pairs import Pairs
from tests.peers.ike_wire import Wire, of

FIRST, SECOND = IkeSaId(1), IkeSaId(2)
HERE, THERE = Endpoint("203.0.113.9", 44500), Endpoint("203.0.113.9", 44501)
ELSEWHERE = Endpoint("203.0.113.77", 44500)
ME = "192.168.1.10"


def pair(inbound: int, outbound: int, remote: Endpoint, *, encapsulated: bool = True) -> SaPair:
    (agreed,) = of(Wire().connect().log, SaPairAgreed)
    path = replace(agreed.pair.path, remote=remote)
    return replace(
        agreed.pair,
        inbound_spi=inbound,
        outbound_spi=outbound,
        path=path,
        encapsulated=encapsulated,
    )


def test_fresh_spis_avoid_the_reserved_and_the_taken() -> None:
    pairs = Pairs()
    pairs.add(FIRST, ME, pair(0x1000, 7, HERE))
    draws = iter([b"\0\0\0\0", b"\0\0\0\xff", b"\0\0\x10\0", b"\0\0\x10\1"])
    assert pairs.fresh_spi(lambda _octets: next(draws)) == 0x1001


def test_two_clients_with_the_same_spi_are_told_apart() -> None:
    pairs = Pairs()
    pairs.add(FIRST, ME, pair(1000, 7, HERE))
    pairs.add(SECOND, ME, pair(2000, 7, THERE))
    assert pairs.named_by_peer(7, FIRST, ME, HERE) == [1000]
    assert pairs.named_by_peer(7, SECOND, ME, THERE) == [2000]
    assert pairs.named_by_peer(7, IkeSaId(3), ME, HERE) == [1000]
    assert pairs.named_by_peer(7, IkeSaId(3), ME, ELSEWHERE) == []
    assert pairs.named_by_peer(8, FIRST, ME, HERE) == []


def test_who_is_at_a_place_by_another_name_means_its_own_pairs_alone() -> None:
    pairs = Pairs()
    pairs.add(FIRST, ME, pair(1000, 7, HERE))
    assert pairs.named_by_peer(7, SECOND, "192.168.1.66", HERE) == []


def test_without_a_nat_the_address_is_enough() -> None:
    pairs = Pairs()
    pairs.add(FIRST, ME, pair(1000, 7, Endpoint("203.0.113.9", 500), encapsulated=False))
    assert pairs.named_by_peer(7, SECOND, ME, Endpoint("203.0.113.9", 501)) == [1000]
    assert pairs.named_by_peer(7, SECOND, ME, ELSEWHERE) == []


def test_pairs_move_one_by_one_and_their_neighbours_stay() -> None:
    pairs = Pairs()
    pairs.add(FIRST, ME, pair(1000, 7, HERE))
    pairs.add(SECOND, ME, pair(2000, 8, HERE))
    pairs.move([1000, 4000], ELSEWHERE)
    assert pairs.named_by_peer(7, IkeSaId(4), ME, ELSEWHERE) == [1000]
    assert pairs.named_by_peer(7, IkeSaId(4), ME, HERE) == []
    assert pairs.named_by_peer(8, IkeSaId(4), ME, HERE) == [2000]


def test_removal_leaves_nothing() -> None:
    pairs = Pairs()
    for inbound in (1000, 1001):
        pairs.add(FIRST, ME, pair(inbound, 7, HERE))
    assert pairs.made_by(FIRST) == pairs.all() == [1000, 1001]
    assert pairs.remove(1000)
    assert pairs.remove(1000) is None
    assert pairs.named_by_peer(7, FIRST, ME, HERE) == [1001]
    pairs.remove(1001)
    assert len(pairs) == 0
    assert not pairs.made_by(FIRST)
    assert not pairs.named_by_peer(7, FIRST, ME, HERE)
