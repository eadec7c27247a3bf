"""Vendor IDs as the clients' captures have them, and those that we answer with."""

from dataclasses import replace

import pytest

from l2tpsec.crypto.integrity import HMAC_SHA256_128
from l2tpsec.protocols.ike.effects import IkeSaEstablished, Transmit
from l2tpsec.protocols.ike.payloads import decode_chain
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.vendor_ids import (
    ANSWERS,
    APPLE,
    DEAD_PEER_DETECTION,
    FRAGMENTATION,
    MICROSOFT,
    NAT_DRAFT_00,
    NAT_VERSIONS,
    RFC3947,
    UNITY,
    XAUTH,
    NatVersion,
    client_name,
    miscounted,
    nat_version,
    sent,
)
from tests.peers.ike_initiator import Client
from tests.peers.ike_wire import PSK, SETTINGS, Wire, of, seeded, words

DRAFT_02N = bytes.fromhex("90cb80913ebb696e086381b5ec427b1f")
DRAFT_02 = bytes.fromhex("cd60464335df21f87cfdb2fc68b6a448")
DRAFT_03 = bytes.fromhex("7d9419a65310ca6f2c179d9215529d56")


def test_ids_equal_the_captured_ones() -> None:
    assert RFC3947.vendor_id.hex() == "4a131c81070358455c5728f20e95452f"
    assert [row.vendor_id for row in NAT_VERSIONS[1:]] == [DRAFT_03, DRAFT_02N, DRAFT_02]
    assert FRAGMENTATION.hex() == "4048b7d56ebce88525e7de7f00d6c2d3"
    assert MICROSOFT.hex() == "1e2b516905991c7d7c96fcbfb587e461"


def test_the_rfc_is_preferred_and_drafts_serve() -> None:
    assert nat_version([DRAFT_02, DRAFT_02N, RFC3947.vendor_id]) is RFC3947
    draft = nat_version([DRAFT_02])
    assert draft
    assert (draft.nat_d, draft.nat_oa, draft.transport) == (130, 131, 61444)
    assert nat_version([NAT_DRAFT_00]) is None


def test_capability_words_may_follow() -> None:
    assert sent([FRAGMENTATION + bytes.fromhex("80000000")], FRAGMENTATION)
    assert not sent([FRAGMENTATION[:15]], FRAGMENTATION)


@pytest.mark.parametrize(
    ("vendor_ids", "words"),
    [
        ([MICROSOFT + bytes((0, 0, 0, 9))], "Windows 8 or later (MS NT5 v9)"),
        ([MICROSOFT + bytes((0, 0, 0, 200))], "Windows (MS NT5 v200)"),
        ([MICROSOFT], "unknown client"),
        ([RFC3947.vendor_id, APPLE, DEAD_PEER_DETECTION], "macOS or iOS"),
        ([NAT_DRAFT_00, XAUTH, UNITY, FRAGMENTATION, DEAD_PEER_DETECTION], "Android"),
        ([XAUTH, DEAD_PEER_DETECTION, FRAGMENTATION], "strongSwan"),
        ([], "unknown client"),
    ],
)
def test_clients_are_named(vendor_ids: list[bytes], words: str) -> None:
    assert client_name(vendor_ids) == words


WINDOWS = [RFC3947.vendor_id, DRAFT_02N, FRAGMENTATION]
EVERYTHING = [RFC3947.vendor_id, DRAFT_03, DRAFT_02N, DRAFT_02, DEAD_PEER_DETECTION, FRAGMENTATION]


@pytest.mark.parametrize(
    ("name", "received", "answered"),
    [
        ("none", WINDOWS, []),
        ("minimal", [], []),
        ("minimal", WINDOWS, [RFC3947.vendor_id, FRAGMENTATION]),
        ("minimal", [DRAFT_02N, DEAD_PEER_DETECTION], [DRAFT_02N, DEAD_PEER_DETECTION]),
        ("all", [], EVERYTHING),
        ("all", WINDOWS, [*WINDOWS, DRAFT_03, DRAFT_02, DEAD_PEER_DETECTION]),
    ],
)
def test_what_we_answer_with(name: str, received: list[bytes], answered: list[bytes]) -> None:
    assert ANSWERS[name](received) == answered


def answering(name: str) -> Responder:
    return Responder(replace(SETTINGS, vendor_ids=name), seeded(1))


@pytest.mark.parametrize("answers", ANSWERS)
def test_whom_a_stranger_names_as_sender_gets_no_more_than_was_sent(answers: str) -> None:
    wire = Wire(Client(PSK, nat=None), answering(answers))
    request = wire.initiator.start()
    (answer,) = of(wire.put(request), Transmit)
    assert len(answer.data) <= len(request)
    assert of(wire.send(*wire.initiator.receive(answer.data)), IkeSaEstablished)


@pytest.mark.parametrize("version", [*NAT_VERSIONS, None], ids=str)
def test_all_of_ours_leave_the_version_to_what_the_client_knows(
    version: NatVersion | None,
) -> None:
    wire = Wire(Client(PSK, nat=version), answering("all"), nat=version is not None).connect()
    said = f"behind NAT ({version.name})" if version else "no NAT traversal"
    assert said in words(wire.log)
    assert len(wire.initiator.pairs) == 1


def test_none_of_ours_is_no_nat_traversal() -> None:
    wire = Wire(responder=answering("none"), nat=False).connect()
    assert not decode_chain(1, of(wire.log, Transmit)[0].data[28:]).all(13)
    assert "no NAT traversal" in words(wire.log)
    assert not wire.initiator.floated
    assert len(wire.initiator.pairs) == 1


def test_a_reload_counts_from_the_next_main_mode_on() -> None:
    responder = answering("minimal")
    before = Wire(responder=responder).connect()
    responder.reload(replace(SETTINGS, vendor_ids="none"))
    after = Wire(responder=responder, nat=False, seed=3)
    after.main_mode()
    assert "no NAT traversal" in words(after.log)
    before.quick_mode()
    assert len(before.initiator.pairs) == 2


def test_what_android_gets_wrong() -> None:
    android = [NAT_DRAFT_00, XAUTH, UNITY, FRAGMENTATION, DEAD_PEER_DETECTION]
    assert miscounted(android) is HMAC_SHA256_128
    assert miscounted([APPLE, *android]) is None
    assert miscounted([]) is None
