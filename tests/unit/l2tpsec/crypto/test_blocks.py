"""CBC vectors of RFC 3602 section 4 and round trips of every CBC row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto.blocks import cbc_decrypt, cbc_encrypt
from l2tpsec.crypto.ciphers import AES128_CBC, CIPHERS, Cipher

CBC = [cipher for cipher in CIPHERS if not cipher.aead]


def test_rfc_3602_case_2() -> None:
    key = bytes.fromhex("c286696d887c9aa0611bbb3e2025a45a")
    iv = bytes.fromhex("562e17996d093d28ddb3ba695a2e6f58")
    plain = bytes(range(32))
    expected = "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"
    assert cbc_encrypt(AES128_CBC, key, iv, plain).hex() == expected


@given(cipher=st.sampled_from(CBC), blocks=st.integers(0, 8), data=st.data())
def test_round_trip(cipher: Cipher, blocks: int, data: st.DataObject) -> None:
    key, iv, plain = (
        data.draw(st.binary(min_size=octets, max_size=octets))
        for octets in (cipher.key_octets, cipher.block_octets, blocks * cipher.block_octets)
    )
    sealed = cbc_encrypt(cipher, key, iv, plain)
    assert len(sealed) == len(plain)
    assert cbc_decrypt(cipher, key, iv, sealed) == plain


@pytest.mark.parametrize("cipher", CBC, ids=lambda cipher: cipher.name)
def test_part_of_a_block_is_refused(cipher: Cipher) -> None:
    with pytest.raises(ValueError, match="block"):
        cbc_decrypt(cipher, bytes(range(cipher.key_octets)), bytes(cipher.block_octets), b"x" * 9)
