import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed, Reader, Writer


def test_fields_come_back_in_order() -> None:
    data = bytes(Writer().u8(1).u16(0x0203).u32(0x04050607).put(b"rest"))
    reader = Reader(data)
    assert (reader.u8(), reader.u16(), reader.u32(), reader.rest()) == (
        1,
        0x0203,
        0x04050607,
        b"rest",
    )
    assert reader.remaining == 0


def test_part_is_bounded() -> None:
    reader = Reader(b"abcdef")
    part = reader.part(3)
    assert part.take(3) == b"abc"
    with pytest.raises(Malformed):
        part.u8()
    assert reader.rest() == b"def"


def test_malformed_says_what_and_where() -> None:
    with pytest.raises(Malformed, match=r"4 octets wanted, 2 left \(octet 1\)") as caught:
        Reader(b"abc", 1).u32()
    assert caught.value.offset == 1


@given(st.binary(), st.integers(-5, 40))
def test_take_never_reads_past_the_end(data: bytes, octets: int) -> None:
    reader = Reader(data)
    if 0 <= octets <= len(data):
        assert reader.take(octets) == data[:octets]
    else:
        with pytest.raises(Malformed):
            reader.take(octets)
        assert reader.offset == 0


def test_writer_knows_its_length() -> None:
    assert len(Writer().u32(7)) == 4
