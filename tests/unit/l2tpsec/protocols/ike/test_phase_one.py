"""Admission: floods, limits, order, and what is said when a dial-in never completes."""

from dataclasses import replace

import pytest

from l2tpsec.model.records import Level, Noted
from l2tpsec.protocols.ike.effects import IkeSaEnded, IkeSaEstablished, IkeSaId, Transmit
from l2tpsec.protocols.ike.header import Header, encode_message
from l2tpsec.protocols.ike.policy import MODERN
from l2tpsec.protocols.ike.responder import Responder
from tests.peers.ike_initiator import Client, Initiator
from tests.peers.ike_wire import PSK, SETTINGS, Wire, of, reasons, seeded, words


def responder(**changes: object) -> Responder:
    return Responder(replace(SETTINGS, **changes), seeded(1))  # type: ignore[arg-type]  # fields of IkeSettings


def start(number: int) -> bytes:
    return Initiator(Client(PSK), seeded(1000 + number)).start()


def test_one_address_has_so_many_half_open() -> None:
    wire = Wire(responder=responder(half_open_per_address=3))
    for number in range(5):
        initiator = Initiator(Client(PSK), seeded(1000 + number))
        for answer in of(wire.put(initiator.start()), Transmit):
            wire.put(initiator.receive(answer.data)[0])
    assert reasons(wire.log) == ["too many half-open from one address"] * 2
    wire.wait(31)
    assert wire.main_mode()
    assert wire.initiator.established


def test_a_flood_from_forged_addresses_keeps_nobody_out() -> None:
    wire = Wire(responder=responder(half_open_limit=50, half_open_per_address=5))
    flood = Wire(responder=wire.responder)
    message: bytes | None = wire.initiator.start()
    number = 0
    while message:
        for _ in range(40):
            number += 1
            flood.public = f"10.{number >> 8}.{number & 255}.1"
            flood.put(start(number))
        answers = of(wire.put(message), Transmit)
        message = next((out for a in answers for out in wire.initiator.receive(a.data)), None)
    assert wire.initiator.established
    assert wire.responder._sas.half_open <= 50
    assert "half-open gave way to a newer one" in reasons(flood.log)


def test_a_flood_with_a_client_s_own_address_does_not_keep_it_out() -> None:
    wire = Wire(responder=responder(half_open_per_address=5))
    for number in range(20):
        wire.put(start(number))
    assert wire.responder._sas.half_open == 5
    wire.wait(1)
    wire.main_mode()
    assert wire.initiator.established


def test_clients_of_one_address_do_not_drive_each_other_out() -> None:
    wire = Wire(responder=responder(half_open_per_address=5))
    clients = [Initiator(Client(PSK), seeded(number)) for number in range(20)]
    first = [client.start() for client in clients]
    for round_ in range(1, 5):
        answered = [
            (client, of(wire.put(message), Transmit))
            for client, message in zip(clients, first, strict=True)
            if not client.established
        ]
        for wire.initiator, answers in answered:
            for answer in answers:
                wire.send(*wire.initiator.receive(answer.data))
        assert sum(client.established for client in clients) == 5 * round_


def test_a_broken_message_one_drives_nobody_out() -> None:
    wire = Wire(responder=responder(half_open_limit=1))
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    broken = bytearray(start(5))
    broken[30] = 0xFF
    assert reasons(wire.put(bytes(broken))) == ["malformed"]
    assert of(wire.send(*wire.initiator.receive(answer.data)), IkeSaEstablished)


def test_when_all_half_open_are_proven_newcomers_wait() -> None:
    wire = Wire(responder=responder(half_open_limit=2))
    for number in range(2):
        initiator = Initiator(Client(PSK), seeded(1000 + number))
        (answer,) = of(wire.put(initiator.start()), Transmit)
        wire.put(initiator.receive(answer.data)[0])
    assert reasons(wire.put(start(9))) == ["too many half-open"]


def test_what_is_missing_is_said() -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    (noted,) = of(wire.wait(31), Noted)
    assert "message 3 never came" in noted.text
    assert noted.place == "203.0.113.9:40500"
    (answer,) = of(wire.put(Initiator(Client(PSK), seeded(3)).start()), Transmit)
    initiator = Initiator(Client(PSK), seeded(3))
    initiator.start()
    wire.put(initiator.receive(answer.data)[0])
    effects = wire.wait(31)
    assert "message 5 never came" in words(effects)
    assert of(effects, Noted)[0].level is Level.INFO


def test_strangers_cannot_fill_the_log() -> None:
    wire = Wire(responder=responder(policy=MODERN))
    for number in range(200):
        wire.put(start(number))
    assert len(of(wire.log, Noted)) <= 50
    assert len(of(wire.log, Noted)) + len(reasons(wire.log)) == 200
    assert all(len(each.data) == 40 for each in of(wire.log, Transmit))


def test_one_address_holds_so_many_established() -> None:
    box = responder(established_per_address=2)
    wires = [Wire(responder=box, seed=50 + n, first_port=40000 + n) for n in range(3)]
    for wire in wires:
        wire.main_mode()
        assert wire.initiator.established
    (ended,) = of(wires[-1].log, IkeSaEnded)
    assert (ended.sa, ended.reason) == (IkeSaId(1), "too many ISAKMP SAs from one address")


@pytest.mark.parametrize("encrypted", [0, 1])
@pytest.mark.parametrize("state", [0, 1, 2, 3])
@pytest.mark.parametrize("first_kind", [1, 4, 5, 8, 11, 33, 46, 132])
def test_a_stray_message_in_every_state(state: int, first_kind: int, encrypted: int) -> None:
    """Main Mode goes on as if the stray had not come; a bad message 5 costs the handshake."""
    wire = Wire()
    message = wire.initiator.start()
    for _ in range(state):
        (answer,) = of(wire.put(message), Transmit)
        message = next(iter(wire.initiator.receive(answer.data)), b"")
    cookies = wire.initiator.cookies
    header = Header(cookies[:8], cookies[8:], first_kind, 2, flags=encrypted)
    effects = wire.put(encode_message(header, b"\0\0\0\x0c" + bytes(20)))
    assert not of(effects, IkeSaEstablished)
    assert reasons(effects) or words(effects)
    good = state == 3 or bool(of(wire.send(message), IkeSaEstablished))
    assert good == (not (state == 2 and encrypted and first_kind != 132))


def test_a_stranger_makes_us_keep_little() -> None:
    wire = Wire(Client(PSK, vendor_ids=(bytes(60000),)))
    wire.put(wire.initiator.start())
    (sa,) = wire.responder._sas.all()
    assert sum(map(len, sa.vendor_ids)) <= 40


def test_main_mode_has_no_message_id() -> None:
    message = bytearray(start(1))
    message[23] = 1
    assert reasons(Wire().put(bytes(message))) == ["malformed"]


def test_an_encrypted_first_message() -> None:
    message = bytearray(start(1))
    message[19] = 1
    assert reasons(Wire().put(bytes(message))) == ["out of order"]


def test_unknown_cookies() -> None:
    message = bytearray(start(1))
    message[8:16] = b"nobody's"
    assert reasons(Wire().put(bytes(message))) == ["unknown cookies"]


def test_an_sa_ends_with_its_lifetime_and_tells_the_client() -> None:
    wire = Wire()
    wire.main_mode()
    effects = wire.wait(28800 + 61)
    assert [each.reason for each in of(effects, IkeSaEnded)] == ["its lifetime is over"]
    for each in of(effects, Transmit):
        wire.initiator.receive(each.data)
    assert wire.initiator.deleted == [(1, wire.initiator.cookies)]
    assert wire.responder.deadline is None


def test_secrets_of_phase_one_are_forgotten_once_established() -> None:
    wire = Wire()
    wire.main_mode()
    (sa,) = wire.responder._sas.all()
    assert (sa.known, sa.candidates, sa.offer) == (None, (), b"")
    assert sa.established_keys().skeyid == b""
