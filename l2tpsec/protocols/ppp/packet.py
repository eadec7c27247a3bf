"""The packet of all control and authentication protocols, and its options (RFC 1661 5 and 6)."""

from enum import IntEnum
from typing import NamedTuple, Self

from l2tpsec.foundation.wire import Malformed, Reader, Writer

MAX_OCTETS = 1500  # RFC 1661 section 6.1: what every peer can receive
MAX_OPTIONS = 64


class Code(IntEnum):
    """Codes of LCP; the NCPs use the first seven (RFC 1661 section 5, RFC 1570)."""

    CONFIGURE_REQUEST = 1
    CONFIGURE_ACK = 2
    CONFIGURE_NAK = 3
    CONFIGURE_REJECT = 4
    TERMINATE_REQUEST = 5
    TERMINATE_ACK = 6
    CODE_REJECT = 7
    PROTOCOL_REJECT = 8
    ECHO_REQUEST = 9
    ECHO_REPLY = 10
    DISCARD_REQUEST = 11
    IDENTIFICATION = 12
    TIME_REMAINING = 13


class Packet(NamedTuple):
    """Code, identifier and what follows the length field; an unknown code stays a number."""

    code: int
    identifier: int
    data: bytes

    @classmethod
    def decode(cls, information: bytes) -> Self:
        """Read a packet; octets behind its length are padding (RFC 1661 section 5)."""
        reader = Reader(information)
        code, identifier, length = reader.u8(), reader.u8(), reader.u16()
        if not 4 <= length <= MAX_OCTETS:
            raise Malformed(f"length field {length}", 2)
        return cls(code, identifier, reader.take(length - 4))

    def encode(self) -> bytes:
        """Return the packet's octets."""
        writer = Writer().u8(self.code).u8(self.identifier).u16(len(self.data) + 4)
        return bytes(writer.put(self.data))


class RawOption(NamedTuple):
    """One configuration option as it stands on the wire."""

    code: int
    data: bytes


def decode_options(data: bytes) -> list[RawOption]:
    """Read the options of a Configure packet."""
    reader = Reader(data)
    options: list[RawOption] = []
    while reader.remaining:
        if len(options) == MAX_OPTIONS:
            raise Malformed(f"more than {MAX_OPTIONS} options", reader.offset)
        code, length = reader.u8(), reader.u8()
        if length < 2:
            raise Malformed(f"option length {length}", reader.offset - 1)
        options.append(RawOption(code, reader.take(length - 2)))
    return options


def encode_options(options: list[RawOption]) -> bytes:
    """Return the octets of options."""
    return b"".join(bytes((o.code, len(o.data) + 2)) + o.data for o in options)
