"""Nothing is believed without a good HASH, and nothing twice."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ike.effects import (
    IkeSaEnded,
    IkeSaId,
    IkeSaMoved,
    SaPairAgreed,
    SaPairConfirmed,
    SaPairEnded,
    Transmit,
)
from l2tpsec.protocols.ike.phase_two import MESSAGE_IDS_LIMIT
from tests.peers.ike_initiator import INFORMATIONAL, QUICK, Client, deletion
from tests.peers.ike_wire import PSK, Wire, of, reasons


@pytest.mark.parametrize("bit", range(28 * 8, 92 * 8, 5))
def test_a_flipped_bit_in_a_delete_changes_nothing(bit: int) -> None:
    wire = Wire().connect()
    message = bytearray(wire.initiator.delete_pair(wire.initiator.pairs[0]))
    if bit < len(message) * 8:
        message[bit // 8] ^= 1 << bit % 8
        effects = wire.put(bytes(message))
        assert all(isinstance(effect, Dropped) for effect in effects)
        assert effects
    assert of(wire.send(*wire.initiator.delete()), SaPairEnded)


@given(st.data())
def test_a_flipped_bit_anywhere_in_any_protected_message(data: st.DataObject) -> None:
    wire = Wire()
    wire.main_mode()
    (answer,) = of(wire.put(quick := wire.initiator.quick_mode()), Transmit)
    (third,) = wire.initiator.receive(answer.data)
    notify = wire.initiator.are_you_there(1)
    message = bytearray(data.draw(st.sampled_from([quick, third, notify])))
    bit = data.draw(st.integers(0, len(message) * 8 - 1))
    message[bit // 8] ^= 1 << bit % 8
    effects = wire.put(bytes(message))
    # The commit and authentication-only flags, the reserved ones and the minor version are not
    # covered by any hash; all else is.
    if bit // 8 not in (17, 19):
        assert all(isinstance(effect, Dropped) for effect in effects)
    assert not of(effects, SaPairAgreed)


def test_without_encryption_nothing_is_read() -> None:
    wire = Wire().connect()
    assert reasons(wire.put(wire.initiator.clear(QUICK, [deletion(3, bytes(4))]))) == [
        "unprotected"
    ]


@pytest.mark.parametrize("exchange", [QUICK, INFORMATIONAL])
def test_message_id_zero_and_unknown_cookies(exchange: int) -> None:
    wire = Wire().connect()
    message = bytearray(wire.initiator.encrypted(exchange, 9, [deletion(3, bytes(4))]))
    message[20:24] = bytes(4)
    assert reasons(wire.put(bytes(message))) == ["malformed"]
    message[8:16] = b"nobody's"
    assert reasons(wire.put(bytes(message))) == ["unknown cookies"]


def test_before_message_five_there_is_no_phase_two() -> None:
    done, half = Wire().connect(), Wire()
    (answer,) = of(half.put(half.initiator.start()), Transmit)
    half.put(half.initiator.receive(answer.data)[0])
    message = bytearray(done.initiator.quick_mode())
    message[:16] = half.initiator.cookies
    assert reasons(half.put(bytes(message))) == ["not established yet"]


def test_a_message_id_is_good_for_one_exchange() -> None:
    wire = Wire(Client(PSK, counts_message_ids=True)).connect()
    wire.initiator.count = 0
    wire.initiator.ivs.clear()
    assert reasons(wire.quick_mode()) == ["message id used before"]
    request = wire.initiator.are_you_there(5)
    wire.put(request)
    number = int.from_bytes(request[20:24])
    wire.initiator.ivs.clear()
    again = wire.initiator.proven(INFORMATIONAL, number, [deletion(3, bytes(4))])
    assert reasons(wire.put(again)) == ["message id used before"]


def test_a_wrong_message_three_does_not_spoil_the_good_one() -> None:
    wire = Wire()
    wire.main_mode()
    (answer,) = of(wire.put(wire.initiator.quick_mode()), Transmit)
    (third,) = wire.initiator.receive(answer.data)
    bad = third[:-1] + bytes((third[-1] ^ 1,))
    assert reasons(wire.put(bad))[0] in ("HASH is wrong", "malformed")
    assert of(wire.put(third), SaPairConfirmed)


def test_a_moved_client_is_believed_only_when_authentic() -> None:
    wire = Wire().connect()
    (pair,) = (each.pair for each in of(wire.log, SaPairAgreed))
    wire.public = "192.0.2.66"
    request = wire.initiator.are_you_there(1)
    forged = request[:-1] + bytes((request[-1] ^ 1,))
    assert not of(wire.put(forged), IkeSaMoved)
    moved, answer = wire.put(request)
    assert moved == IkeSaMoved(IkeSaId(1), wire.path())
    assert isinstance(answer, Transmit)
    assert answer.path == wire.path()
    # A captured message from the old place does not move it back.
    wire.public = "203.0.113.9"
    assert not of(wire.put(wire.sent[3]), IkeSaMoved)
    wire.public = "192.0.2.66"
    held = wire.responder._box.pairs.get(pair.inbound_spi)
    assert held
    assert held.remote == wire.path().remote


def test_a_floated_client_is_not_followed_back_to_port_500() -> None:
    wire = Wire().connect()
    home = wire.path()
    wire.initiator.floated = False
    (answer,) = wire.put(wire.initiator.are_you_there(1))
    assert isinstance(answer, Transmit)
    assert answer.path == home


def test_the_data_plane_reports_a_move() -> None:
    wire = Wire().connect()
    (pair,) = (each.pair for each in of(wire.log, SaPairAgreed))
    there = Path(Endpoint("198.51.100.1", 4500), Endpoint("192.0.2.66", 1024))
    wire.responder.moved([IkeSaId(1), IkeSaId(99)], [pair.inbound_spi], there)
    closing = wire.responder.close_pair(pair.inbound_spi, "done", wire.now)
    assert of(closing, Transmit)[0].path == there
    gone = Wire().connect()
    gone.send(gone.initiator.informational([deletion(1, gone.initiator.cookies)]))
    (spi,) = gone.responder._box.pairs.all()
    gone.responder.moved([], [spi], there)
    held = gone.responder._box.pairs.get(spi)
    assert held
    assert held.remote == there.remote


def test_too_many_exchanges_a_second() -> None:
    wire = Wire().connect()
    for sequence in range(400):
        wire.put(wire.initiator.are_you_there(sequence))
    assert 0 < reasons(wire.log).count("too many exchanges") < 300
    wire.now += 60
    assert of(wire.put(wire.initiator.are_you_there(1)), Transmit)
    for _ in range(250):
        wire.put(wire.initiator.quick_mode())
    assert reasons(wire.log)[-1] == "too many exchanges"


def test_message_ids_are_used_up_one_day() -> None:
    wire = Wire().connect()
    (sa,) = wire.responder._sas.all()
    sa.used_message_ids |= set(range(1, MESSAGE_IDS_LIMIT - len(sa.used_message_ids)))
    (ended,) = of(wire.put(wire.initiator.are_you_there(1)), IkeSaEnded)
    assert "used up" in ended.reason
    assert not of(wire.log, SaPairEnded)


def test_garbage_behind_good_cookies() -> None:
    wire = Wire().connect()
    dice = random.Random(5)
    for _ in range(300):
        size = dice.randrange(28, 200)
        message = bytearray(dice.randbytes(size))
        message[:16] = wire.initiator.cookies
        message[17:20] = bytes((0x10, dice.choice((QUICK, INFORMATIONAL)), 1))
        message[24:28] = size.to_bytes(4)
        assert all(isinstance(effect, Dropped) for effect in wire.put(bytes(message)))
    assert of(wire.quick_mode(), SaPairConfirmed)
