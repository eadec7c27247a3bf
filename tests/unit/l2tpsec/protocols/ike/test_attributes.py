"""TV and TLV attributes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.attributes import (
    Attribute,
    basic,
    decode_attributes,
    encode_attributes,
    variable,
)

KINDS = st.integers(0, 0x7FFF)
ATTRIBUTES = st.builds(basic, KINDS, st.integers(0, 65535)) | st.builds(
    lambda kind, value: Attribute(kind, value, basic=False), KINDS, st.binary(max_size=12)
)


@given(st.lists(ATTRIBUTES, max_size=10).map(tuple))
def test_round_trip_keeps_order_and_form(attributes: tuple[Attribute, ...]) -> None:
    assert decode_attributes(encode_attributes(attributes)) == attributes


@given(st.binary(max_size=60))
def test_any_octets_are_attributes_or_malformed(data: bytes) -> None:
    try:
        assert encode_attributes(decode_attributes(data)) == data
    except Malformed as malformed:
        assert malformed.reason


def test_both_forms_are_the_same_number() -> None:
    assert basic(12, 3600).number == variable(12, 3600).number == variable(12, 3600, 8).number


@pytest.mark.parametrize("octets", [0, 9, 200])
def test_numbers_without_or_with_too_many_octets(octets: int) -> None:
    with pytest.raises(Malformed, match="attribute 12"):
        _ = Attribute(12, bytes(octets), basic=False).number
