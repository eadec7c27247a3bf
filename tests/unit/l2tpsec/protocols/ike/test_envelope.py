"""Sealed bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto.ciphers import AES256_CBC, TRIPLE_DES_CBC
from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.envelope import seal, unseal
from l2tpsec.protocols.ike.payloads import Payload, encode_chain

KEY, IV = bytes(range(32)), bytes(16)
BODY = encode_chain([Payload(8, b"h" * 20), Payload(12, b"delete")])


def test_round_trip_and_what_the_hash_covers() -> None:
    sealed = seal(AES256_CBC, KEY, IV, BODY)
    opened = unseal(AES256_CBC, KEY, IV, 8, sealed)
    assert [payload.kind for payload in opened.chain.payloads] == [8, 12]
    assert opened.last_block == sealed[-16:]
    assert opened.after_first == encode_chain([Payload(12, b"delete")])


def test_whole_blocks_get_no_padding() -> None:
    assert len(seal(AES256_CBC, KEY, IV, bytes(32))) == 32
    assert len(seal(TRIPLE_DES_CBC, KEY[:24], IV[:8], bytes(33))) == 40


@pytest.mark.parametrize("octets", [0, 1, 15, 17])
def test_parts_of_blocks_are_malformed(octets: int) -> None:
    with pytest.raises(Malformed, match="blocks"):
        unseal(AES256_CBC, KEY, IV, 8, bytes(octets))


def test_no_payloads_are_malformed() -> None:
    with pytest.raises(Malformed, match="without payloads"):
        unseal(AES256_CBC, KEY, IV, 0, bytes(16))


@given(st.integers(0, 255), st.binary(max_size=96))
def test_any_octets_open_or_are_malformed(first: int, body: bytes) -> None:
    try:
        assert unseal(AES256_CBC, KEY, IV, first, body).after_first is not None
    except Malformed as malformed:
        assert malformed.reason
