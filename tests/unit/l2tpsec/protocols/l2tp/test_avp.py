import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.l2tp import avp
from l2tpsec.protocols.l2tp.avp import RawAvp, ResultCode

CODECS: dict[int, tuple[avp.Codec[Any], Any]] = {
    id(avp.U16.decode): (avp.U16, 0x1234),
    id(avp.U32.decode): (avp.U32, 0x12345678),
    id(avp.U64.decode): (avp.U64, 5),
    id(avp.ANY.decode): (avp.ANY, b"\x00\xff"),
    id(avp.TEXT.decode): (avp.TEXT, "büro"),
    id(avp.RESULT.decode): (avp.RESULT, ResultCode(2, 8, "why")),
}


def sample(row: avp.Avp[Any]) -> Any:
    known = CODECS.get(id(row.codec.decode))
    if known is not None:
        return known[1]
    sizes = {13: 16, 34: 26, 35: 10, 39: 0, 1: 16}
    return bytes(sizes[row.attribute])


@pytest.mark.parametrize("row", avp.ROWS, ids=lambda row: row.name)
def test_every_row_survives_the_wire(row: avp.Avp[Any]) -> None:
    value = sample(row)
    (raw,) = avp.split(avp.encode(row, value))
    assert (raw.vendor, raw.attribute) == (row.vendor, row.attribute)
    assert (raw.mandatory, raw.hidden) == (row.mandatory, False)
    assert row.codec.decode(raw.value) == value


@pytest.mark.parametrize("row", avp.ROWS, ids=lambda row: row.name)
@given(value=st.binary(max_size=40))
def test_every_row_decodes_any_value_or_calls_it_malformed(row: avp.Avp[Any], value: bytes) -> None:
    try:
        row.codec.decode(value)
    except Malformed:
        assert len(value) != len(row.codec.encode(sample(row)))


def test_numbers_are_given_once() -> None:
    assert len(avp.BY_NUMBER) == len(avp.ROWS)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary())))
def test_chains_are_split(chain: list[tuple[int, int, bytes]]) -> None:
    body = b"".join(
        (0xC000 | len(value) + 6).to_bytes(2) + vendor.to_bytes(2) + number.to_bytes(2) + value
        for vendor, number, value in chain
    )
    expected = [RawAvp(vendor, number, True, True, value) for vendor, number, value in chain]
    assert list(avp.split(body)) == expected


@given(st.binary(max_size=1100))
def test_any_chain_is_split_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert sum(len(raw.value) + 6 for raw in avp.split(body)) == len(body)


@pytest.mark.parametrize("octets", range(6))
def test_an_avp_shorter_than_its_header_ends_the_walk(octets: int) -> None:
    with pytest.raises(Malformed, match=f"AVP of {octets} octets"):
        list(avp.split((0x8000 | octets).to_bytes(2) + bytes(20)))


@pytest.mark.parametrize("octets", [27, 100, 1023])
def test_an_avp_past_the_end_is_malformed(octets: int) -> None:
    with pytest.raises(Malformed):
        list(avp.split((0x8000 | octets).to_bytes(2) + bytes(24)))


def test_a_long_value_is_cut_to_what_the_length_field_can_say() -> None:
    (raw,) = avp.split(avp.encode(avp.HOST_NAME, "x" * 5000))
    assert len(raw.value) == 1017


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", ResultCode(0)),
        (b"\x00\x06", ResultCode(6)),  # Android
        (b"\x03\x00\x00\x00\x00\x00\x00\x00", ResultCode(3)),  # macOS, little endian
        (b"\x02\x00\x08\x00", ResultCode(2, 8)),
        (b"\x00\x02\x00\x08words\x00", ResultCode(2, 8, "words")),
        (b"\x00", ResultCode(0)),
    ],
)
def test_result_codes_of_every_client_are_read(value: bytes, code: ResultCode) -> None:
    assert avp.RESULT.decode(value) == code


def decoded(decode: Callable[[bytes], str], value: bytes) -> str:
    return decode(value)


def test_text_is_fit_to_print() -> None:
    assert decoded(avp.TEXT.decode, b"mac.local\x00") == "mac.local"
    assert decoded(avp.TEXT.decode, b"a\nb\x00c\x1b[2J\xff") == "a?b?c?[2J\ufffd"
