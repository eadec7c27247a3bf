"""ESP the slow and obvious way (RFC 4303): a new cipher and a new HMAC for every packet."""

import hashlib
import hmac
import os

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from l2tpsec.crypto.ciphers import CIPHERS
from l2tpsec.crypto.integrity import INTEGRITIES
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.security import SaKeys

TRANSFORMS = tuple(
    EspTransform(cipher, integrity)
    for cipher in CIPHERS
    for integrity in ((None,) if cipher.aead else INTEGRITIES)
)


def keys(transform: EspTransform) -> SaKeys:
    return SaKeys(
        os.urandom(transform.encryption_key_octets), os.urandom(transform.integrity_key_octets)
    )


def _cbc(transform: EspTransform, key: bytes, iv: bytes) -> Cipher[CBC]:
    algorithm = TripleDES(key) if transform.cipher.block_octets == 8 else AES(key)
    return Cipher(algorithm, CBC(iv))


def icv(transform: EspTransform, keys: SaKeys, covered: bytes) -> bytes:
    assert transform.integrity
    digest = hmac.new(keys.integrity, covered, getattr(hashlib, transform.integrity.hash_name))
    return digest.digest()[: transform.integrity.icv_octets]


def seal(transform: EspTransform, keys: SaKeys, spi: int, sequence: int, plaintext: bytes) -> bytes:
    """A packet whose plaintext, trailer included, is `plaintext`."""
    header = spi.to_bytes(4) + sequence.to_bytes(4)
    iv = os.urandom(transform.cipher.iv_octets)
    if transform.cipher.aead:
        key, salt = keys.encryption[:-4], keys.encryption[-4:]
        return header + iv + AESGCM(key).encrypt(salt + iv, plaintext, header)
    encryptor = _cbc(transform, keys.encryption, iv).encryptor()
    covered = header + iv + encryptor.update(plaintext) + encryptor.finalize()
    return covered + icv(transform, keys, covered)


def padded(transform: EspTransform, payload: bytes, next_header: int = 17) -> bytes:
    align = max(4, transform.cipher.block_octets)
    pad = 0
    while (len(payload) + pad + 2) % align:
        pad += 1
    return payload + bytes(range(1, pad + 1)) + bytes((pad, next_header))


def open_(transform: EspTransform, keys: SaKeys, packet: bytes) -> tuple[int, int, bytes]:
    """SPI, sequence number and plaintext with its trailer; raises if forged."""
    spi, sequence = int.from_bytes(packet[:4]), int.from_bytes(packet[4:8])
    iv_end = 8 + transform.cipher.iv_octets
    iv = packet[8:iv_end]
    if transform.cipher.aead:
        key, salt = keys.encryption[:-4], keys.encryption[-4:]
        return spi, sequence, AESGCM(key).decrypt(salt + iv, packet[iv_end:], packet[:8])
    end = len(packet) - transform.icv_octets
    assert icv(transform, keys, packet[:end]) == packet[end:]
    decryptor = _cbc(transform, keys.encryption, iv).decryptor()
    return spi, sequence, decryptor.update(packet[iv_end:end]) + decryptor.finalize()
