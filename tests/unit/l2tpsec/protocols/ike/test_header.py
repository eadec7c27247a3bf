"""The ISAKMP header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.header import Header, decode_header, encode_message

ICOOKIE, RCOOKIE = b"initiate", b"responds"
OCTET = st.integers(0, 255)


@given(
    kind=OCTET,
    exchange=OCTET,
    flags=OCTET,
    message_id=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=64),
)
def test_round_trip(kind: int, exchange: int, flags: int, message_id: int, body: bytes) -> None:
    header = Header(ICOOKIE, RCOOKIE, kind, exchange, message_id, flags)
    data = encode_message(header, body)
    read = decode_header(data)
    assert (read.initiator, read.responder, read.length) == (ICOOKIE, RCOOKIE, len(data))
    assert (read.next_payload, read.exchange) == (kind, exchange)
    assert (read.flags, read.message_id, read.encrypted) == (flags, message_id, flags % 2 == 1)


@given(st.binary(max_size=64))
def test_any_octets_are_a_header_or_malformed(data: bytes) -> None:
    try:
        assert decode_header(data).length == len(data)
    except Malformed as malformed:
        assert malformed.reason


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [(17, 0x20, "not IKEv1"), (27, 27, "length field"), (27, 29, "length field")],
)
def test_fields_out_of_range(offset: int, value: int, reason: str) -> None:
    data = bytearray(encode_message(Header(ICOOKIE, RCOOKIE, 1, 2), b""))
    data[offset] = value
    with pytest.raises(Malformed, match=reason):
        decode_header(bytes(data))


def test_initiator_cookie_of_zeros() -> None:
    with pytest.raises(Malformed, match="cookie"):
        decode_header(encode_message(Header(bytes(8), RCOOKIE, 1, 2), b""))
