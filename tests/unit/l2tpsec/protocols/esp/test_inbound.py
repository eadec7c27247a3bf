import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.security import SaKeys
from l2tpsec.protocols.esp import inbound
from l2tpsec.protocols.esp.inbound import InboundSa, inbound_sa
from tests.unit.l2tpsec.protocols.esp import oracle

CBC = EspTransform(AES256_CBC, HMAC_SHA1_96)
GCM = EspTransform(AES128_GCM)
SPI = 0x01020304
every = pytest.mark.parametrize("transform", oracle.TRANSFORMS, ids=lambda t: t.name)
both = pytest.mark.parametrize("transform", [CBC, GCM], ids=lambda t: t.name)


def refused(sa: InboundSa, packet: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        sa.open(packet)
    return caught.value.reason


@every
def test_opens_what_the_oracle_seals(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = inbound_sa(transform, keys)
    octets = 0
    for sequence, size in enumerate([0, 1, 7, 8, 13, 14, 15, 16, 100, 1399, 1400, 65000], 1):
        payload = os.urandom(size)
        plaintext = oracle.padded(transform, payload)
        packet = oracle.seal(transform, keys, SPI, sequence, plaintext)
        assert sa.open(packet) == payload
        octets += len(packet)
    assert sa.octets == octets
    assert sa.window.highest == 12


@both
def test_longer_pad_than_needed(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    plaintext = b"x" * 14 + bytes(range(1, 241)) + b"\xf0\x11"
    assert (
        inbound_sa(transform, keys).open(oracle.seal(transform, keys, SPI, 1, plaintext))
        == b"x" * 14
    )


@both
def test_pad_length_past_the_packet(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = inbound_sa(transform, keys)
    whole = bytes(14) + b"\x0e\x11"
    assert sa.open(oracle.seal(transform, keys, SPI, 1, whole)) == b""
    for sequence, pad in enumerate([15, 16, 30, 255], 2):
        past = bytes(14) + bytes((pad, 17))
        assert refused(sa, oracle.seal(transform, keys, SPI, sequence, past)) == inbound.PADDING


@both
def test_other_next_headers(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = inbound_sa(transform, keys)
    for sequence, (header, reason) in enumerate(
        [(59, inbound.DUMMY), (4, inbound.NEXT_HEADER), (6, inbound.NEXT_HEADER)], 1
    ):
        plaintext = oracle.padded(transform, b"12345678", header)
        assert refused(sa, oracle.seal(transform, keys, SPI, sequence, plaintext)) == reason
    plaintext = oracle.padded(transform, b"12345678", 4)
    tunnel = inbound_sa(transform, keys, next_header=4)
    assert tunnel.open(oracle.seal(transform, keys, SPI, 1, plaintext)) == b"12345678"


@both
def test_replay_is_judged_before_and_noted_after_the_icv(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = inbound_sa(transform, keys)
    first, second = (
        oracle.seal(transform, keys, SPI, n, oracle.padded(transform, b"payload")) for n in (1, 2)
    )
    forged = second[:-1] + bytes((second[-1] ^ 1,))
    assert refused(sa, forged) == inbound.FORGED
    assert sa.window.highest == 0
    assert sa.octets == 0
    sa.open(second)
    sa.open(first)
    assert refused(sa, second) == inbound.REPLAYED
    assert refused(sa, forged) == inbound.REPLAYED
    zero = oracle.seal(transform, keys, SPI, 0, oracle.padded(transform, b"payload"))
    assert refused(sa, zero) == inbound.REPLAYED


@both
def test_every_flipped_bit_is_refused(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    packet = oracle.seal(transform, keys, SPI, 1, oracle.padded(transform, b"payload"))
    sa = inbound_sa(transform, keys)
    for bit in range(len(packet) * 8):
        flipped = bytearray(packet)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refused(sa, bytes(flipped)) in {inbound.FORGED, inbound.REPLAYED}
    assert sa.open(packet) == b"payload"


@every
def test_every_length_cut_short(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    packet = oracle.seal(transform, keys, SPI, 1, oracle.padded(transform, b"payload"))
    sa = inbound_sa(transform, keys)
    for size in range(len(packet)):
        assert refused(sa, packet[:size]) in {inbound.TOO_SHORT, inbound.FORGED}


@given(st.binary(max_size=200), st.sampled_from(oracle.TRANSFORMS))
def test_any_octets_are_refused(data: bytes, transform: EspTransform) -> None:
    sa = inbound_sa(transform, oracle.keys(transform))
    assert refused(sa, data) in {inbound.TOO_SHORT, inbound.FORGED, inbound.REPLAYED}


FAULTS = ["", "", "", "", "forged", "cut", "next header", "pad length", "longer pad", "number"]


@every
@settings(max_examples=25)
@given(
    st.integers(0, 80),
    st.lists(st.sampled_from(FAULTS), min_size=1, max_size=12),
    st.integers(1, 40),
    st.sets(st.integers(1, 30)),
)
def test_a_train_opens_as_its_packets_do_one_by_one_or_not_at_all(
    transform: EspTransform, size: int, faults: list[str], first: int, known: set[int]
) -> None:
    """Some numbers have come before; some packets are forged, or of a wrong pad or number."""
    keys = oracle.keys(transform)
    single, together = inbound_sa(transform, keys), inbound_sa(transform, keys)
    for number in known:
        for sa in (single, together):
            sa.open(oracle.seal(transform, keys, SPI, number, oracle.padded(transform, b"")))
    packets = [made(transform, keys, first + n, size, fault) for n, fault in enumerate(faults)]
    if "cut" in faults:
        packets = [packet[:-1] for packet in packets]
    before = [together.window.stale(n) for n in range(80)], together.octets
    rows = together.open_rows(b"".join(packets), len(packets[0]))
    if rows is None:
        assert any(faults) or first <= max(known, default=0)
        assert ([together.window.stale(n) for n in range(80)], together.octets) == before
        return
    text, start, octets, stride = rows
    payloads = [text[at : at + octets] for at in range(start, len(text), stride)]
    assert payloads == [single.open(packet) for packet in packets]
    assert together.octets == single.octets
    assert together.window.highest == single.window.highest
    assert [together.window.stale(n) for n in range(80)] == [
        single.window.stale(n) for n in range(80)
    ]


def made(transform: EspTransform, keys: SaKeys, number: int, size: int, fault: str) -> bytes:
    plaintext = oracle.padded(transform, os.urandom(size), 59 if fault == "next header" else 17)
    if fault == "pad length":
        plaintext = plaintext[:-2] + b"\xff" + plaintext[-1:]
    elif fault == "longer pad" and plaintext[-2] + 4 < size:
        plaintext = plaintext[:-2] + bytes((plaintext[-2] + 4,)) + plaintext[-1:]
    number = number + 1 if fault == "number" else number
    packet = oracle.seal(transform, keys, SPI, number, plaintext)
    return packet[:-1] + bytes((packet[-1] ^ 1,)) if fault == "forged" else packet


@every
def test_the_last_numbers_come_in_a_train(transform: EspTransform) -> None:
    keys = oracle.keys(transform)
    sa = inbound_sa(transform, keys)
    last = 2**32 - 1
    numbers = range(last - 3, last + 1)
    packets = [made(transform, keys, number, 40, "") for number in numbers]
    assert sa.open_rows(b"".join(packets), len(packets[0])) is not None
    assert sa.window.highest == last
    assert sa.open_rows(b"".join(packets), len(packets[0])) is None


@every
def test_trains_of_any_octets_are_refused(transform: EspTransform) -> None:
    sa = inbound_sa(transform, oracle.keys(transform))
    for size in range(1, 120):
        for count in (1, 2, 5):
            assert sa.open_rows(os.urandom(size * count), size) is None


def test_rows_are_alike_in_what_a_form_reads_of_each() -> None:
    rows = inbound.Rows(b"..ab1....ab2....ab3..", 2, 4, 7)
    assert rows.alike("2s")
    assert rows.alike("2s1x1s")
    assert not rows.alike("3s")
    assert not inbound.Rows(b"..ab1....ax1..", 2, 4, 7).alike("2s")
