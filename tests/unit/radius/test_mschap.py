import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius import mschap
from tests.peers import rfc2759

VECTORS = Path(__file__).parents[2] / "vectors"


def lines(name: str) -> list[list[str]]:
    text = (VECTORS / name).read_text().splitlines()
    return [line.split(" ", 1) for line in text if not line.startswith("#")]


RFC2759 = {name: value for name, value in lines("radius_mschapv2.txt")}


def octets(name: str) -> bytes:
    return bytes.fromhex(RFC2759[name])


@pytest.mark.parametrize(("digest", "text"), lines("radius_md4.txt"))
def test_md4_of_rfc_1320(digest: str, text: str) -> None:
    assert mschap.md4(text.strip('"').encode()).hex() == digest


@pytest.mark.parametrize("length", [55, 56, 63, 64, 119, 120])
def test_md4_padding_keeps_neighbours_apart(length: int) -> None:
    assert mschap.md4(bytes(length)) != mschap.md4(bytes(length + 1))


def test_hashes_of_the_password() -> None:
    hashed = mschap.nt_hash(RFC2759["Password"])
    assert hashed == octets("NtPasswordHash") == mschap.md4(octets("UnicodePassword"))
    assert mschap.md4(hashed) == octets("NtPasswordHashHash")


@pytest.mark.parametrize("name", [b"User", b"DOMAIN\\User", b"A\\B\\User"])
def test_challenge_hash_leaves_the_domain_out(name: bytes) -> None:
    challenge = mschap.challenge_hash(
        octets("PeerChallenge"), octets("AuthenticatorChallenge"), name
    )
    assert challenge == octets("ChallengeHash")


def test_both_responses_of_rfc_2759() -> None:
    response = mschap.nt_response(
        octets("AuthenticatorChallenge"), octets("PeerChallenge"), b"User", octets("NtPasswordHash")
    )
    assert response == octets("NtResponse")
    assert mschap.challenge_response(octets("ChallengeHash"), octets("NtPasswordHash")) == response
    proof = mschap.authenticator_response(
        response,
        octets("AuthenticatorChallenge"),
        octets("PeerChallenge"),
        b"User",
        octets("NtPasswordHash"),
    )
    assert proof.decode() == RFC2759["AuthenticatorResponse"]


def test_version_1_response_of_rfc_2433() -> None:
    # RFC 2433 appendix B.2: password MyPw, challenge 10 2D B5 DF 08 5D 30 41
    hashed = mschap.nt_hash("MyPw")
    assert hashed.hex() == "fc156af7edcd6c0edde3337d427f4eac"
    response = mschap.challenge_response(bytes.fromhex("102DB5DF085D3041"), hashed)
    assert response.hex() == "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"


def test_a_password_beyond_unicode_is_hashed_all_the_same() -> None:
    assert len(mschap.nt_hash("\udcff\U0001f511")) == 16


def test_the_slow_arithmetic_has_its_own_vectors() -> None:
    key, clear = bytes.fromhex("133457799bbcdff1"), bytes.fromhex("0123456789abcdef")
    assert rfc2759.des(key, clear).hex() == "85e813540f0ab405"
    assert rfc2759.rc4(b"Key", b"Plaintext").hex() == "bbf316e8d940af0ad3"


@pytest.mark.parametrize("new", ["x", "Sommer 2027!", "p\u00e4ssw\u00f6rd \U0001f511", "z" * 256])
def test_a_change_of_password_equals_the_slow_one(new: str) -> None:
    old, entropy = RFC2759["Password"], random.Random(1).randbytes
    block = rfc2759.password_block(new, old, entropy)
    assert len(block) == mschap.PASSWORD_BLOCK_OCTETS
    assert mschap.new_password(block, mschap.nt_hash(old)) == new
    assert mschap.new_password(block, mschap.nt_hash("another")) is None
    hashed = mschap.encrypted_hash(mschap.nt_hash(old), mschap.nt_hash(new))
    assert hashed == rfc2759.encrypted_hash(new, old)


@pytest.mark.parametrize("octets", [0, 3, 513, 514, 0xFFFFFFFF])
def test_a_block_whose_length_cannot_be(octets: int) -> None:
    key = mschap.nt_hash("old")
    block = rfc2759.rc4(key, b"a\0" * 256 + octets.to_bytes(4, "little"))
    assert mschap.new_password(block, key) is None


@given(st.binary(min_size=516, max_size=516))
def test_any_block_is_a_password_or_none(block: bytes) -> None:
    password = mschap.new_password(block, bytes(16))
    assert password is None or 0 < len(password) <= 256
