"""Encryption of message bodies: CBC with zero padding (RFC 2409 appendix B)."""

from dataclasses import dataclass

from l2tpsec.crypto.blocks import cbc_decrypt, cbc_encrypt
from l2tpsec.crypto.ciphers import Cipher
from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.payloads import Chain, decode_chain


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted message: its payloads, their octets without padding, and the next IV."""

    chain: Chain
    plain: bytes
    last_block: bytes

    @property
    def after_first(self) -> bytes:
        """What a leading HASH payload covers: all payloads behind it, padding left out."""
        first = self.chain.payloads[0]
        return self.plain[len(first.body) + 4 : self.chain.octets]


def unseal(cipher: Cipher, key: bytes, iv: bytes, first: int, ciphertext: bytes) -> Opened:
    """Decrypt a body and read its chain; Malformed when the key or the octets are wrong."""
    if not ciphertext or len(ciphertext) % cipher.block_octets:
        raise Malformed(f"{len(ciphertext)} octets are not whole cipher blocks")
    plain = cbc_decrypt(cipher, key, iv, ciphertext)
    chain = decode_chain(first, plain)
    if not chain.payloads:
        raise Malformed("encrypted message without payloads")
    return Opened(chain, plain, ciphertext[-cipher.block_octets :])


def seal(cipher: Cipher, key: bytes, iv: bytes, plain: bytes) -> bytes:
    """Pad and encrypt; the last block is the next IV."""
    padding = -len(plain) % cipher.block_octets
    return cbc_encrypt(cipher, key, iv, plain + bytes(padding))
