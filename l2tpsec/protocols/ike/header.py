"""The ISAKMP header (RFC 2408 section 3.1): 28 octets before every message."""

from dataclasses import dataclass

from l2tpsec.foundation.wire import Malformed, Reader, Writer
from l2tpsec.protocols.ike.codes import Flag

HEADER_OCTETS = 28
VERSION = 0x10
NO_COOKIE = bytes(8)


@dataclass(frozen=True, slots=True)
class Header:
    """`length` counts the whole message, header included."""

    initiator: bytes
    responder: bytes
    next_payload: int
    exchange: int
    message_id: int = 0
    flags: int = 0
    length: int = 0
    version: int = VERSION

    @property
    def encrypted(self) -> bool:
        """Tell whether the body is ciphertext."""
        return bool(self.flags & Flag.ENCRYPTION)


def decode_header(data: bytes) -> Header:
    """Read the header of a whole datagram; its length field must agree."""
    reader = Reader(data)
    initiator, responder = reader.take(8), reader.take(8)
    next_payload, version, exchange, flags = reader.take(4)
    message_id, length = reader.u32(), reader.u32()
    if version >> 4 != VERSION >> 4:
        raise Malformed(f"version {version >> 4}.{version & 15}, not IKEv1", 17)
    if length != len(data):
        raise Malformed(f"length field {length}, datagram {len(data)}", 24)
    if initiator == NO_COOKIE:
        raise Malformed("initiator cookie of zeros", 0)
    return Header(initiator, responder, next_payload, exchange, message_id, flags, length, version)


def encode_message(header: Header, body: bytes) -> bytes:
    """Write header and body; the length is what it is, not what `header` says."""
    writer = Writer().put(header.initiator).put(header.responder)
    writer.u8(header.next_payload).u8(header.version).u8(header.exchange).u8(header.flags)
    writer.u32(header.message_id).u32(HEADER_OCTETS + len(body))
    return bytes(writer.put(body))
