"""The whole responder: orders from above, bad input, and what no order of messages achieves."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.model.path import Path
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ike.effects import (
    Effect,
    IkeSaEnded,
    IkeSaEstablished,
    IkeSaId,
    InitialContact,
    SaPairAgreed,
    SaPairConfirmed,
    SaPairEnded,
    Transmit,
)
from l2tpsec.protocols.ike.responder import Responder
from tests.peers.ike_initiator import Client, deletion
from tests.peers.ike_wire import (
    PSK,
    SETTINGS,
    Wire,
    of,
    reasons,
    seeded,
    windows_message_one,
    words,
)

FACTS = (
    IkeSaEstablished,
    InitialContact,
    SaPairAgreed,
    SaPairConfirmed,
    SaPairEnded,
    IkeSaEnded,
)


def listen(wire: Wire, effects: list[Effect]) -> None:
    for each in of(effects, Transmit):
        wire.initiator.receive(each.data)


def test_closing_tells_the_client_by_delete() -> None:
    wire = Wire().connect()
    pair = wire.initiator.pairs[0]
    effects = wire.responder.close(IkeSaId(1), wire.now)
    listen(wire, effects)
    expected = [(3, pair.outbound_spi.to_bytes(4)), (1, wire.initiator.cookies)]
    assert wire.initiator.deleted == expected
    assert [type(e) for e in effects if not isinstance(e, Transmit)] == [SaPairEnded, IkeSaEnded]
    assert wire.responder.close(IkeSaId(1), wire.now) == []
    assert wire.responder.deadline is None


def test_closing_one_pair() -> None:
    wire = Wire().connect()
    wire.quick_mode()
    first, second = (each.pair.inbound_spi for each in of(wire.log, SaPairAgreed))
    effects = wire.responder.close_pair(first, "worn", wire.now)
    assert of(effects, SaPairEnded) == [SaPairEnded(IkeSaId(1), first, "worn")]
    assert wire.responder.close_pair(first, "worn", wire.now) == []
    assert wire.responder._box.pairs.all() == [second]


def test_the_delete_goes_through_a_later_sa_when_the_first_is_gone() -> None:
    wire = Wire().connect()
    pair = wire.initiator.pairs[0]
    wire.send(wire.initiator.informational([deletion(1, wire.initiator.cookies)]))
    again = Wire(Client(PSK), wire.responder, seed=9)
    again.main_mode()
    listen(again, wire.responder.close_pair(pair.outbound_spi, "done", again.now))
    assert again.initiator.deleted == [(3, pair.outbound_spi.to_bytes(4))]
    alone = Wire().connect()
    alone.send(alone.initiator.informational([deletion(1, alone.initiator.cookies)]))
    (ended,) = alone.responder.close(IkeSaId(1), alone.now)
    assert isinstance(ended, SaPairEnded)


def test_twins_behind_one_nat_do_not_touch_each_other() -> None:
    """Same inner address, same cookie, same SPIs, same message ids: only the NAT's port differs."""
    box = Responder(SETTINGS, seeded(1))
    client = Client(PSK, counts_message_ids=True)
    first = Wire(client, box, first_port=20000, seed=4).connect()
    second = Wire(client, box, first_port=30000, seed=4).connect()
    pairs = [of(wire.log, SaPairAgreed)[0] for wire in (first, second)]
    assert first.initiator.pairs[0].inbound_spi == second.initiator.pairs[0].inbound_spi
    assert pairs[0].pair.inbound_spi != pairs[1].pair.inbound_spi
    assert pairs[0].pair.inbound != pairs[1].pair.inbound
    ended = second.send(*second.initiator.delete())
    assert [each.inbound_spi for each in of(ended, SaPairEnded)] == [pairs[1].pair.inbound_spi]
    assert of(first.quick_mode(), SaPairConfirmed)


def test_shutdown_tells_everybody() -> None:
    box = Responder(SETTINGS, seeded(1))
    wires = [Wire(responder=box, first_port=40000 + n, seed=n).connect() for n in range(3)]
    half = Wire(responder=box, first_port=50000, seed=77)
    half.put(half.initiator.start())
    effects = box.shutdown(wires[0].now)
    assert len(of(effects, SaPairEnded)) == len(of(effects, IkeSaEnded)) == 3
    assert len(of(effects, Transmit)) == 6


def test_reloaded_settings_hold_for_what_comes() -> None:
    wire = Wire(Client(b"new"))
    wire.responder.reload(replace(SETTINGS, psks=(PSK, b"new")))
    (established,) = of(wire.main_mode(), IkeSaEstablished)
    assert established.psk_index == 1


def test_a_key_taken_away_between_messages() -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    wire.responder.reload(replace(SETTINGS, psks=()))
    effects = wire.send(*wire.initiator.receive(answer.data))
    assert "did not decrypt" in words(effects)
    assert not of(effects, IkeSaEstablished)


@pytest.mark.parametrize("exchange", [0, 1, 4, 6, 33, 34, 35, 36, 37, 240, 243, 255])
def test_other_exchanges_are_dropped_with_their_name(exchange: int) -> None:
    message = bytearray(windows_message_one())
    message[18] = exchange
    (dropped,) = Wire().put(bytes(message))
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "exchange type not served"
    named = {4: "AGGRESSIVE", 243: "AUTHIP-MAIN-MODE"}
    assert dropped.detail == named.get(exchange, dropped.detail)


def test_ikev2_is_dropped() -> None:
    message = bytearray(windows_message_one())
    message[17] = 0x20
    (dropped,) = Wire().put(bytes(message))
    assert isinstance(dropped, Dropped)
    assert dropped.detail == "version 2.0, not IKEv1"


@pytest.mark.parametrize("octets", [*range(29), 100, 407])
def test_a_message_cut_short(octets: int) -> None:
    assert reasons(Wire().put(windows_message_one()[:octets])) == ["malformed"]


def test_every_octet_of_message_one_out_of_range() -> None:
    good = windows_message_one()
    for at in range(28, 408):
        for value in (0, 1, 0x7F, 0xFF):
            message = good[:at] + bytes((value,)) + good[at + 1 :]
            effects = Wire().put(message)
            assert all(len(each.data) <= len(good) for each in of(effects, Transmit))
            assert not any(isinstance(effect, FACTS) for effect in effects)


@given(st.binary(max_size=600))
def test_any_datagram_is_dropped_or_answered_shorter(data: bytes) -> None:
    for effect in Wire().put(data):
        assert isinstance(effect, Dropped)


@given(
    exchange=st.sampled_from([2, 5, 32]),
    first=st.integers(0, 255),
    body=st.binary(max_size=300),
)
def test_any_body_behind_a_good_header(exchange: int, first: int, body: bytes) -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    wire.initiator.receive(answer.data)
    header = wire.initiator.cookies + bytes((first, 0x10, exchange, 0)) + bytes(4)
    message = header + (28 + len(body)).to_bytes(4) + body
    for effect in wire.put(message):
        assert not isinstance(effect, FACTS)
        assert not isinstance(effect, Transmit) or len(effect.data) <= max(len(message), 40)


def test_twenty_thousand_garbage_datagrams_leave_nothing_behind() -> None:
    wire = Wire().connect()
    before = sizes(wire.responder)
    dice = random.Random(7)
    good = [windows_message_one(), *wire.sent]
    for number in range(20_000):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if number % 3 == 0:
            data = bytearray(dice.randbytes(dice.randrange(120)))
        wire.now += 0.01
        wire.public = f"203.0.{number % 200}.9"
        wire.responder.receive(bytes(data), wire.path(), wire.now)
    wire.wait(120)
    wire.public = "203.0.113.9"
    assert sizes(wire.responder) == before
    assert of(wire.quick_mode(), SaPairConfirmed)


def sizes(responder: Responder) -> tuple[int, ...]:
    (sa,) = responder._sas.all()
    return (
        len(responder._sas),
        responder._sas.half_open,
        len(responder._sas._first),
        len(responder._sas._established),
        len(responder._sas._from),
        len(responder._box.pairs),
        len(responder._assemblies),
        len(sa.quick_modes),
        len(sa.used_message_ids),
    )


def recorded() -> list[tuple[bytes, Path]]:
    """Return a whole session's messages: a responder with the same seed answers them alike."""
    wire = Wire(Client(PSK, initial_contact=True))
    story: list[tuple[bytes, Path]] = []
    message = wire.initiator.start()
    for _ in range(3):
        story.append((message, wire.path()))
        (answer,) = of(wire.put(message), Transmit)
        message = next(iter(wire.initiator.receive(answer.data)), b"")
    quick = wire.initiator.quick_mode()
    (answer,) = of(wire.put(quick), Transmit)
    story += [(quick, wire.path()), (wire.initiator.receive(answer.data)[0], wire.path())]
    story += [(message, wire.path()) for message in wire.initiator.delete()]
    return story


STORY = recorded()
ONE, THREE, FIVE, QUICK_ONE, QUICK_THREE, DELETE_PAIR, DELETE_SA = range(7)
NEEDS: dict[type[object], tuple[int, ...]] = {
    IkeSaEstablished: (ONE, THREE, FIVE),
    InitialContact: (ONE, THREE, FIVE),
    SaPairAgreed: (ONE, THREE, FIVE, QUICK_ONE),
    SaPairConfirmed: (ONE, THREE, FIVE, QUICK_ONE, QUICK_THREE),
    SaPairEnded: (ONE, THREE, FIVE, QUICK_ONE, DELETE_PAIR),
    IkeSaEnded: (ONE, THREE, FIVE, DELETE_SA),
}


def contains(order: list[int], needed: tuple[int, ...]) -> bool:
    rest = iter(order)
    return all(step in rest for step in needed)


@given(st.lists(st.integers(0, 6), max_size=16), st.booleans())
def test_no_order_of_messages_achieves_what_its_hashes_do_not(order: list[int], lead: bool) -> None:
    """Every fact wants all messages before it, in their order (CVE-2014-2338, CVE-2021-45079)."""
    order = [ONE, THREE, *order] if lead else order
    responder = Responder(SETTINGS, seeded(1))
    effects: list[Effect] = []
    for step in order:
        effects += responder.receive(*STORY[step], 1000.0)
    for fact, needed in NEEDS.items():
        if any(isinstance(effect, fact) for effect in effects):
            assert contains(order, needed)
        assert sum(isinstance(effect, fact) for effect in effects) <= 1


def test_the_story_itself_has_every_fact() -> None:
    responder = Responder(SETTINGS, seeded(1))
    effects = [effect for step in STORY for effect in responder.receive(*step, 1000.0)]
    assert {type(effect) for effect in effects} >= set(NEEDS)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2**32)), max_size=12))
def test_without_the_key_nothing_is_ever_established(steps: list[tuple[int, int]]) -> None:
    responder = Responder(replace(SETTINGS, psks=(b"another",)), seeded(1))
    for step, damage in steps:
        message, path = STORY[step]
        broken = bytearray(message)
        broken[damage % len(broken)] ^= damage >> 8 & 0xFF
        for effect in responder.receive(bytes(broken), path, 1000.0):
            assert not isinstance(effect, FACTS)


def test_loss_and_duplication_of_anything_is_survived() -> None:
    """The client repeats what is not answered, as clients do; half of all datagrams are lost."""
    for seed in range(25):
        wire, dice = Wire(seed=seed), random.Random(seed)
        outbox = wire.initiator.start()
        for _ in range(200):
            wire.now += 0.1
            path = wire.path()
            answers = []
            if dice.random() < 0.5:
                answers = of(wire.responder.receive(outbox, path, wire.now), Transmit)
            if answers and dice.random() < 0.5:
                replies = wire.initiator.receive(answers[0].data)
                if wire.initiator.established:
                    break
                outbox = replies[0]
        assert wire.initiator.established
