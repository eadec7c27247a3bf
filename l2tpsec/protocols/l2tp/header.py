"""The L2TP header (RFC 2661 section 3.1)."""

from dataclasses import dataclass

from l2tpsec.foundation.wire import Malformed, Reader, Writer

TYPE, LENGTH, SEQUENCE, OFFSET, PRIORITY = 0x8000, 0x4000, 0x0800, 0x0200, 0x0100
VERSION_MASK, VERSION = 0x000F, 2
CONTROL = TYPE | LENGTH | SEQUENCE | VERSION
CONTROL_OCTETS = 12
MOST_CONTROL_OCTETS = 4096
"""Far more than any client says at once; messages that came early are kept."""
SHORT_DATA_OCTETS = 6
OPTIONAL = (SEQUENCE | OFFSET) >> 8
"""Of a data message's first octet, the bits by which fields stand behind the session."""


@dataclass(frozen=True, slots=True)
class ControlHeader:
    """A control message's header; `tunnel` and `session` are the receiver's numbers."""

    tunnel: int
    session: int
    ns: int
    nr: int


def is_control(datagram: bytes) -> bool:
    """Tell a control message from a data message by the T bit."""
    return bool(datagram) and datagram[0] & 0x80 != 0


def decode_control(datagram: bytes) -> tuple[ControlHeader, bytes]:
    """Return the header and the AVPs of a control message; octets past Length are padding."""
    reader = Reader(datagram)
    flags, length = reader.u16(), reader.u16()
    if flags & VERSION_MASK != VERSION:
        raise Malformed(f"version {flags & VERSION_MASK} is not L2TPv2")
    if flags & CONTROL != CONTROL or flags & (OFFSET | PRIORITY):
        raise Malformed(f"flags {flags:#06x} are not those of a control message")
    if not CONTROL_OCTETS <= length <= min(len(datagram), MOST_CONTROL_OCTETS):
        raise Malformed(f"length {length} in {len(datagram)} octets", 2)
    header = ControlHeader(reader.u16(), reader.u16(), reader.u16(), reader.u16())
    return header, datagram[CONTROL_OCTETS:length]


def encode_control(header: ControlHeader, body: bytes = b"") -> bytes:
    """Return a control message with just T, L and S set: Windows drops any other bit."""
    writer = Writer().u16(CONTROL).u16(CONTROL_OCTETS + len(body))
    writer.u16(header.tunnel).u16(header.session).u16(header.ns).u16(header.nr)
    return bytes(writer.put(body))


def decode_data(datagram: bytes) -> tuple[int, int, bytes]:
    """Return tunnel, session and PPP frame of a data message with any mix of L, S, O and P."""
    if len(datagram) >= SHORT_DATA_OCTETS and datagram[:2] == b"\x00\x02":
        return int.from_bytes(datagram[2:4]), int.from_bytes(datagram[4:6]), datagram[6:]
    return _decode_long_data(datagram)


def _decode_long_data(datagram: bytes) -> tuple[int, int, bytes]:
    reader = Reader(datagram)
    flags = reader.u16()
    if flags & TYPE or flags & VERSION_MASK != VERSION:
        raise Malformed(f"flags {flags:#06x} are not those of a data message")
    end = reader.u16() if flags & LENGTH else len(datagram)
    if end > len(datagram):
        raise Malformed(f"length {end} in {len(datagram)} octets", 2)
    tunnel, session = reader.u16(), reader.u16()
    reader.take(4 if flags & SEQUENCE else 0)
    reader.take(reader.u16() if flags & OFFSET else 0)
    if reader.offset > end:
        raise Malformed(f"length {end} ends inside the header", 2)
    return tunnel, session, datagram[reader.offset : end]


def data_prefix(tunnel: int, session: int) -> bytes:
    """Return the six octets that precede every PPP frame to the peer: no L, S, O or P bit."""
    return bytes(Writer().u16(VERSION).u16(tunnel).u16(session))


def after_options(message: bytes, first_octet: int, at: int) -> int:
    """Return where the PPP frame of a data message starts: behind Ns, Nr and the offset from `at`.

    It may lie behind the end of a message that is cut.
    """
    if first_octet & SEQUENCE >> 8:
        at += 4
    if first_octet & OFFSET >> 8:
        at += 2 + int.from_bytes(message[at : at + 2])
    return at
