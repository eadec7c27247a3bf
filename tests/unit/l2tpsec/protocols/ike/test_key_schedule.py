"""Keys against a second derivation; the initiator of the tests has a third, strongSwan a fourth."""

import hashlib
import hmac

import pytest

from l2tpsec.crypto.ciphers import AES128_CBC, AES256_CBC
from l2tpsec.crypto.prf import MD5, SHA1, SHA256
from l2tpsec.protocols.ike.key_schedule import (
    Negotiated,
    Seed,
    derive_keys,
    keymat,
    phase_one_iv,
    phase_two_iv,
)

PSK = b"secret"


def known(**changes: object) -> Negotiated:
    fields: dict[str, object] = {
        "prf": SHA1,
        "cipher": AES256_CBC,
        "initiator_cookie": b"i" * 8,
        "responder_cookie": b"r" * 8,
        "initiator_public": b"gxi",
        "responder_public": b"gxr",
        "initiator_nonce": b"Ni" * 8,
        "responder_nonce": b"Nr" * 8,
        "shared": b"gxy",
    }
    return Negotiated(**(fields | changes))  # type: ignore[arg-type]  # fields of its own kinds


def sha1(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha1).digest()


def test_the_family_of_skeyid() -> None:
    keys = derive_keys(PSK, known())
    skeyid = sha1(PSK, b"Ni" * 8, b"Nr" * 8)
    tail = b"gxy" + b"i" * 8 + b"r" * 8
    d = sha1(skeyid, tail, b"\0")
    a = sha1(skeyid, d, tail, b"\1")
    e = sha1(skeyid, a, tail, b"\2")
    assert (keys.skeyid, keys.derivation, keys.authentication) == (skeyid, d, a)
    first = sha1(e, b"\0")
    assert keys.encryption == (first + sha1(e, first))[:32]


def test_a_long_enough_skeyid_e_is_cut() -> None:
    long = derive_keys(PSK, known(prf=SHA256, cipher=AES128_CBC)).encryption
    full = derive_keys(PSK, known(prf=SHA256, cipher=AES256_CBC)).encryption
    assert full[:16] == long
    assert len(derive_keys(PSK, known(prf=MD5)).encryption) == 32


def test_every_input_matters() -> None:
    base = derive_keys(PSK, known())
    assert derive_keys(b"other", known()) != base
    for field in ("initiator_nonce", "responder_nonce", "shared", "initiator_cookie"):
        assert derive_keys(PSK, known(**{field: b"12345678"})) != base


def test_no_secret_shows_in_text() -> None:
    keys = derive_keys(PSK, known())
    seed = Seed(b"nonces", b"very secret")
    text = repr(keys) + repr(known(shared=b"very secret")) + repr(seed)
    assert "very secret" not in text
    assert repr(keys.skeyid)[2:-1] not in text


def test_vectors_are_of_the_block_s_size() -> None:
    assert phase_one_iv(known()) == hashlib.sha1(b"gxigxr").digest()[:16]
    expected = hashlib.sha1(b"last" + bytes((0, 0, 0, 9))).digest()[:16]
    assert phase_two_iv(SHA1, AES256_CBC, b"last", 9) == expected


@pytest.mark.parametrize("octets", [0, 1, 20, 21, 52, 96])
def test_keymat_is_stretched_as_section_5_5_says(octets: int) -> None:
    keys = derive_keys(PSK, known())
    text = b"g^xy" + b"\3spi!" + b"NiNr"
    first = sha1(keys.derivation, text)
    whole = first
    block = first
    while len(whole) < octets:
        block = sha1(keys.derivation, block, text)
        whole += block
    assert keymat(SHA1, keys, Seed(b"NiNr", b"g^xy"), b"\3spi!", octets) == whole[:octets]
