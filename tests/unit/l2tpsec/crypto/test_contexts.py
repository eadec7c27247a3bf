import os

import pytest

from l2tpsec.crypto.ciphers import AES128_CBC, AES256_CBC, CIPHERS, TRIPLE_DES_CBC, Cipher
from l2tpsec.crypto.contexts import Forged, Mac, authenticator, cbc_decryptor, cbc_encryptor, gcm
from l2tpsec.crypto.integrity import HMAC_MD5_96, HMAC_SHA1_96, INTEGRITIES, Integrity

CBC = [cipher for cipher in CIPHERS if not cipher.aead]


@pytest.mark.parametrize("cipher", CBC, ids=lambda cipher: cipher.name)
def test_a_live_chain_decrypts_packet_by_packet(cipher: Cipher) -> None:
    key = os.urandom(cipher.key_octets)
    encrypt, decrypt = cbc_encryptor(cipher, key), cbc_decryptor(cipher, key)
    block = cipher.block_octets
    sealed = [encrypt(os.urandom(block) + bytes([n]) * 3 * block) for n in range(5)]
    # Out of order and with one lost: the first block of each is all that the rest needs.
    for n in (3, 0, 4, 1):
        assert decrypt(sealed[n])[block:] == bytes([n]) * 3 * block


def test_aes_cbc_vector() -> None:
    """RFC 3602 section 4, case 2."""
    key = bytes.fromhex("c286696d887c9aa0611bbb3e2025a45a")
    iv = bytes.fromhex("562e17996d093d28ddb3ba695a2e6f58")
    ciphertext = bytes.fromhex("d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1")
    assert cbc_decryptor(AES128_CBC, key)(iv + ciphertext)[16:] == bytes(range(32))


def test_triple_des_is_encrypt_decrypt_encrypt() -> None:
    """Three equal keys make it DES, whose vector stands in every book."""
    key = bytes.fromhex("133457799bbcdff1") * 3
    block = bytes.fromhex("0123456789abcdef")
    assert cbc_encryptor(TRIPLE_DES_CBC, key)(block).hex() == "85e813540f0ab405"


def cut(integrity: Integrity, mac: Mac) -> str:
    mac.update(b"Hi There")
    return mac.finalize()[: integrity.icv_octets].hex()


@pytest.mark.parametrize(
    ("integrity", "key", "mac"),
    [
        (HMAC_MD5_96, "0b" * 16, "9294727a3638bb1c13f48ef8"),
        (HMAC_SHA1_96, "0b" * 20, "b617318655057264e28bc0b6"),
    ],
    ids=["md5", "sha1"],
)
def test_hmac_vectors(integrity: Integrity, key: str, mac: str) -> None:
    """RFC 2202 sections 2 and 3, case 1, truncated."""
    begin = authenticator(integrity, bytes.fromhex(key))
    assert [cut(integrity, begin()), cut(integrity, begin())] == [mac, mac]


@pytest.mark.parametrize(
    ("name", "mac"),
    [
        ("hmac-sha256-128", "198a607eb44bfbc69903a0f1cf2bbdc5"),
        ("hmac-sha384-192", "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"),
        ("hmac-sha512-256", "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"),
    ],
)
def test_hmac_sha2_vectors(name: str, mac: str) -> None:
    """RFC 4868 section 2.7.2, AUTH cases 1 (256, 384, 512)."""
    (integrity,) = (row for row in INTEGRITIES if row.name == name)
    assert cut(integrity, authenticator(integrity, b"\x0b" * integrity.key_octets)()) == mac


def test_gcm_seals_opens_and_refuses() -> None:
    aead = gcm(os.urandom(16))
    sealed = aead.seal(bytes(12), b"plaintext", b"header")
    assert aead.open(bytes(12), sealed, b"header") == b"plaintext"
    with pytest.raises(Forged):
        aead.open(bytes(12), sealed, b"other")


def test_a_wrong_key_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="key size"):
        cbc_encryptor(AES256_CBC, bytes(17))
