"""SA payloads, a real client's among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.attributes import basic
from l2tpsec.protocols.ike.proposals import (
    PROPOSALS_LIMIT,
    TRANSFORMS_LIMIT,
    Proposal,
    Transform,
    decode_sa,
    encode_sa,
)
from tests.peers.ike_wire import windows_message_one

WINDOWS_SA = windows_message_one()[32:240]
BYTE = st.integers(0, 255)
TRANSFORMS = st.builds(
    Transform,
    BYTE,
    BYTE,
    st.lists(st.builds(basic, st.integers(0, 20), st.integers(0, 999)), max_size=5).map(tuple),
)
PROPOSALS = st.builds(
    Proposal,
    BYTE,
    BYTE,
    st.binary(max_size=16),
    st.lists(TRANSFORMS, max_size=4).map(tuple),
)


@given(st.lists(PROPOSALS, min_size=1, max_size=5).map(tuple))
def test_round_trip(proposals: tuple[Proposal, ...]) -> None:
    assert decode_sa(encode_sa(proposals)) == proposals


@given(st.binary(max_size=120))
def test_any_octets_are_proposals_or_malformed(data: bytes) -> None:
    for body in (data, bytes.fromhex("0000000100000001") + data):
        try:
            assert decode_sa(body)
        except Malformed as malformed:
            assert malformed.reason


def test_windows_offers_five_transforms() -> None:
    (proposal,) = decode_sa(WINDOWS_SA)
    groups = [
        next(a.number for a in transform.attributes if a.kind == 4)
        for transform in proposal.transforms
    ]
    assert groups == [20, 19, 14, 14, 2]
    assert encode_sa((proposal,)) == WINDOWS_SA


@pytest.mark.parametrize("cut", range(0, 208, 7))
def test_a_cut_sa_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        decode_sa(WINDOWS_SA[:cut])


@pytest.mark.parametrize(
    ("offset", "value"),
    [(3, 2), (7, 2), (8, 3), (11, 0), (11, 7), (14, 3), (15, 4), (15, 6), (16, 2), (19, 0)],
)
def test_fields_that_lie(offset: int, value: int) -> None:
    data = bytearray(WINDOWS_SA)
    data[offset] = value
    with pytest.raises(Malformed):
        decode_sa(bytes(data))


def test_octets_after_the_last_proposal() -> None:
    with pytest.raises(Malformed, match="after the last"):
        decode_sa(WINDOWS_SA + b"\0")


def test_a_long_payload_is_not_even_read() -> None:
    with pytest.raises(Malformed, match="SA payload of 16385 octets"):
        decode_sa(WINDOWS_SA + bytes(16385 - len(WINDOWS_SA)))


def test_long_lists_are_cut() -> None:
    proposal = Proposal(1, 1, b"", ())
    with pytest.raises(Malformed, match="proposals"):
        decode_sa(encode_sa((proposal,) * (PROPOSALS_LIMIT + 1)))
    many = Proposal(1, 1, b"", (Transform(1, 1, ()),) * 250)
    with pytest.raises(Malformed, match=f"more than {TRANSFORMS_LIMIT} transforms"):
        decode_sa(encode_sa((many, many)))
