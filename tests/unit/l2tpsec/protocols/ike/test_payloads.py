"""Payload chains and bodies; scapy dissects what we write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_ID

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.header import Header, encode_message
from l2tpsec.protocols.ike.payloads import (
    PAYLOADS_LIMIT,
    Chain,
    Deletion,
    Identification,
    Notification,
    Payload,
    decode_chain,
    decode_deletion,
    decode_identification,
    decode_notification,
    decode_original_address,
    encode_chain,
    encode_deletion,
    encode_identification,
    encode_notification,
    original_address,
)

PAYLOADS = st.builds(Payload, st.integers(1, 255), st.binary(max_size=40))
BYTE = st.integers(0, 255)


@given(st.lists(PAYLOADS, min_size=1, max_size=8), st.binary(max_size=16))
def test_chain_round_trip_and_padding_is_left_alone(payloads: list[Payload], pad: bytes) -> None:
    data = encode_chain(payloads)
    chain = decode_chain(payloads[0].kind, data + pad)
    assert chain == Chain(tuple(payloads), len(data))
    assert chain.first(payloads[0].kind) == payloads[0].body
    assert len(chain.all(payloads[-1].kind)) >= 1


@given(BYTE, st.binary(max_size=80))
def test_any_octets_are_a_chain_or_malformed(first: int, data: bytes) -> None:
    try:
        assert decode_chain(first, data).octets <= len(data)
    except Malformed as malformed:
        assert malformed.reason


@pytest.mark.parametrize("length", [0, 1, 3, 9, 255, 65535])
def test_payload_lengths_out_of_range(length: int) -> None:
    with pytest.raises(Malformed):
        decode_chain(10, b"\0\0" + length.to_bytes(2) + b"abcd")


def test_endless_chains_are_cut() -> None:
    link = b"\x0d\0\0\4"
    with pytest.raises(Malformed, match="more than"):
        decode_chain(13, link * (PAYLOADS_LIMIT + 1))


def test_a_missing_payload_is_malformed() -> None:
    with pytest.raises(Malformed, match="no payload"):
        Chain((), 0).first(5)


@given(st.builds(Identification, BYTE, BYTE, st.integers(0, 65535), st.binary(max_size=20)))
def test_identification_round_trip(identification: Identification) -> None:
    assert decode_identification(encode_identification(identification)) == identification


@given(
    st.builds(
        Notification, BYTE, st.integers(0, 65535), st.binary(max_size=16), st.binary(max_size=8)
    )
)
def test_notification_round_trip(notification: Notification) -> None:
    assert decode_notification(encode_notification(notification)) == notification


@given(BYTE, st.integers(1, 16), st.integers(1, 5), st.data())
def test_deletion_round_trip(protocol: int, size: int, count: int, data: st.DataObject) -> None:
    spi = st.binary(min_size=size, max_size=size)
    spis = tuple(data.draw(spi) for _ in range(count))
    deletion = Deletion(protocol, spis)
    assert decode_deletion(encode_deletion(deletion)) == deletion


@given(st.binary(max_size=40))
def test_any_body_is_read_or_malformed(body: bytes) -> None:
    for decode in (decode_identification, decode_notification, decode_deletion):
        try:
            decode(body)
        except Malformed as malformed:
            assert malformed.reason


@pytest.mark.parametrize(
    "body",
    [
        "00000002 01 04 0001 00000001",
        "00000001 03 00 0001",
        "00000001 03 04 0002 00000001",
        "00000001 03 04 0000 00000001",
        "00000001 03 04 ffff 00000001",
    ],
)
def test_deletes_that_lie(body: str) -> None:
    with pytest.raises(Malformed):
        decode_deletion(bytes.fromhex(body))


def test_notification_of_another_doi() -> None:
    with pytest.raises(Malformed, match="DOI"):
        decode_notification(bytes.fromhex("00000007 01 00 000e"))


def test_original_address_is_laid_out_as_rfc_3947() -> None:
    assert original_address("192.0.2.7").hex() == "01000000c0000207"
    assert decode_original_address(original_address("192.0.2.7")) == "192.0.2.7"
    assert decode_original_address(b"\x05" + bytes(19)) == ""
    assert decode_original_address(b"\x05" + bytes(7)) == ""


def test_scapy_reads_our_identification() -> None:
    body = encode_identification(Identification(1, 17, 1701, bytes((192, 0, 2, 1))))
    chain = encode_chain([Payload(5, body), Payload(10, b"n" * 16)])
    packet = ISAKMP(encode_message(Header(b"initiate", b"responds", 5, 32), chain))
    identification = packet[ISAKMP_payload_ID]
    assert (identification.IDtype, identification.ProtoID, identification.Port) == (1, 17, 1701)
    assert identification.next_payload == 10
