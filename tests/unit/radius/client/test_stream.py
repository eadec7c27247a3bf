import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.client.stream import State, Stream
from radius.malformed import Malformed

PACKET = bytes((2, 7, 0, 22)) + bytes(16) + b"xy"
OTHER = bytes((3, 8, 0, 20)) + bytes(16)


@given(st.lists(st.integers(0, 84)))
def test_packets_are_cut_wherever_the_octets_are(cuts: list[int]) -> None:
    octets, stream, found = PACKET + OTHER + PACKET + OTHER, Stream(), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 84], strict=True):
        found += stream.packets(octets[start:end])
    assert found == [PACKET, OTHER, PACKET, OTHER]


@pytest.mark.parametrize("length", [20, 4096])
def test_a_packet_may_have_from_20_to_4096_octets(length: int) -> None:
    packet = bytes((2, 7)) + length.to_bytes(2, "big") + bytes(length - 4)
    assert Stream().packets(packet + PACKET) == [packet, PACKET]


@pytest.mark.parametrize("length", [0, 19, 4097, 65535])
def test_an_impossible_length_loses_the_thread(length: int) -> None:
    with pytest.raises(Malformed, match=f"a packet of {length} octets"):
        Stream().packets(bytes((2, 7)) + length.to_bytes(2, "big"))


@given(st.lists(st.binary(max_size=50)))
def test_no_octets_upset_it(parts: list[bytes]) -> None:
    stream = Stream()
    try:
        for part in parts:
            stream.packets(part)
    except Malformed:
        pass


def test_what_was_left_of_a_connection_is_not_mixed_into_the_next() -> None:
    stream = Stream()
    stream.opened(0.0)
    assert stream.packets(PACKET[:9]) == []
    stream.closed("reset", 1.0)
    stream.opened(2.0)
    assert stream.packets(OTHER) == [OTHER]


def test_waits_grow_with_every_failure_and_are_spread() -> None:
    stream = Stream()
    assert stream.retry_seconds(0) == 0.0
    waits = []
    for _ in range(9):
        stream.closed("refused", 0.0)
        waits.append(stream.retry_seconds(0))
    assert waits == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 45.0, 45.0, 45.0]
    assert stream.retry_seconds(255) == 75.0


def test_a_connection_that_lasted_is_tried_again_at_once() -> None:
    stream = Stream(failures=5)
    stream.opened(100.0)
    assert stream.state is State.UP
    stream.closed("reset", 105.0)
    assert stream.failures == 6
    stream.opened(200.0)
    stream.closed("reset", 210.0)
    assert (stream.failures, stream.trouble, stream.retry_seconds(255)) == (0, "reset", 0.0)


def test_a_server_that_is_away_for_long_fills_no_log() -> None:
    assert [n for n in range(70) if Stream(failures=n).remarkable] == [0, 1, 2, 4, 8, 16, 32, 64]
