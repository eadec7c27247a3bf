"""Data attributes (RFC 2408 section 3.3): two octets in TV form, or any number in TLV form."""

from dataclasses import dataclass

from l2tpsec.foundation.wire import Malformed, Reader, Writer

BASIC = 0x8000


@dataclass(frozen=True, slots=True)
class Attribute:
    """`basic` is the AF bit: clients write the same number in either form."""

    kind: int
    value: bytes
    basic: bool

    @property
    def number(self) -> int:
        """The value as a number; no known attribute needs more than 8 octets."""
        if not 0 < len(self.value) <= 8:
            raise Malformed(f"attribute {self.kind} of {len(self.value)} octets")
        return int.from_bytes(self.value)


def basic(kind: int, value: int) -> Attribute:
    """Make a TV attribute."""
    return Attribute(kind, value.to_bytes(2), basic=True)


def variable(kind: int, value: int, octets: int = 4) -> Attribute:
    """Make a TLV attribute, as Windows writes lifetimes."""
    return Attribute(kind, value.to_bytes(octets), basic=False)


def decode_attributes(data: bytes) -> tuple[Attribute, ...]:
    """Read attributes up to the end."""
    reader = Reader(data)
    attributes = []
    while reader.remaining:
        kind, word = reader.u16(), reader.take(2)
        if kind & BASIC:
            attributes.append(Attribute(kind & ~BASIC, word, basic=True))
        else:
            attributes.append(Attribute(kind, reader.take(int.from_bytes(word)), basic=False))
    return tuple(attributes)


def encode_attributes(attributes: tuple[Attribute, ...]) -> bytes:
    """Write attributes in their order and form."""
    writer = Writer()
    for attribute in attributes:
        if attribute.basic:
            writer.u16(attribute.kind | BASIC)
        else:
            writer.u16(attribute.kind).u16(len(attribute.value))
        writer.put(attribute.value)
    return bytes(writer)
