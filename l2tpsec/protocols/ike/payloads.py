"""Payload chains and the bodies that have fields (RFC 2408 section 3; RFC 2407 section 4.6)."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from l2tpsec.foundation.wire import Malformed, Reader, Writer
from l2tpsec.protocols.ike.codes import DOI_IPSEC, IdType, Kind

PAYLOADS_LIMIT = 64
GENERIC_HEADER_OCTETS = 4


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload without its generic header."""

    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """The payloads of a message, in order; `octets` is where padding begins."""

    payloads: tuple[Payload, ...]
    octets: int

    def all(self, kind: int) -> list[bytes]:
        """Return the bodies of every payload of that kind."""
        return [payload.body for payload in self.payloads if payload.kind == kind]

    def first(self, kind: int) -> bytes:
        """Return the body of the first payload of that kind."""
        for payload in self.payloads:
            if payload.kind == kind:
                return payload.body
        raise Malformed(f"no payload of type {kind}")


def decode_chain(first: int, data: bytes) -> Chain:
    """Walk from the header's next-payload field to the payload that names none."""
    reader = Reader(data)
    payloads: list[Payload] = []
    kind = first
    while kind != Kind.NONE:
        if len(payloads) == PAYLOADS_LIMIT:
            raise Malformed(f"more than {PAYLOADS_LIMIT} payloads", reader.offset)
        # RESERVED is not checked: old stacks leave bits there.
        following, _reserved, length = reader.u8(), reader.u8(), reader.u16()
        if length < GENERIC_HEADER_OCTETS:
            raise Malformed(f"payload length {length}", reader.offset - 2)
        payloads.append(Payload(kind, reader.take(length - GENERIC_HEADER_OCTETS)))
        kind = following
    return Chain(tuple(payloads), reader.offset)


def encode_chain(payloads: list[Payload]) -> bytes:
    """Write payloads, each naming the next one; the caller puts the first kind into the header."""
    writer = Writer()
    kinds = [payload.kind for payload in payloads[1:]] + [Kind.NONE]
    for payload, following in zip(payloads, kinds, strict=True):
        writer.u8(following).u8(0).u16(len(payload.body) + GENERIC_HEADER_OCTETS).put(payload.body)
    return bytes(writer)


@dataclass(frozen=True, slots=True)
class Identification:
    """Who, and for which protocol and port (zero: any)."""

    id_type: int
    protocol: int
    port: int
    data: bytes


def decode_identification(body: bytes) -> Identification:
    """Read an ID payload (RFC 2407 section 4.6.2)."""
    reader = Reader(body)
    return Identification(reader.u8(), reader.u8(), reader.u16(), reader.rest())


def encode_identification(identification: Identification) -> bytes:
    """Write an ID payload."""
    writer = Writer().u8(identification.id_type).u8(identification.protocol)
    return bytes(writer.u16(identification.port).put(identification.data))


def original_address(address: str) -> bytes:
    """Write the body of a NAT-OA payload (RFC 3947 section 5.2): three reserved octets."""
    return bytes((IdType.IPV4_ADDR, 0, 0, 0)) + IPv4Address(address).packed


def decode_original_address(body: bytes) -> str:
    """Return the address of a NAT-OA payload; empty when it is none of IPv4."""
    if len(body) != 8 or body[0] != IdType.IPV4_ADDR:
        return ""
    return str(IPv4Address(body[4:]))


@dataclass(frozen=True, slots=True)
class Notification:
    """A notify of the IPsec DOI."""

    protocol: int
    notify_type: int
    spi: bytes = b""
    data: bytes = b""


def decode_notification(body: bytes) -> Notification:
    """Read a Notification payload (RFC 2408 section 3.14); any DOI, for ISAKMP's own is 0."""
    reader = Reader(body)
    doi, protocol, spi_octets, notify_type = reader.u32(), reader.u8(), reader.u8(), reader.u16()
    if doi not in (0, DOI_IPSEC):
        raise Malformed(f"notification of DOI {doi}", 0)
    return Notification(protocol, notify_type, reader.take(spi_octets), reader.rest())


def encode_notification(notification: Notification) -> bytes:
    """Write a Notification payload."""
    writer = Writer().u32(DOI_IPSEC).u8(notification.protocol).u8(len(notification.spi))
    return bytes(writer.u16(notification.notify_type).put(notification.spi).put(notification.data))


@dataclass(frozen=True, slots=True)
class Deletion:
    """SPIs of the sender's inbound SAs that are gone; two cookies are the SPI of an ISAKMP SA."""

    protocol: int
    spis: tuple[bytes, ...]


def decode_deletion(body: bytes) -> Deletion:
    """Read a Delete payload (RFC 2408 section 3.15)."""
    reader = Reader(body)
    doi, protocol, spi_octets, count = reader.u32(), reader.u8(), reader.u8(), reader.u16()
    if doi not in (0, DOI_IPSEC):
        raise Malformed(f"delete of DOI {doi}", 0)
    if spi_octets == 0 or spi_octets * count != reader.remaining:
        raise Malformed(f"{count} SPIs of {spi_octets} octets, {reader.remaining} left", 6)
    return Deletion(protocol, tuple(reader.take(spi_octets) for _ in range(count)))


def encode_deletion(deletion: Deletion) -> bytes:
    """Write a Delete payload; all SPIs have one size."""
    writer = Writer().u32(DOI_IPSEC).u8(deletion.protocol).u8(len(deletion.spis[0]))
    return bytes(writer.u16(len(deletion.spis)).put(b"".join(deletion.spis)))
