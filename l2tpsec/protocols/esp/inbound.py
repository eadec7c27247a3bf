"""The receiving half of an ESP SA: replay check, ICV, decryption (RFC 4303 section 3.4)."""

from collections import Counter
from collections.abc import Sequence
from hmac import compare_digest
from struct import Struct
from typing import Protocol

from l2tpsec.crypto.contexts import Forged, authenticator, cbc_decryptor, gcm
from l2tpsec.crypto.integrity import Integrity
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.security import SaKeys
from l2tpsec.protocols.esp.replay import ReplayWindow

HEADER_OCTETS = 8
NEXT_HEADER_UDP = 17
NEXT_HEADER_DUMMY = 59

TOO_SHORT = "ESP packet too short or not of whole blocks"
REPLAYED = "ESP sequence number replayed or too old"
FORGED = "ESP integrity check failed"
PADDING = "ESP pad length past the packet"
DUMMY = "ESP dummy packet"
NEXT_HEADER = "ESP next header not expected"

_sequence = Struct(">I").unpack_from


class InboundSa(Protocol):
    """An inbound SA, found by its SPI.

    `octets` counts what was authenticated, ESP headers included.
    """

    octets: int
    window: ReplayWindow

    def open(self, packet: bytes) -> bytes:
        """Return the payload of `packet` (from the SPI on).

        Raise Malformed with a reason of this module.
        """
        ...

    def open_train(self, packets: Sequence[bytes], refused: Counter[str]) -> list[bytes]:
        """Return the payloads that `open` would return of one packet after another.

        The reasons of the others are counted in `refused`.
        """
        ...


class CbcInbound:
    """CBC and HMAC (RFC 3602, 2404, 4868, 2451)."""

    __slots__ = (
        "_block",
        "_decrypt",
        "_icv_octets",
        "_least",
        "_mac",
        "_next_header",
        "_overhead",
        "octets",
        "window",
    )

    def __init__(
        self, transform: EspTransform, integrity: Integrity, keys: SaKeys, next_header: int
    ) -> None:
        self._decrypt = cbc_decryptor(transform.cipher, keys.encryption)
        self._mac = authenticator(integrity, keys.integrity)
        self._icv_octets = integrity.icv_octets
        self._block = transform.cipher.block_octets
        self._overhead = HEADER_OCTETS + self._block + integrity.icv_octets
        self._least = self._overhead + self._block
        self._next_header = next_header
        self.window = ReplayWindow()
        self.octets = 0

    def open(self, packet: bytes) -> bytes:
        """Check ICV and sequence number, decrypt, strip the trailer."""
        octets = len(packet)
        if octets < self._least or (octets - self._overhead) % self._block:
            raise Malformed(TOO_SHORT, octets)
        window = self.window
        (sequence,) = _sequence(packet, 4)
        if window.stale(sequence):
            raise Malformed(REPLAYED, 4)
        end = octets - self._icv_octets
        mac = self._mac()
        mac.update(packet[:end])
        if not compare_digest(mac.finalize()[: self._icv_octets], packet[end:]):
            raise Malformed(FORGED, end)
        window.note(sequence)
        self.octets += octets
        clear = self._decrypt(packet[HEADER_OCTETS:end])
        # The pad's content is not looked at: the ICV vouches for it, as in kernels.
        last = len(clear) - 2 - clear[-2]
        if clear[-1] != self._next_header or last < self._block:
            raise _trailer(clear[-1], end)
        return clear[self._block : last]

    def open_train(self, packets: Sequence[bytes], refused: Counter[str]) -> list[bytes]:
        """Check ICVs and sequence numbers one by one, then decrypt what passed by one call.

        An IV that follows another packet decrypts to a block of noise, as a first one does.
        """
        texts, begin, icv_octets, window = [], self._mac, self._icv_octets, self.window
        for packet in packets:
            octets = len(packet)
            if octets < self._least or (octets - self._overhead) % self._block:
                refused[TOO_SHORT] += 1
                continue
            (sequence,) = _sequence(packet, 4)
            if window.stale(sequence):
                refused[REPLAYED] += 1
                continue
            mac = begin()
            mac.update(packet[:-icv_octets])
            if not compare_digest(mac.finalize()[:icv_octets], packet[-icv_octets:]):
                refused[FORGED] += 1
                continue
            window.note(sequence)
            self.octets += octets
            texts.append(packet[HEADER_OCTETS:-icv_octets])
        return self._stripped(texts, refused)

    def _stripped(self, texts: Sequence[bytes], refused: Counter[str]) -> list[bytes]:
        clear, payloads, end = self._decrypt(b"".join(texts)), [], 0
        for text in texts:
            start = end + self._block
            end += len(text)
            last = end - 2 - clear[end - 2]
            if clear[end - 1] != self._next_header or last < start:
                refused[_trailer(clear[end - 1], end).reason] += 1
            else:
                payloads.append(clear[start:last])
        return payloads


class GcmInbound:
    """AES-GCM with a 16-octet ICV (RFC 4106)."""

    __slots__ = ("_least", "_next_header", "_open", "_salt", "octets", "window")

    def __init__(self, transform: EspTransform, keys: SaKeys, next_header: int) -> None:
        key_octets = transform.cipher.key_octets
        self._open = gcm(keys.encryption[:key_octets]).open
        self._salt = keys.encryption[key_octets:]
        self._least = HEADER_OCTETS + transform.cipher.iv_octets + 4 + transform.icv_octets
        self._next_header = next_header
        self.window = ReplayWindow()
        self.octets = 0

    def open(self, packet: bytes) -> bytes:
        """Check sequence number and tag, decrypt, strip the trailer."""
        octets = len(packet)
        if octets < self._least or octets % 4:
            raise Malformed(TOO_SHORT, octets)
        window = self.window
        (sequence,) = _sequence(packet, 4)
        if window.stale(sequence):
            raise Malformed(REPLAYED, 4)
        try:
            clear = self._open(self._salt + packet[8:16], packet[16:], packet[:8])
        except Forged:
            raise Malformed(FORGED, octets) from None
        window.note(sequence)
        self.octets += octets
        last = len(clear) - 2 - clear[-2]
        if clear[-1] != self._next_header or last < 0:
            raise _trailer(clear[-1], octets)
        return clear[:last]

    def open_train(self, packets: Sequence[bytes], refused: Counter[str]) -> list[bytes]:
        """Open one by one: each has a key stream and a tag of its own."""
        payloads = []
        for packet in packets:
            try:
                payloads.append(self.open(packet))
            except Malformed as error:
                refused[error.reason] += 1
        return payloads


def _trailer(next_header: int, offset: int) -> Malformed:
    reasons: dict[int, str] = {NEXT_HEADER_UDP: PADDING, NEXT_HEADER_DUMMY: DUMMY}
    return Malformed(reasons.get(next_header, NEXT_HEADER), offset)


def inbound_sa(
    transform: EspTransform, keys: SaKeys, next_header: int = NEXT_HEADER_UDP
) -> InboundSa:
    """Make the receiving half of an SA that carries `next_header` only."""
    if transform.integrity is None:
        return GcmInbound(transform, keys, next_header)
    return CbcInbound(transform, transform.integrity, keys, next_header)
