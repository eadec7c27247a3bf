"""The receiving half of an ESP SA: replay check, ICV, decryption (RFC 4303 section 3.4)."""

from collections.abc import Callable
from functools import lru_cache
from hmac import compare_digest
from struct import Struct, calcsize
from typing import Any, NamedTuple, Protocol

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


class Rows(NamedTuple):
    """Payloads of one length, at equal distances in one piece of clear text."""

    text: bytes
    start: int
    octets: int
    stride: int

    def alike(self, form: str) -> bool:
        """Tell whether a `struct` form reads the same from the front of each payload."""
        count = len(self.text) // self.stride
        rest = self.stride - self.start - calcsize(f">{form}")
        fronts = every(f"{self.start}x{form}{rest}x", count)(self.text)
        return fronts == fronts[: len(fronts) // count] * count


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

    def open_rows(self, data: bytes, size: int) -> Rows | None:
        """Return the payloads of packets of `size` octets that follow one another in `data`.

        None, and nothing has happened, unless all are new, numbered one by one, and such as `open`
        takes, with pads of one length.
        """
        ...


class CbcInbound:
    """CBC and HMAC (RFC 3602, 2404, 4868, 2451)."""

    __slots__ = (
        "_block",
        "_decrypt",
        "_gap",
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
        self._gap = bytes(-HEADER_OCTETS % self._block)
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

    def open_rows(self, data: bytes, size: int) -> Rows | None:
        """Check ICVs and sequence numbers, then decrypt all by one call.

        What precedes an IV decrypts to noise, as a first IV does: headers do, with a gap that makes
        them whole blocks.
        """
        icv_octets, gap, begin = self._icv_octets, self._gap, self._mac
        if size < self._least or (size - self._overhead) % self._block:
            return None
        count = len(data) // size
        first = _first(data, size, count, self.window)
        if not first:
            return None
        parts = every(f"{size - icv_octets}s{icv_octets}s", count)(data)
        proven, icvs, macs = parts[::2], parts[1::2], []
        for each in proven:
            mac = begin()
            mac.update(each)
            macs.append(mac.finalize()[:icv_octets])
        if not compare_digest(b"".join(macs), b"".join(icvs)):
            return None
        clear = self._decrypt(gap.join((b"", *proven)))
        start = len(gap) + HEADER_OCTETS + self._block
        rows = _rows(clear, start, len(gap) + size - icv_octets, self._next_header)
        if rows:
            self.window.note_run(first, count)
            self.octets += len(data)
        return rows


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

    def open_rows(self, data: bytes, size: int) -> Rows | None:
        """Open one by one: each has a key stream and a tag of its own."""
        if size < self._least or size % 4:
            return None
        count = len(data) // size
        first = _first(data, size, count, self.window)
        if not first:
            return None
        open_, salt = self._open, self._salt
        parts = every(f"8s8s{size - 16}s", count)(data)
        try:
            clear = [
                open_(salt + iv, text, header)
                for header, iv, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
            ]
        except Forged:
            return None
        rows = _rows(b"".join(clear), 0, len(clear[0]), self._next_header)
        if rows:
            self.window.note_run(first, count)
            self.octets += len(data)
        return rows


@lru_cache(512)
def every(form: str, count: int) -> Callable[[bytes], tuple[Any, ...]]:
    """Return what reads so many records of a `struct` form, one after another, by one call."""
    return Struct(">" + form * count).unpack


def _first(data: bytes, size: int, count: int, window: ReplayWindow) -> int:
    """Return the number of the first packet if all are newer than any before, in order; else 0."""
    heads = every(f"Q{size - HEADER_OCTETS}x", count)(data)
    first: int = heads[0] & 0xFFFFFFFF
    if first <= window.highest or first + count > 1 << 32:
        return 0
    return first if heads == tuple(range(heads[0], heads[0] + count)) else 0


def _rows(text: bytes, start: int, stride: int, next_header: int) -> Rows | None:
    """Strip trailers of one kind; as above, the pad's content is not looked at."""
    pads, kinds = text[stride - 2 :: stride], text[stride - 1 :: stride]
    octets = stride - 2 - pads[0] - start
    alike = pads == pads[:1] * len(pads) and kinds == bytes((next_header,)) * len(pads)
    return Rows(text, start, octets, stride) if alike and octets >= 0 else None


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
