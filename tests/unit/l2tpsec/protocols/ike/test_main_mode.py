"""Main Mode with each client's habits: suites, NAT state, key rotation, refusals in words."""

from dataclasses import replace

import pytest

from l2tpsec.crypto.groups import MODP2048
from l2tpsec.model.path import Endpoint
from l2tpsec.model.records import Level, Noted
from l2tpsec.protocols.ike.effects import IkeSaEstablished, InitialContact, Transmit
from l2tpsec.protocols.ike.header import decode_header
from l2tpsec.protocols.ike.identity import identity_words
from l2tpsec.protocols.ike.payloads import (
    Identification,
    Payload,
    decode_chain,
    encode_identification,
)
from l2tpsec.protocols.ike.policy import LEGACY, MODERN, SUITES, Suite
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.settings import IkeSettings
from l2tpsec.protocols.ike.vendor_ids import (
    DEAD_PEER_DETECTION,
    FRAGMENTATION,
    MICROSOFT,
    NAT_VERSIONS,
    NatVersion,
)
from tests.peers.ike_initiator import HASH, ID, MAIN, Client
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

WINDOWS = (MICROSOFT + bytes((0, 0, 0, 9)), FRAGMENTATION)


def responder(**changes: object) -> Responder:
    return Responder(replace(SETTINGS, **changes), seeded(1))  # type: ignore[arg-type]  # fields of IkeSettings


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_suite(suite: Suite) -> None:
    wire = Wire(Client(PSK, suites=(suite,)))
    wire.main_mode()
    assert wire.initiator.established
    assert f"Main Mode: {suite.name}, PSK 1" in words(wire.log)


def test_an_address_is_proven_by_having_our_cookie_not_by_the_key() -> None:
    wire = Wire()
    message = wire.initiator.start()
    for public in ("203.0.113.9", "192.0.2.66", "192.0.2.67"):
        wire.public = public
        (answer,) = of(wire.put(message), Transmit)
        message = b"".join(wire.initiator.receive(answer.data))
    (established,) = of(wire.log, IkeSaEstablished)
    assert established.path.remote.address == "192.0.2.67"
    assert established.proven == "203.0.113.9"


@pytest.mark.parametrize("nat", [True, False])
def test_an_answer_is_never_longer_than_its_request(nat: bool) -> None:
    wire = Wire(Client(PSK, vendor_ids=(DEAD_PEER_DETECTION, FRAGMENTATION)), nat=nat)
    wire.main_mode()
    answers = [each.data for each in of(wire.log, Transmit)]
    assert [len(a) <= len(b) for a, b in zip(answers, wire.sent, strict=True)] == [True] * 3


def test_the_real_windows_10_gets_what_it_prefers() -> None:
    wire = Wire(responder=responder(policy=IkeSettings(()).policy))
    (answer,) = of(wire.put(windows_message_one()), Transmit)
    chain = decode_chain(1, answer.data[28:])
    assert chain.first(1).hex() == (
        "0000000100000001" "00000030" "01010001" "00000028" "01010000"
        "80010007800e0100800200028004001480030001800b0001000c000400007080"
    )  # fmt: skip
    vendor_ids = [body.hex() for body in chain.all(13)]
    assert vendor_ids == ["4a131c81070358455c5728f20e95452f", FRAGMENTATION.hex()]


def test_dpd_is_announced_only_to_who_announced_it() -> None:
    for known in (True, False):
        client = Client(PSK, vendor_ids=(DEAD_PEER_DETECTION,) if known else ())
        (answer,) = of(Wire(client).put(Wire(client).initiator.start()), Transmit)
        assert (DEAD_PEER_DETECTION in answer.data) == known


def test_nothing_acceptable_says_offered_and_allowed() -> None:
    wire = Wire(responder=responder(policy=MODERN))
    effects = wire.main_mode()
    assert "offered aes256/sha1/modp2048/psk; allowed " in words(effects)
    assert " / sha512 or sha384 or sha256 / " in words(effects)
    assert wire.initiator.notified == [(14, b"")]
    assert of(effects, Noted)[0].level is Level.WARNING
    assert wire.responder.deadline is None


@pytest.mark.parametrize(
    ("nat", "server", "said"),
    [
        (False, "198.51.100.1", "client no, server no"),
        (True, "198.51.100.1", "client yes, server no"),
        (False, "10.0.0.5", "client no, server yes"),
        (True, "10.0.0.5", "client yes, server yes"),
    ],
)
def test_nat_is_seen_by_both_sides(nat: bool, server: str, said: str) -> None:
    wire = Wire(nat=nat, server_address=server)
    wire.main_mode()
    assert said in words(wire.log)
    assert wire.initiator.behind_nat == nat
    assert wire.initiator.floated == (said != "client no, server no")
    (established,) = of(wire.log, IkeSaEstablished)
    assert established.path == wire.path()
    assert established.path.local.port == (4500 if wire.initiator.floated else 500)


@pytest.mark.parametrize("version", NAT_VERSIONS, ids=lambda version: version.name)
def test_every_version_of_nat_traversal(version: NatVersion) -> None:
    wire = Wire(Client(PSK, nat=version))
    wire.main_mode()
    assert f"behind NAT ({version.name}): client yes" in words(wire.log)


def test_without_nat_traversal() -> None:
    wire = Wire(Client(PSK, nat=None), nat=False)
    wire.main_mode()
    assert "no NAT traversal" in words(wire.log)
    assert not wire.initiator.floated


def test_forced_encapsulation_makes_the_client_see_a_nat_before_itself_only() -> None:
    wire = Wire(responder=responder(force_encapsulation=True), nat=False)
    wire.main_mode()
    assert wire.initiator.behind_nat
    assert "client no, server no, UDP encapsulation forced" in words(wire.log)


@pytest.mark.parametrize("nat", [True, False])
def test_windows_never_sees_the_nat_before_us_when_we_echo(nat: bool) -> None:
    client = Client(PSK, vendor_ids=WINDOWS)
    wire = Wire(client, responder(echo_nat_d=True), nat=nat, server_address="10.0.0.5")
    wire.put(wire.initiator.start())
    (answer,) = of(wire.log, Transmit)
    (message_three,) = wire.initiator.receive(answer.data)
    (answer,) = of(wire.put(message_three), Transmit)
    echoed = decode_chain(4, answer.data[28:]).all(20)[1]
    assert echoed == decode_chain(4, message_three[28:]).all(20)[0]
    wire.send(*wire.initiator.receive(answer.data))
    assert wire.initiator.established
    assert wire.initiator.behind_nat
    assert "server yes" in words(wire.log)


def test_others_are_told_the_truth_when_we_echo() -> None:
    wire = Wire(responder=responder(echo_nat_d=True), nat=False, server_address="10.0.0.5")
    wire.main_mode()
    assert wire.initiator.floated
    assert not wire.initiator.behind_nat


def test_the_fitting_key_of_several_is_named() -> None:
    wire = Wire(responder=responder(psks=(b"old", b"older", PSK)))
    (established,) = of(wire.main_mode(), IkeSaEstablished)
    assert established.psk_index == 2
    assert established.identity == "192.168.1.10"
    assert "PSK 3" in words(wire.log)


def test_wrong_keys_are_said_once_in_words() -> None:
    wire = Wire(responder=responder(psks=(b"wrong", b"wronger")))
    effects = wire.main_mode()
    (noted,) = of(effects, Noted)
    assert noted.text == "message 5 did not decrypt: the pre-shared keys differ"
    assert noted.level is Level.WARNING
    assert wire.initiator.notified == [(16, b"")]
    assert not of(effects, IkeSaEstablished)
    assert reasons(wire.put(wire.sent[-1])) == ["duplicate"]
    other = wire.sent[-1][:-1] + b"?"
    assert reasons(wire.put(other)) == ["out of order"]
    assert wire.wait(60) == []
    assert wire.responder.deadline is None


def test_a_wrong_hash_establishes_nothing() -> None:
    wire, message = before_message_five()
    initiator = wire.initiator
    initiator.ivs = {0: initiator.ivs[0]}
    payloads = [Payload(ID, b"\1\0\0\0" + bytes(4)), Payload(HASH, bytes(20))]
    effects = wire.put(initiator.encrypted(MAIN, 0, payloads))
    assert "HASH of message 5 is wrong" in words(effects)
    assert not of(effects, IkeSaEstablished)
    assert reasons(wire.put(message)) == ["out of order"]


def before_message_five() -> tuple[Wire, bytes]:
    """Return a wire after message 4, and the good message 5; the IV is message 5's again."""
    wire = Wire()
    message = wire.initiator.start()
    for _ in range(2):
        (answer,) = of(wire.put(message), Transmit)
        (message,) = wire.initiator.receive(answer.data)
    suite = wire.initiator.suite
    public = wire.initiator.exchange.public + wire.initiator.peer_public
    wire.initiator.ivs[0] = suite.prf.digest(public)[: suite.cipher.block_octets]
    return wire, message


def message_five(wire: Wire, identity: bytes, *extra: Payload) -> bytes:
    initiator = wire.initiator
    text = initiator.exchange.public + initiator.peer_public + initiator.cookies
    proof = initiator.prf(initiator.skeyid, text + initiator.offer + identity)
    return initiator.encrypted(MAIN, 0, [Payload(ID, identity), Payload(HASH, proof), *extra])


@pytest.mark.parametrize("id_type", [*range(14), 200, 255])
def test_every_identity_type_with_a_good_hash(id_type: int) -> None:
    wire, _ = before_message_five()
    body = encode_identification(Identification(id_type, 17, 500, b"\xff\0\n%"))
    effects = wire.put(message_five(wire, body))
    if id_type in (1, 2, 3, 9, 10, 11):
        (established,) = of(effects, IkeSaEstablished)
        assert established.identity == identity_words(Identification(id_type, 0, 0, b"\xff\0\n%"))
        assert established.identity.isprintable()
    else:
        assert "message 5: " in words(effects)
        assert not of(effects, IkeSaEstablished)


@pytest.mark.parametrize(
    "identity", [b"", b"\1", b"\1\0\0", b"\1\0\0\0", b"\2\0\0\0" + bytes(2000)]
)
def test_identities_of_odd_length_with_a_good_hash(identity: bytes) -> None:
    wire, _ = before_message_five()
    effects = wire.put(message_five(wire, identity))
    assert "message 5: " in words(effects)


def test_initial_contact_in_message_five() -> None:
    wire = Wire(Client(PSK, initial_contact=True))
    assert of(wire.main_mode(), InitialContact) == [
        InitialContact(of(wire.log, IkeSaEstablished)[0].sa)
    ]
    assert not of(Wire().main_mode(), InitialContact)


def test_a_good_message_five_with_what_does_not_belong_says_so() -> None:
    wire, _ = before_message_five()
    effects = wire.put(message_five(wire, b"\1\0\0\0" + bytes(4), Payload(46, b"ikev2")))
    assert words(effects) == "message 5 with 1 46 payloads"


def test_a_broken_notification_in_message_five_establishes_nothing() -> None:
    wire, message = before_message_five()
    effects = wire.put(message_five(wire, b"\1\0\0\0" + bytes(4), Payload(11, b"?")))
    assert reasons(effects) == ["malformed"]
    assert of(wire.put(message), IkeSaEstablished)


P = MODP2048.prime


@pytest.mark.parametrize(
    "public",
    [
        *(value.to_bytes(256) for value in (0, 1, P - 1, P)),
        b"\xff" * 256,
        b"",
        b"\2",
        bytes(255),
        bytes(257),
    ],
    ids=lambda public: f"{len(public)}:{public.hex()[16:20]}{public[-1:].hex()}",
)
def test_degenerate_keys_in_message_three(public: bytes) -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    (good,) = wire.initiator.receive(answer.data)
    bad = wire.initiator.clear(MAIN, [Payload(4, public), Payload(10, bytes(16))])
    assert reasons(wire.put(bad)) == ["malformed"]
    assert of(wire.send(good), IkeSaEstablished)


@pytest.mark.parametrize("suite", ["ecp256", "ecp384", "ecp521"])
def test_points_off_the_curve_in_message_three(suite: str) -> None:
    (known,) = (s for s in LEGACY.suites if s.name == f"aes256-cbc/sha1/{suite}")
    wire = Wire(Client(PSK, suites=(known,)))
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    wire.initiator.receive(answer.data)
    public = bytearray(known.group.generate(seeded(9)).public)
    public[-1] ^= 1
    bad = wire.initiator.clear(MAIN, [Payload(4, bytes(public)), Payload(10, bytes(16))])
    assert reasons(wire.put(bad)) == ["malformed"]


@pytest.mark.parametrize("octets", [0, 7, 257, 2000])
def test_nonces_out_of_range(octets: int) -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    wire.initiator.receive(answer.data)
    payloads = [Payload(4, wire.initiator.exchange.public), Payload(10, bytes(octets))]
    assert reasons(wire.put(wire.initiator.clear(MAIN, payloads))) == ["malformed"]


@pytest.mark.parametrize("hashes", [0, 1, 2, 9])
def test_odd_numbers_and_sizes_of_nat_d(hashes: int) -> None:
    wire = Wire()
    (answer,) = of(wire.put(wire.initiator.start()), Transmit)
    wire.initiator.receive(answer.data)
    exchange = wire.initiator.exchange
    payloads = [Payload(4, exchange.public), Payload(10, bytes(16))]
    payloads += [Payload(20, bytes(number)) for number in range(hashes)]
    (answer,) = of(wire.put(wire.initiator.clear(MAIN, payloads)), Transmit)
    header = decode_header(answer.data)
    answered = decode_chain(header.next_payload, answer.data[28:]).all(20)
    assert len(answered) == (2 if hashes >= 2 else 0)


def test_our_keepalives_only_when_a_nat_is_before_us() -> None:
    wire = Wire(server_address="10.0.0.5")
    wire.main_mode()
    kept = [type(effect).__name__ for effect in wire.wait(61)]
    assert kept == ["Keepalive"] * 3
    wire = Wire()
    wire.main_mode()
    assert wire.wait(50) == []


def test_what_came_to_nothing_names_the_peer() -> None:
    wire = Wire(nat=False)
    wire.put(wire.initiator.start())
    assert wire.path().remote == Endpoint("192.168.1.10", 500)
    (noted,) = of(wire.wait(31), Noted)
    assert noted.text.startswith("message 3 never came")
    assert noted.place == "192.168.1.10:500"
