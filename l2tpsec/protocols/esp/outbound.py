"""The sending half of an ESP SA.

Sequence number, padding, encryption, ICV (RFC 4303 section 3.3).
"""

from functools import cache
from struct import Struct
from typing import Protocol

from l2tpsec.crypto.contexts import authenticator, cbc_encryptor, gcm
from l2tpsec.crypto.integrity import Integrity
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.security import SaKeys
from l2tpsec.protocols.esp.inbound import NEXT_HEADER_UDP

LAST_SEQUENCE = 2**32 - 1
# Drawn at once: few for a session that only keeps alive, many for one that carries traffic.
_FEWEST_BLOCKS, _MOST_BLOCKS = 8, 256

_header = Struct(">II").pack
_iv = Struct(">Q").pack


class SequenceExhausted(Exception):  # noqa: N818 - a fact about the SA, not a bug
    """All sequence numbers are used; the SA must end (RFC 4303 section 3.3.3)."""


class OutboundSa(Protocol):
    """An outbound SA; `octets` counts what was sealed, ESP headers included."""

    octets: int
    sequence: int

    def seal(self, payload: bytes) -> bytes:
        """Return the ESP packet for `payload`, from the SPI on.

        Raise SequenceExhausted at the end.
        """
        ...


@cache
def _trailers(align: int, next_header: int) -> tuple[bytes, ...]:
    """Return pad, pad length and next header for every payload length modulo `align`."""
    pads = [-(octets + 2) % align for octets in range(align)]
    return tuple(bytes(range(1, pad + 1)) + bytes((pad, next_header)) for pad in pads)


class CbcOutbound:
    """CBC and HMAC; the first ciphertext block of a random plaintext block is the IV."""

    __slots__ = (
        "_block",
        "_encrypt",
        "_entropy",
        "_icv",
        "_random",
        "_spi",
        "_taken",
        "_trailers",
        "octets",
        "sequence",
    )

    def __init__(
        self,
        transform: EspTransform,
        integrity: Integrity,
        spi: int,
        keys: SaKeys,
        entropy: Entropy,
        next_header: int,
    ) -> None:
        self._block = transform.cipher.block_octets
        self._encrypt = cbc_encryptor(transform.cipher, keys.encryption)
        self._icv = authenticator(integrity, keys.integrity)
        self._trailers = _trailers(self._block, next_header)
        self._spi = spi
        self._entropy = entropy
        self._random = b""
        self._taken = 0
        self.sequence = 0
        self.octets = 0

    def _draw(self) -> bytes:
        blocks = min(max(_FEWEST_BLOCKS, 2 * len(self._random) // self._block), _MOST_BLOCKS)
        self._random = self._entropy(blocks * self._block)
        self._taken = self._block
        return self._random[: self._block]

    def seal(self, payload: bytes) -> bytes:
        """Pad, encrypt behind a fresh IV, authenticate."""
        if self.sequence >= LAST_SEQUENCE:
            raise SequenceExhausted
        self.sequence += 1
        block = self._block
        start = self._taken
        self._taken = start + block
        random = self._random[start : start + block] or self._draw()
        trailer = self._trailers[len(payload) % block]
        packet = _header(self._spi, self.sequence) + self._encrypt(random + payload + trailer)
        packet += self._icv(packet)
        self.octets += len(packet)
        return packet


class GcmOutbound:
    """AES-GCM.

    The IV is the sequence number, which never comes twice under one key (RFC 4106 section 3.1).
    """

    __slots__ = ("_salt", "_seal", "_spi", "_trailers", "octets", "sequence")

    def __init__(self, transform: EspTransform, spi: int, keys: SaKeys, next_header: int) -> None:
        key_octets = transform.cipher.key_octets
        self._seal = gcm(keys.encryption[:key_octets]).seal
        self._salt = keys.encryption[key_octets:]
        self._trailers = _trailers(4, next_header)
        self._spi = spi
        self.sequence = 0
        self.octets = 0

    def seal(self, payload: bytes) -> bytes:
        """Pad, encrypt and authenticate."""
        if self.sequence >= LAST_SEQUENCE:
            raise SequenceExhausted
        self.sequence += 1
        header = _header(self._spi, self.sequence)
        iv = _iv(self.sequence)
        clear = payload + self._trailers[len(payload) & 3]
        packet = header + iv + self._seal(self._salt + iv, clear, header)
        self.octets += len(packet)
        return packet


def outbound_sa(
    transform: EspTransform,
    spi: int,
    keys: SaKeys,
    entropy: Entropy,
    next_header: int = NEXT_HEADER_UDP,
) -> OutboundSa:
    """Make the sending half of an SA under the peer's `spi`; it carries `next_header` only."""
    if transform.integrity is None:
        return GcmOutbound(transform, spi, keys, next_header)
    return CbcOutbound(transform, transform.integrity, spi, keys, entropy, next_header)
