import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.backoff import Backoff
from l2tpsec.protocols.l2tp.delivery import QUEUE_LIMIT, Delivery, Parcel
from l2tpsec.protocols.l2tp.header import ControlHeader, decode_control

BACKOFF = Backoff(1, 8, 5)


def delivery(window: int = 8, peer_window: int = 8) -> Delivery:
    made = Delivery(9, window, BACKOFF)
    made.peer_window = peer_window
    return made


def numbers(datagrams: list[bytes]) -> list[tuple[int, int, bytes]]:
    """Ns, Nr and body of each."""
    heads = [decode_control(data) for data in datagrams]
    return [(head.ns, head.nr, body) for head, body in heads]


def ack(nr: int) -> ControlHeader:
    return ControlHeader(9, 0, 0, nr)


def head(ns: int, nr: int = 0) -> ControlHeader:
    return ControlHeader(9, 5, ns, nr)


def test_slow_start_opens_one_more_for_each_acknowledgment() -> None:
    ours = delivery()
    for number in range(8):
        ours.send(0, bytes([number]))
    assert [ns for ns, _, _ in numbers(ours.flush(0))] == [0]
    ours.receive(ack(1), b"", 0)
    assert [ns for ns, _, _ in numbers(ours.flush(0))] == [1, 2]
    ours.receive(ack(3), b"", 0)
    assert [ns for ns, _, _ in numbers(ours.flush(0))] == [3, 4, 5, 6]


@pytest.mark.parametrize("peer_window", [0, 1, 2])
def test_the_peers_window_is_never_passed(peer_window: int) -> None:
    ours = delivery(peer_window=peer_window)
    for number in range(9):
        ours.send(0, bytes([number]))
    for nr in range(1, 9):
        ours.flush(0)
        assert ours._in_flight <= max(1, peer_window)
        ours.receive(ack(nr), b"", 0)


def test_retransmission_doubles_and_ends() -> None:
    ours, moments, now = delivery(), [], 0.0
    ours.send(0, b"m")
    while True:
        moments += [now] * len(ours.flush(now))
        assert ours.deadline is not None
        now = ours.deadline
        if not ours.expire(now):
            break
    assert moments == [0, 1, 3, 7, 15]
    assert now == 23


def test_a_retransmission_carries_the_newest_acknowledgment() -> None:
    ours = delivery()
    ours.send(0, b"m")
    assert numbers(ours.flush(0)) == [(0, 0, b"m")]
    ours.receive(head(0), b"x", 0.5)
    assert numbers(ours.flush(0.5)) == [(1, 1, b"")]
    assert ours.expire(1)
    assert numbers(ours.flush(1)) == [(0, 1, b"m")]


def test_after_a_loss_the_window_closes_and_opens_again() -> None:
    ours = delivery()
    for number in range(4):
        ours.send(0, bytes([number]))
    ours.flush(0)
    ours.receive(ack(1), b"", 0)
    assert len(ours.flush(0)) == 2
    assert ours.expire(1)
    assert [ns for ns, _, _ in numbers(ours.flush(1))] == [1]
    # Both of the first round had arrived: only an acknowledgment was lost.
    ours.receive(ack(3), b"", 1)
    assert [ns for ns, _, _ in numbers(ours.flush(1))] == [3]
    ours.receive(ack(4), b"", 1)
    assert ours.idle
    assert ours.deadline is None


@pytest.mark.parametrize("nr", [2, 5, 0x8000, 0xFFFF])
def test_an_acknowledgment_of_what_was_never_sent_is_ignored(nr: int) -> None:
    ours = delivery()
    ours.send(0, b"m")
    ours.flush(0)
    ours.receive(ack(nr), b"", 0)
    assert ours.oldest == Parcel(0, b"m")


def test_a_message_is_acknowledged_at_once_and_alone_if_nothing_is_to_be_sent() -> None:
    ours = delivery()
    assert ours.receive(head(0), b"x", 0) == [Parcel(5, b"x")]
    assert numbers(ours.flush(0)) == [(0, 1, b"")]
    assert ours.flush(0) == []


def test_an_answer_carries_the_acknowledgment() -> None:
    ours = delivery()
    ours.receive(head(0), b"x", 0)
    ours.send(5, b"answer")
    assert numbers(ours.flush(0)) == [(0, 1, b"answer")]


def test_a_zlb_of_its_own_precedes_the_answer() -> None:
    ours = delivery()
    ours.receive(head(0), b"x", 0)
    ours.acknowledge()
    ours.send(5, b"answer")
    assert numbers(ours.flush(0)) == [(0, 1, b""), (0, 1, b"answer")]


def test_a_zlb_is_never_answered() -> None:
    ours = delivery()
    assert ours.receive(head(0), b"", 0) == []
    assert ours.flush(0) == []


def test_duplicates_are_acknowledged_again_and_not_delivered() -> None:
    ours = delivery()
    ours.receive(head(0), b"x", 0)
    ours.flush(0)
    assert ours.receive(head(0), b"x", 1) == []
    assert numbers(ours.flush(1)) == [(0, 1, b"")]


def test_early_messages_wait_and_those_beyond_the_window_do_not() -> None:
    ours = delivery(window=2)
    assert ours.receive(head(1), b"b", 0) == []
    assert ours.receive(head(2), b"c", 0) == []
    assert ours.receive(head(0), b"a", 0) == [Parcel(5, b"a"), Parcel(5, b"b")]
    assert ours.receive(head(2), b"c", 0) == [Parcel(5, b"c")]


def test_a_peer_that_never_acknowledges_is_not_listened_to_for_ever() -> None:
    ours = delivery()
    for ns in range(1000):
        for _ in ours.receive(head(ns), b"ask", 0):
            ours.send(0, b"answer")
    assert len(ours._queue) == QUEUE_LIMIT
    assert len(ours._early or ()) <= 8


def test_sequences_wrap() -> None:
    ours = delivery()
    ours._expected = ours._oldest_ns = 0xFFF0
    for step in range(0xFFF0, 0x10010):
        assert len(ours.receive(head(step & 0xFFFF, step & 0xFFFF), b"x", 0)) == 1
        ours.send(0, b"y")
        assert numbers(ours.flush(0)) == [(step & 0xFFFF, (step + 1) & 0xFFFF, b"y")]
    assert ours.deadline is not None


def test_hurry_lets_the_last_message_pass_slow_start() -> None:
    ours = delivery()
    ours.send(0, b"hello")
    ours.flush(0)
    ours.send(0, b"unsent")
    ours.discard_unsent()
    ours.hurry()
    ours.send(0, b"stop")
    assert numbers(ours.flush(0)) == [(1, 0, b"stop")]


def test_abandon_forgets_all_but_the_numbers() -> None:
    ours = delivery()
    ours.send(0, b"hello")
    ours.flush(0)
    ours.send(0, b"unsent")
    ours.receive(head(0), b"stop", 0)
    ours.abandon()
    assert numbers(ours.flush(0)) == [(1, 1, b"")]
    assert ours.idle
    assert ours.deadline is None


def test_again_repeats_only_what_is_in_flight() -> None:
    ours = delivery()
    ours.send(0, b"sccrp")
    assert ours.again() == []
    first = ours.flush(0)
    assert ours.again() == first


def test_persist_begins_anew() -> None:
    ours = delivery()
    ours.send(0, b"hello")
    ours.flush(0)
    now = 0.0
    while ours.deadline is not None and ours.expire(now := ours.deadline):
        ours.flush(now)
    ours.persist(now + 60)
    assert ours.flush(now) == []
    assert ours.expire(now + 60)
    assert len(ours.flush(now + 60)) == 1
    assert ours.deadline == now + 61


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.2]), st.integers(1, 8))
def test_all_arrives_once_and_in_order_over_a_bad_link(seed: int, loss: float, window: int) -> None:
    dice = random.Random(seed)
    left, right = delivery(window, window), delivery(window, window)
    sent, got, now = [bytes([n]) for n in range(20)], [], 0.0
    for body in sent:
        left.send(3, body)
    wire: list[tuple[bool, bytes]] = []
    while not left.idle:
        wire += [(True, data) for data in left.flush(now)]
        wire += [(False, data) for data in right.flush(now)]
        if not wire:
            now = left.deadline or now
            if not left.expire(now):
                assert loss
                left.persist(now + 1)
            continue
        to_right, data = wire.pop(dice.randrange(len(wire)))
        if dice.random() < loss:
            continue
        if dice.random() < loss:
            wire.append((to_right, data))
        header, body = decode_control(data)
        if to_right:
            got += [parcel.body for parcel in right.receive(header, body, now)]
        else:
            left.receive(header, body, now)
    assert got == sent
