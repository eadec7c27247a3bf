"""Reassembly: any order, duplicates, gaps, liars, limits; and a dial-in made of fragments."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.effects import Effect, IkeSaEstablished, SaPairConfirmed, Transmit
from l2tpsec.protocols.ike.fragmentation import (
    ASSEMBLIES_LIMIT,
    FRAGMENTS_LIMIT,
    MESSAGE_OCTETS_LIMIT,
    PER_SA_LIMIT,
    Assemblies,
)
from l2tpsec.protocols.ike.header import Header, decode_header, encode_message
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.payloads import Payload, encode_chain
from tests.peers.ike_wire import Wire, of, reasons

PATH = Path(Endpoint("192.0.2.1", 500), Endpoint("192.0.2.2", 500))
WHOLE = bytes(range(256)) * 3


def fragment(
    number: int, data: bytes, *, last: bool = False, message: int = 1, cookies: bytes = b"i" * 16
) -> bytes:
    body = message.to_bytes(2) + bytes((number, last)) + data
    header = Header(cookies[:8], cookies[8:], 132, 2)
    return encode_message(header, encode_chain([Payload(132, body)]))


def cut(whole: bytes, octets: int, **fields: object) -> list[bytes]:
    parts = [whole[at : at + octets] for at in range(0, len(whole), octets)]
    return [
        fragment(number, part, last=number == len(parts), **fields)  # type: ignore[arg-type]  # fragment's own keywords
        for number, part in enumerate(parts, 1)
    ]


def give(assemblies: Assemblies, data: bytes, now: float = 0.0) -> bytes | None:
    return assemblies.receive(Message(decode_header(data), data, PATH, now))


@given(st.integers(12, 800), st.randoms())
def test_any_order_and_duplicates(octets: int, dice: random.Random) -> None:
    parts = cut(WHOLE, octets)
    dice.shuffle(parts)
    assemblies = Assemblies()
    for part in parts[:-1] + parts[:-1]:
        assert give(assemblies, part) is None
    assert give(assemblies, parts[-1]) == WHOLE
    assert len(assemblies) == 0


def test_two_messages_interleaved() -> None:
    assemblies = Assemblies()
    first, second = cut(WHOLE, 400), cut(WHOLE[::-1], 400, message=2)
    assert give(assemblies, first[0]) is give(assemblies, second[0]) is None
    assert give(assemblies, first[1]) == WHOLE
    assert give(assemblies, second[1]) == WHOLE[::-1]


@pytest.mark.parametrize("number", [0, FRAGMENTS_LIMIT + 1, 255])
def test_numbers_out_of_range_end_the_assembly(number: int) -> None:
    assemblies = Assemblies()
    give(assemblies, fragment(1, b"a"))
    with pytest.raises(Malformed, match="fragment"):
        give(assemblies, fragment(number, b"b"))
    assert len(assemblies) == 0


def test_size_is_bounded() -> None:
    assemblies = Assemblies()
    part = bytes(MESSAGE_OCTETS_LIMIT // 2)
    give(assemblies, fragment(1, part))
    give(assemblies, fragment(2, part))
    with pytest.raises(Malformed):
        give(assemblies, fragment(3, b"xx", last=True))


def test_a_gap_or_a_false_end_completes_nothing() -> None:
    assemblies = Assemblies()
    give(assemblies, fragment(1, b"a"))
    give(assemblies, fragment(3, b"c"))
    assert give(assemblies, fragment(2, b"b", last=True)) is None
    assert give(assemblies, fragment(4, b"", last=True)) == b"abc"


def test_a_fragment_is_alone_and_has_its_fields() -> None:
    header = Header(b"i" * 8, b"i" * 8, 132, 2)
    body = Payload(132, b"\0\1\1\1data")
    for payloads in ([body, body], [Payload(132, b"\0\1\1")], [Payload(132, b"")]):
        with pytest.raises(Malformed):
            give(Assemblies(), encode_message(header, encode_chain(payloads)))


def test_unfinished_messages_are_bounded_and_given_up() -> None:
    assemblies = Assemblies()
    for message in range(PER_SA_LIMIT + 3):
        give(assemblies, fragment(1, b"a", message=message))
    assert len(assemblies) == PER_SA_LIMIT
    for peer in range(ASSEMBLIES_LIMIT + 9):
        give(assemblies, fragment(1, b"a", cookies=(peer + 1).to_bytes(8) * 2), now=1.0)
    assert len(assemblies) == ASSEMBLIES_LIMIT
    assert assemblies.deadline == 71.0
    assert assemblies.expire(71.0) == ASSEMBLIES_LIMIT
    assert assemblies.deadline is None


def in_fragments(wire: Wire, message: bytes, number: int) -> list[Effect]:
    """Hand a message over in pieces, the last first; return what the last to come caused."""
    parts = cut(message, 60, message=number, cookies=wire.initiator.cookies)
    assert len(parts) > 1
    caused = [wire.put(part) for part in reversed(parts)]
    assert not any(caused[:-1])
    return caused[-1]


def replies(wire: Wire, effects: list[Effect]) -> list[bytes]:
    """Return what the client sends upon the answer to its fragments."""
    (answer,) = of(effects, Transmit)
    return wire.initiator.receive(answer.data)


def test_a_client_that_fragments_gets_in() -> None:
    wire = Wire()
    (message,) = replies(wire, wire.put(wire.initiator.start()))
    effects: list[Effect] = []
    for number in (1, 2):
        effects = in_fragments(wire, message, number)
        message = next(iter(replies(wire, effects)), b"")
    assert of(effects, IkeSaEstablished)
    effects = in_fragments(wire, wire.initiator.quick_mode(), 7)
    assert of(wire.send(*replies(wire, effects)), SaPairConfirmed)


def test_strangers_and_nested_fragments_cost_nothing() -> None:
    wire = Wire()
    assert reasons(wire.put(fragment(1, b"a"))) == ["fragment of an unknown SA"]
    wire.main_mode()
    cookies = wire.initiator.cookies
    nested = fragment(1, fragment(1, b"a", last=True, cookies=cookies), last=True, cookies=cookies)
    assert reasons(wire.put(nested)) == ["malformed"]
    foreign = fragment(1, wire.sent[0], last=True, message=2, cookies=cookies)
    assert reasons(wire.put(foreign)) == ["malformed"]
    wire.put(fragment(1, b"a", message=3, cookies=cookies))
    assert "fragments never completed" in reasons(wire.wait(100))
