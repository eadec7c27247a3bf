"""Quick Mode: agreement with both sides' keys equal, selectors, PFS, rekeying without a gap."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from l2tpsec.crypto.groups import GROUPS, MODP2048
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.path import Endpoint
from l2tpsec.model.records import Level, Noted
from l2tpsec.protocols.ike.attributes import basic
from l2tpsec.protocols.ike.effects import SaPairAgreed, SaPairConfirmed, SaPairEnded, Transmit
from l2tpsec.protocols.ike.header import decode_header
from l2tpsec.protocols.ike.payloads import Identification, Payload, encode_identification
from l2tpsec.protocols.ike.policy import TRANSFORMS, WINDOWS, Group
from l2tpsec.protocols.ike.proposals import Proposal, Transform, encode_sa
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.vendor_ids import (
    DEAD_PEER_DETECTION,
    FRAGMENTATION,
    NAT_DRAFT_00,
    NAT_VERSIONS,
    NatVersion,
)
from tests.peers.ike_initiator import ID, KE, NONCE, QUICK, SA, Client, Initiator
from tests.peers.ike_wire import PSK, SETTINGS, Wire, of, reasons, seeded, words


def agreed(wire: Wire) -> list[SaPairAgreed]:
    return of(wire.log, SaPairAgreed)


def same_keys(wire: Wire, number: int = 0) -> bool:
    ours, theirs = agreed(wire)[number].pair, wire.initiator.pairs[number]
    return (
        (ours.inbound, ours.outbound) == (theirs.outbound, theirs.inbound)
        and (ours.inbound_spi, ours.outbound_spi) == (theirs.outbound_spi, theirs.inbound_spi)
        and ours.transform == theirs.transform
        and ours.encapsulated == theirs.encapsulated
    )


@pytest.mark.parametrize("row", TRANSFORMS, ids=lambda row: row.name)
@pytest.mark.parametrize("nat", [True, False])
def test_every_transform(row: EspTransform, nat: bool) -> None:
    wire = Wire(Client(PSK, transforms=(row,)), nat=nat).connect()
    assert same_keys(wire)
    pair = agreed(wire)[0].pair
    assert len(pair.inbound.encryption) == row.encryption_key_octets
    assert len(pair.inbound.integrity) == row.integrity_key_octets
    assert pair.encapsulated == nat
    assert pair.path == wire.path()
    assert pair.life_kilobytes == 250_000
    assert of(wire.log, SaPairConfirmed) == [SaPairConfirmed(agreed(wire)[0].sa, pair.inbound_spi)]
    assert f"{row.name}, {'UDP-encapsulated' if nat else 'raw ESP'}" in words(wire.log)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_forward_secrecy(group: Group) -> None:
    wire = Wire(Client(PSK, pfs=group)).connect()
    assert same_keys(wire)
    assert f"PFS {group.name}" in words(wire.log)


@pytest.mark.parametrize("version", NAT_VERSIONS, ids=lambda version: version.name)
def test_every_version_of_nat_traversal(version: NatVersion) -> None:
    assert same_keys(Wire(Client(PSK, nat=version)).connect())


@pytest.mark.parametrize("server", ["198.51.100.1", "10.0.0.5"])
def test_original_addresses_are_answered_as_we_see_them(server: str) -> None:
    wire = Wire(server_address=server)
    wire.main_mode()
    (answer,) = of(wire.put(wire.initiator.quick_mode()), Transmit)
    payloads, _ = wire.initiator._open(decode_header(answer.data), answer.data[28:])
    seen = [payload.body[4:] for payload in payloads if payload.kind == 21]
    assert seen == [IPv4Address(each).packed for each in (wire.public, server)]
    identities = [payload for payload in payloads if payload.kind == ID]
    assert identities == wire.initiator.identities()[:2]


def first_message(initiator: Initiator, *payloads: Payload) -> bytes:
    """Return a Quick Mode's message 1 of any payloads, with a good HASH(1)."""
    return initiator.proven(QUICK, int.from_bytes(initiator.entropy(4)), list(payloads))


def basics(initiator: Initiator) -> list[Payload]:
    offer = encode_sa(initiator.esp_proposals(0x1234))
    return [Payload(SA, offer), Payload(NONCE, bytes(range(32)))]


def identities(server: Identification, client: Identification | None = None) -> list[Payload]:
    client = client or Identification(1, 17, 1701, bytes((192, 168, 1, 10)))
    return [Payload(ID, encode_identification(each)) for each in (client, server)]


OURS = Identification(1, 17, 1701, bytes((198, 51, 100, 1)))


@pytest.mark.parametrize("id_type", [*range(14), 255])
@pytest.mark.parametrize("slot", ["client", "server"])
def test_every_identity_type_in_both_slots(id_type: int, slot: str) -> None:
    wire = Wire()
    wire.main_mode()
    odd = Identification(id_type, 17, 1701, bytes(4))
    ids = identities(odd) if slot == "server" else identities(OURS, odd)
    effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), *ids))
    if id_type == 1 or (slot == "client" and id_type == 2):
        assert of(effects, SaPairAgreed)
    else:
        assert "selectors are not L2TP" in words(effects)
        for answer in of(effects, Transmit):
            wire.initiator.receive(answer.data)
        assert wire.initiator.notified == [(18, b"")]
        assert not of(effects, SaPairAgreed)


@pytest.mark.parametrize("port", [0, 1701, 50979])
def test_ports_of_macos_android_and_windows(port: int) -> None:
    wire = Wire(Client(PSK, port=port)).connect()
    assert same_keys(wire)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_identities_come_in_twos_or_not_at_all(count: int) -> None:
    wire = Wire()
    wire.main_mode()
    ids = [*identities(OURS), *identities(OURS)][:count]
    effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), *ids))
    assert bool(of(effects, SaPairAgreed)) == (count in (0, 2))


def test_an_identity_cut_short_is_malformed() -> None:
    wire = Wire()
    wire.main_mode()
    ids = [Payload(ID, b"\1"), Payload(ID, b"")]
    effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), *ids))
    assert reasons(effects) == ["malformed"]


def test_nothing_acceptable_says_offered_and_allowed() -> None:
    responder = Responder(replace(SETTINGS, policy=WINDOWS), seeded(1))
    weak = next(row for row in TRANSFORMS if row.name == "3des-cbc/hmac-md5-96")
    wire = Wire(Client(PSK, transforms=(weak,)), responder)
    wire.main_mode()
    effects = wire.quick_mode()
    (noted,) = of(effects, Noted)
    assert noted.level is Level.WARNING
    assert "offered 3des/hmac-md5-96/udp-transport; allowed aes256-gcm" in noted.text
    assert noted.text.endswith("in UDP-encapsulated transport mode")
    assert wire.initiator.notified == [(14, b"")]


def test_a_nat_without_port_4500_is_refused_in_words() -> None:
    wire = Wire()
    message = wire.initiator.start()
    for _ in range(2):
        (answer,) = of(wire.put(message), Transmit)
        (message,) = wire.initiator.receive(answer.data)
    wire.initiator.floated = False
    wire.send(message)
    assert wire.initiator.established
    assert "did not move to UDP port 4500" in words(wire.quick_mode())


@pytest.mark.parametrize("octets", [0, 7, 257])
def test_nonces_out_of_range(octets: int) -> None:
    wire = Wire()
    wire.main_mode()
    offer, _ = basics(wire.initiator)
    effects = wire.put(first_message(wire.initiator, offer, Payload(NONCE, bytes(octets))))
    assert reasons(effects) == ["malformed"]


@pytest.mark.parametrize("value", [0, 1, MODP2048.prime - 1, MODP2048.prime])
def test_degenerate_keys(value: int) -> None:
    wire = Wire(Client(PSK, pfs=MODP2048))
    wire.main_mode()
    public = Payload(KE, value.to_bytes(256))
    effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), public))
    assert reasons(effects) == ["malformed"]
    assert not of(effects, SaPairAgreed)
    assert wire.responder.deadline is not None


def test_a_key_without_a_group_and_a_group_without_a_key() -> None:
    for client, extra in (
        (Client(PSK), [Payload(KE, bytes(256))]),
        (Client(PSK, pfs=MODP2048), []),
    ):
        wire = Wire(client)
        wire.main_mode()
        effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), *extra))
        assert "no ESP proposal acceptable" in words(effects)


@pytest.mark.parametrize("kind", [1, 4, 10, 20, 33, 34, 46, 48, 53])
def test_payloads_that_do_not_belong(kind: int) -> None:
    wire = Wire()
    wire.main_mode()
    twice = [Payload(kind, b"body")] * 2
    effects = wire.put(first_message(wire.initiator, *basics(wire.initiator), *twice))
    assert reasons(effects) == ["malformed"]
    assert not of(effects, SaPairAgreed)


def test_every_esp_number_is_chosen_or_refused() -> None:
    """A proposal of AES-GMAC or of an unknown transform once ended a daemon."""
    wire = Wire()
    wire.main_mode()
    wire.responder._box.pairs.fresh_spi(wire.initiator.entropy)
    for transform_id in range(0, 256, 3):
        attributes = (basic(4, 4), basic(5, transform_id % 16), basic(6, 128))
        transform = Transform(1, transform_id, attributes)
        offer = encode_sa((Proposal(1, 3, b"spi!", (transform,)),))
        payloads = [Payload(SA, offer), Payload(NONCE, bytes(16))]
        wire.now += 1
        effects = wire.put(first_message(wire.initiator, *payloads))
        assert bool(of(effects, SaPairAgreed)) != ("no ESP proposal" in words(effects))


def test_rekeying_leaves_no_gap() -> None:
    """Windows deletes the old pair before message 3 of the new one."""
    wire = Wire(Client(PSK, counts_message_ids=True)).connect()
    (old,) = agreed(wire)
    (answer,) = of(wire.put(wire.initiator.quick_mode()), Transmit)
    (message_three,) = wire.initiator.receive(answer.data)
    new = agreed(wire)[1].pair
    assert new.inbound_spi != old.pair.inbound_spi
    (ended,) = of(wire.put(wire.initiator.delete_pair(wire.initiator.pairs[0])), SaPairEnded)
    assert ended.inbound_spi == old.pair.inbound_spi
    (confirmed,) = of(wire.put(message_three), SaPairConfirmed)
    assert confirmed.inbound_spi == new.inbound_spi
    assert same_keys(wire, 1)


def test_several_under_way_at_once() -> None:
    wire = Wire()
    wire.main_mode()
    messages = [wire.initiator.quick_mode() for _ in range(5)]
    answers = [of(wire.put(message), Transmit)[0].data for message in messages]
    thirds = [wire.initiator.receive(answer)[0] for answer in reversed(answers)]
    confirmed = [of(wire.put(third), SaPairConfirmed) for third in thirds]
    assert all(confirmed)
    spis = [each.pair.inbound_spi for each in agreed(wire)]
    assert [each[0].inbound_spi for each in confirmed] == spis[::-1]


def test_message_three_that_never_comes() -> None:
    wire = Wire()
    wire.main_mode()
    wire.put(wire.initiator.quick_mode())
    (pair,) = (each.pair for each in agreed(wire))
    (ended,) = of(wire.wait(61), SaPairEnded)
    assert ended.inbound_spi == pair.inbound_spi
    assert "message 3 of its Quick Mode never came" in ended.reason


def test_the_first_packet_stands_in_for_message_three() -> None:
    wire = Wire()
    wire.main_mode()
    wire.put(wire.initiator.quick_mode())
    (pair,) = (each.pair for each in agreed(wire))
    confirmed = wire.responder.confirmed(pair.inbound_spi, wire.now)
    assert confirmed == [SaPairConfirmed(agreed(wire)[0].sa, pair.inbound_spi)]
    assert wire.responder.confirmed(pair.inbound_spi, wire.now) == []
    assert wire.responder.confirmed(1, wire.now) == []
    assert not of(wire.wait(120), SaPairEnded)


@pytest.mark.parametrize(("life", "until"), [(60, 120), (3600, 3660), (2**32 - 1, 86460)])
def test_a_pair_ends_with_its_lifetime_and_grace(life: int, until: int) -> None:
    wire = Wire(Client(PSK, life_seconds=life)).connect()
    assert not of(wire.wait(until - 1), SaPairEnded)
    assert [each.reason for each in of(wire.wait(2), SaPairEnded)] == ["its lifetime is over"]


def test_a_client_that_never_deletes_is_bounded() -> None:
    wire = Wire(responder=Responder(replace(SETTINGS, pairs_per_sa=4), seeded(1)))
    wire.main_mode()
    for _ in range(9):
        wire.now += 1
        wire.quick_mode()
    ended = [each.inbound_spi for each in of(wire.log, SaPairEnded)]
    assert ended == [each.pair.inbound_spi for each in agreed(wire)][:5]


def test_the_pair_knows_where_its_peer_is() -> None:
    wire = Wire().connect()
    assert agreed(wire)[0].pair.path.remote == Endpoint("203.0.113.9", 44500)


ANDROID = (NAT_DRAFT_00, DEAD_PEER_DETECTION, FRAGMENTATION)


@pytest.mark.parametrize(
    ("vendor_ids", "offered", "chosen"),
    [
        (ANDROID, ("sha256-128", "sha1-96"), "sha1-96"),
        (ANDROID, ("sha512-256", "sha256-128"), "sha512-256"),
        (ANDROID, ("sha256-128",), "sha256-128"),
        ((), ("sha256-128", "sha1-96"), "sha256-128"),
    ],
)
def test_android_is_spared_what_it_gets_wrong(
    vendor_ids: tuple[bytes, ...], offered: tuple[str, ...], chosen: str
) -> None:
    rows = tuple(named(f"aes256-cbc/hmac-{name}") for name in offered)
    wire = Wire(Client(PSK, transforms=rows, vendor_ids=vendor_ids)).connect()
    assert agreed(wire)[0].pair.transform is named(f"aes256-cbc/hmac-{chosen}")
    assert same_keys(wire)
    said = "not aes256-cbc/hmac-sha256-128, which Android gets wrong" in words(wire.log)
    assert said == (chosen == "sha1-96")


def named(name: str) -> EspTransform:
    return next(row for row in TRANSFORMS if row.name == name)
