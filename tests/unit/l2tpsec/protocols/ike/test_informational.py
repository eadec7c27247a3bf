"""Informational: DPD, Delete and INITIAL-CONTACT, only with a good HASH."""

import pytest

from l2tpsec.model.records import Level, Noted
from l2tpsec.protocols.ike.codes import Notify
from l2tpsec.protocols.ike.effects import (
    IkeSaClaimed,
    IkeSaEnded,
    IkeSaId,
    InitialContact,
    PairClaimed,
    SaPairEnded,
    Transmit,
)
from l2tpsec.protocols.ike.informational import plain_notify
from l2tpsec.protocols.ike.payloads import Payload
from tests.peers.ike_initiator import Client, deletion
from tests.peers.ike_wire import PSK, Wire, of, reasons, words


def test_dpd_is_answered_with_its_sequence_number() -> None:
    wire = Wire().connect()
    wire.send(wire.initiator.are_you_there(0xFFFFFFFF))
    assert wire.initiator.notified == [(36137, wire.initiator.cookies + b"\xff" * 4)]
    assert len(wire.log[-1].data) <= len(wire.sent[-1])  # type: ignore[union-attr]  # Transmit


@pytest.mark.parametrize(
    ("spi", "data"), [(b"", b"1234"), (b"x" * 16, b"1234"), (None, b""), (None, b"12345")]
)
def test_dpd_for_another_sa_is_dropped(spi: bytes | None, data: bytes) -> None:
    wire = Wire().connect()
    cookies = wire.initiator.cookies if spi is None else spi
    request = wire.initiator.informational([wire.initiator.notification(36136, cookies, data)])
    assert reasons(wire.put(request)) == ["R-U-THERE for another SA"]


def test_initial_contact_in_an_exchange_of_its_own() -> None:
    wire = Wire()
    wire.main_mode()
    notice = wire.initiator.notification(24578, wire.initiator.cookies)
    assert of(wire.put(wire.initiator.informational([notice])), InitialContact) == [
        InitialContact(IkeSaId(1))
    ]


def test_other_notifies_are_noted() -> None:
    wire = Wire().connect()
    error = wire.initiator.informational([wire.initiator.notification(14, b"")])
    status = wire.initiator.informational([wire.initiator.notification(40003, b"", b"\0\0\0\5")])
    (noted,) = of(wire.put(error), Noted)
    assert (noted.level, noted.text) == (Level.WARNING, "the client reports NO-PROPOSAL-CHOSEN")
    (noted,) = of(wire.put(status), Noted)
    assert (noted.level, noted.text) == (Level.DEBUG, "the client notifies 40003")


def test_disconnect_ends_the_pair_and_then_the_sa() -> None:
    wire = Wire().connect()
    ended = wire.send(*wire.initiator.delete())
    assert [type(effect) for effect in ended] == [SaPairEnded, IkeSaEnded]
    assert wire.responder.deadline is None
    assert reasons(wire.put(wire.initiator.are_you_there(1))) == ["unknown cookies"]


def test_pairs_outlive_the_isakmp_sa() -> None:
    wire = Wire().connect()
    gone = wire.initiator.informational([deletion(1, wire.initiator.cookies)])
    assert not of(wire.send(gone), SaPairEnded)
    assert [each.reason for each in of(wire.wait(3700), SaPairEnded)] == ["its lifetime is over"]


def test_delete_and_notify_twice_in_one_message() -> None:
    wire = Wire().connect()
    spi = wire.initiator.pairs[0].inbound_spi.to_bytes(4)
    cookies = wire.initiator.cookies
    message = wire.initiator.informational(
        [
            deletion(3, spi, spi),
            deletion(3, spi),
            deletion(1, cookies),
            deletion(1, cookies, cookies),
            wire.initiator.notification(36136, cookies, b"1234"),
        ]
    )
    effects = wire.send(message)
    assert len(of(effects, SaPairEnded)) == len(of(effects, IkeSaEnded)) == 1
    assert reasons(effects).count("Delete of an unknown ISAKMP SA") == 2


def test_nobody_deletes_for_somebody_else() -> None:
    first = Wire().connect()
    second = Wire(Client(PSK), first.responder, first_port=50000, seed=9).connect()
    theirs = first.initiator.pairs[0].inbound_spi.to_bytes(4)
    attack = second.initiator.informational(
        [deletion(3, theirs), deletion(1, first.initiator.cookies)]
    )
    assert sorted(reasons(second.put(attack))) == [
        "Delete of an unknown ISAKMP SA",
        "Delete of an unknown SPI",
    ]


def test_nobody_deletes_for_somebody_else_whose_place_is_forged() -> None:
    first = Wire().connect()
    forger = Wire(Client(PSK, address="192.168.1.66"), first.responder, seed=9)
    forger.main_mode()
    theirs = first.initiator.pairs[0].inbound_spi.to_bytes(4)
    read_on_the_wire = [deletion(3, theirs), deletion(1, first.initiator.cookies)]
    assert forger.path() == first.path()
    effects = forger.put(forger.initiator.informational(read_on_the_wire))
    assert sorted(reasons(effects)) == [
        "Delete of an unknown ISAKMP SA",
        "Delete of an unknown SPI",
    ]
    assert first.send(first.initiator.are_you_there(1)), "it is still there"


def test_a_new_main_mode_carries_the_delete_of_what_the_old_one_made() -> None:
    wire = Wire().connect()
    again = Wire(Client(PSK), wire.responder, seed=9)
    again.main_mode()
    old_spi = wire.initiator.pairs[0].inbound_spi.to_bytes(4)
    message = again.initiator.informational(
        [deletion(3, old_spi), deletion(1, wire.initiator.cookies)]
    )
    effects = again.put(message)
    spi = of(effects, SaPairEnded)[0].inbound_spi
    assert effects == [
        PairClaimed(IkeSaId(2), spi),
        SaPairEnded(IkeSaId(1), spi, "the client deleted it"),
        IkeSaClaimed(IkeSaId(2), IkeSaId(1)),
        IkeSaEnded(IkeSaId(1), "the client deleted it"),
    ]


@pytest.mark.parametrize("protocol", [0, 2, 4, 255])
def test_deletes_of_other_protocols_do_nothing(protocol: int) -> None:
    wire = Wire().connect()
    spi = wire.initiator.pairs[0].inbound_spi.to_bytes(4)
    assert wire.put(wire.initiator.informational([deletion(protocol, spi)])) == []


@pytest.mark.parametrize("octets", [1, 2, 3, 5, 16])
def test_spis_of_odd_size_name_nothing(octets: int) -> None:
    wire = Wire().connect()
    assert reasons(wire.put(wire.initiator.informational([deletion(3, b"\1" * octets)]))) == [
        "Delete of an unknown SPI"
    ]


@pytest.mark.parametrize("body", [b"", b"\0\0\0\1", b"\0\0\0\1\3\4\xff\xff", b"\0\0\0\1\3\0\0\1"])
def test_half_a_bad_message_has_no_effect(body: bytes) -> None:
    wire = Wire().connect()
    good = deletion(3, wire.initiator.pairs[0].inbound_spi.to_bytes(4))
    effects = wire.put(wire.initiator.informational([good, Payload(12, body)]))
    assert reasons(effects) == ["malformed"]
    assert not of(effects, SaPairEnded)


@pytest.mark.parametrize("kind", [1, 4, 5, 10, 33, 41, 42, 46, 53])
def test_payloads_that_do_not_belong(kind: int) -> None:
    wire = Wire().connect()
    assert reasons(wire.put(wire.initiator.informational([Payload(kind, b"body")]))) == [
        "malformed"
    ]


def test_in_clear_nothing_is_believed() -> None:
    wire = Wire().connect()
    for payload in (
        deletion(3, wire.initiator.pairs[0].inbound_spi.to_bytes(4)),
        deletion(1, wire.initiator.cookies),
        wire.initiator.notification(24578, b""),
    ):
        assert reasons(wire.put(wire.initiator.clear(5, [payload]))) == ["unprotected"]
    stranger = plain_notify(b"initiateresponds", Notify.NO_PROPOSAL_CHOSEN)
    assert reasons(wire.put(stranger)) == ["unprotected"]


def test_a_client_that_gives_up_in_clear_is_heard_in_words_only() -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    (message_three,) = wire.initiator.receive(answer.data)
    refusal = wire.initiator.clear(5, [wire.initiator.notification(14, b"")])
    assert "the client gave up, unauthenticated: NO-PROPOSAL-CHOSEN" in words(wire.put(refusal))
    assert wire.send(message_three)
    assert wire.initiator.established
