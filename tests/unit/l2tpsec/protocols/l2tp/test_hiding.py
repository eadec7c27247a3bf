import contextlib
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.l2tp import hiding


def hide(attribute: int, secret: bytes, vector: bytes, value: bytes, padding: bytes) -> bytes:
    """RFC 2661 section 4.3, as a sender does it: p1..pn, b1..bn, c1..cn."""
    plain = len(value).to_bytes(2) + value + padding
    blocks = [plain[start : start + 16] for start in range(0, len(plain), 16)]
    key = md5(attribute.to_bytes(2) + secret + vector).digest()
    cipher: list[bytes] = []
    for block in blocks:
        cipher.append(bytes(p ^ b for p, b in zip(block, key, strict=False)))
        key = md5(secret + cipher[-1]).digest()
    return b"".join(cipher)


@given(
    st.integers(0, 0xFFFF), st.binary(min_size=1), st.binary(), st.binary(max_size=70), st.binary()
)
def test_what_a_sender_hides_is_revealed(
    attribute: int, secret: bytes, vector: bytes, value: bytes, padding: bytes
) -> None:
    hidden = hide(attribute, secret, vector, value, padding)
    assert hiding.reveal(attribute, secret, vector, hidden) == value


@given(st.binary(max_size=1017), st.binary(), st.binary())
def test_any_cipher_text_is_revealed_or_malformed(
    hidden: bytes, secret: bytes, vector: bytes
) -> None:
    with contextlib.suppress(Malformed):
        assert len(hiding.reveal(9, secret, vector, hidden)) <= len(hidden) - 2


@pytest.mark.parametrize("hidden", [b"", b"\x00"])
def test_too_short_for_its_length_is_malformed(hidden: bytes) -> None:
    with pytest.raises(Malformed):
        hiding.reveal(9, b"secret", b"vector", hidden)


def test_a_wrong_secret_is_malformed() -> None:
    hidden = hide(9, b"secret", b"vector", b"\x12\x34", b"")
    with pytest.raises(Malformed, match="secrets differ"):
        hiding.reveal(9, b"Secret", b"vector", hidden)
