"""Live cipher and HMAC contexts for ESP: made once for each SA, called once for each packet.

A context that is kept costs a fraction of one that is made anew; tests/bench shows how much.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher as Context
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from l2tpsec.crypto.ciphers import AES128_CBC, TRIPLE_DES_CBC, Cipher
from l2tpsec.crypto.integrity import Integrity

Forged = InvalidTag
"""What `Aead.open` raises when the tag is wrong."""

_ALGORITHMS: dict[int, type[AES] | type[TripleDES]] = {
    AES128_CBC.esp_id: AES,
    TRIPLE_DES_CBC.esp_id: TripleDES,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Aead(NamedTuple):
    """An AEAD under one key; both take (nonce, data, associated data), `open` raises Forged."""

    seal: Callable[[bytes, bytes, bytes], bytes]
    open: Callable[[bytes, bytes, bytes], bytes]


def _cbc(cipher: Cipher, key: bytes) -> Context[CBC]:
    return Context(_ALGORITHMS[cipher.esp_id](key), CBC(bytes(cipher.block_octets)))


def cbc_encryptor(cipher: Cipher, key: bytes) -> Callable[[bytes], bytes]:
    """Return a live CBC encryption: each call goes on with the chain of the one before.

    Feed it one fresh random block and whole blocks of plaintext: the first block that comes out is
    an unpredictable IV, and what follows is the ciphertext under that IV (RFC 3602 sections 3 and
    6).
    """
    return _cbc(cipher, key).encryptor().update


def cbc_decryptor(cipher: Cipher, key: bytes) -> Callable[[bytes], bytes]:
    """Return a live CBC decryption.

    Feed it IV and ciphertext, drop the first block that comes out.
    """
    return _cbc(cipher, key).decryptor().update


class Mac(Protocol):
    """One message's HMAC in the making, untruncated."""

    def update(self, data: bytes) -> None:
        """Take in the message."""

    def finalize(self) -> bytes:
        """Return the whole HMAC."""


def authenticator(integrity: Integrity, key: bytes) -> Callable[[], Mac]:
    """Return what begins an HMAC under `key`; whoever sends it cuts it to its ICV's length."""
    return hmac.HMAC(key, _HASHES[integrity.hash_name]).copy


def gcm(key: bytes) -> Aead:
    """Return AES-GCM with a 16-octet tag (RFC 4106) under `key`, the salt not included."""
    aead = AESGCM(key)
    return Aead(aead.encrypt, aead.decrypt)
