"""The sending half of an ESP SA.

Sequence number, padding, encryption, ICV (RFC 4303 section 3.3).
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from struct import Struct
from typing import Protocol

from l2tpsec.crypto.contexts import authenticator, cbc_encryptor, gcm
from l2tpsec.crypto.integrity import Integrity
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.security import SaKeys
from l2tpsec.protocols.esp.inbound import NEXT_HEADER_UDP

LAST_SEQUENCE = 2**32 - 1
BLOCKS_AT_ONCE = 256
"""Random blocks drawn by one system call; all SAs of a block size take from the same."""

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

    def seal_train(self, payloads: Sequence[bytes], front: bytes = b"") -> list[bytes]:
        """Return what `seal` would return of one payload after another, each behind `front`.

        At the end of the sequence numbers they are fewer packets than payloads.
        """
        ...


@cache
def _trailers(align: int, next_header: int) -> tuple[bytes, ...]:
    """Return pad, pad length and next header for every payload length modulo `align`."""
    pads = [-(octets + 2) % align for octets in range(align)]
    return tuple(bytes(range(1, pad + 1)) + bytes((pad, next_header)) for pad in pads)


class RandomBlocks:
    """Fresh random blocks of one size, each good for one packet of any SA; `taken` in octets."""

    __slots__ = ("_block", "_entropy", "octets", "taken")

    def __init__(self, entropy: Entropy, block: int) -> None:
        self._entropy = entropy
        self._block = block
        self.octets = b""
        self.taken = 0

    def draw(self) -> bytes:
        """Make new ones, and take the first."""
        self.octets = self._entropy(BLOCKS_AT_ONCE * self._block)
        self.taken = self._block
        return self.octets[: self._block]

    def several(self, count: int) -> bytes:
        """Take so many."""
        start, octets = self.taken, count * self._block
        if start + octets > len(self.octets):
            self.octets = self._entropy(max(count, BLOCKS_AT_ONCE) * self._block)
            start = 0
        self.taken = start + octets
        return self.octets[start : self.taken]


_blocks = lru_cache(maxsize=8)(RandomBlocks)


class CbcOutbound:
    """CBC and HMAC; the first ciphertext block of a random plaintext block is the IV."""

    __slots__ = (
        "_block",
        "_encrypt",
        "_icv_octets",
        "_mac",
        "_random",
        "_spi",
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
        self._mac = authenticator(integrity, keys.integrity)
        self._icv_octets = integrity.icv_octets
        self._trailers = _trailers(self._block, next_header)
        self._spi = spi
        self._random = _blocks(entropy, self._block)
        self.sequence = 0
        self.octets = 0

    def seal(self, payload: bytes) -> bytes:
        """Pad, encrypt behind a fresh IV, authenticate."""
        if self.sequence >= LAST_SEQUENCE:
            raise SequenceExhausted
        self.sequence += 1
        block = self._block
        random = self._random
        start = random.taken
        random.taken = start + block
        first = random.octets[start : start + block] or random.draw()
        trailer = self._trailers[len(payload) % block]
        packet = _header(self._spi, self.sequence) + self._encrypt(first + payload + trailer)
        mac = self._mac()
        mac.update(packet)
        packet += mac.finalize()[: self._icv_octets]
        self.octets += len(packet)
        return packet

    def seal_train(self, payloads: Sequence[bytes], front: bytes = b"") -> list[bytes]:
        """Encrypt all by one call, as the chain goes on through packets; authenticate each."""
        payloads = payloads[: LAST_SEQUENCE - self.sequence]
        block, random, at = self._block, self._random.several(len(payloads)), 0
        trailers = [self._trailers[(len(front) + len(payload)) % block] for payload in payloads]
        pieces: list[bytes] = []
        for payload, trailer in zip(payloads, trailers, strict=True):
            pieces += random[at : at + block], front, payload, trailer
            at += block
        text, begin, icv_octets = self._encrypt(b"".join(pieces)), self._mac, self._icv_octets
        packets, end, sequence, around = [], 0, self.sequence, block + len(front)
        for payload, trailer in zip(payloads, trailers, strict=True):
            start = end
            end += around + len(payload) + len(trailer)
            sequence += 1
            packet = _header(self._spi, sequence) + text[start:end]
            mac = begin()
            mac.update(packet)
            packets.append(packet + mac.finalize()[:icv_octets])
        self.sequence = sequence
        self.octets += sum(map(len, packets))
        return packets


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

    def seal_train(self, payloads: Sequence[bytes], front: bytes = b"") -> list[bytes]:
        """Seal one by one: each has a key stream and a tag of its own."""
        left = LAST_SEQUENCE - self.sequence
        return [self.seal(front + payload) for payload in payloads[:left]]


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
