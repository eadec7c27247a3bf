"""CBC in one call, for IKE's few messages; a packet's path has contexts of its own."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher as Engine
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from l2tpsec.crypto.ciphers import Cipher


def _engine(cipher: Cipher, key: bytes, iv: bytes) -> Engine[modes.CBC]:
    algorithm = AES(key) if cipher.block_octets == 16 else TripleDES(key)
    return Engine(algorithm, modes.CBC(iv))


def cbc_encrypt(cipher: Cipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks; `key` and `iv` are of the cipher's sizes."""
    context = _engine(cipher, key, iv).encryptor()
    return context.update(data) + context.finalize()


def cbc_decrypt(cipher: Cipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks; ValueError when `data` is not a multiple of the block."""
    context = _engine(cipher, key, iv).decryptor()
    return context.update(data) + context.finalize()
