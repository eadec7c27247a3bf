"""The wire form of RADIUS packets (RFC 2865 section 3): framing, attributes, authenticators.

Receiving goes through three doors in this order: `Packet.read` (the header), `verify_request` or
`verify_reply` (who sent it), `decode` (what it says). Nothing interprets an attribute before the
second door. Sending: `encode_request`, `encode_reply`, with Message-Authenticator in front.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from radius import passwords
from radius.dictionary import Definition, Dictionary, standard
from radius.malformed import Malformed, Unencodable
from radius.message import Attribute, Code, Message, Value

Entropy = Callable[[int], bytes]
"""A source of that many unpredictable octets."""

HEADER_OCTETS = 20
LONGEST_PACKET_OCTETS = 4096
_LONGEST_VALUE_OCTETS = 253
_VENDOR_SPECIFIC = 26
_MESSAGE_AUTHENTICATOR = 80
_EAP_MESSAGE = 79
_HIGHEST_TAG = 0x1F
_ZEROS = bytes(16)
_SEALED = (Code.ACCOUNTING_REQUEST, Code.DISCONNECT_REQUEST, Code.COA_REQUEST)
"""Requests whose authenticator is a checksum of all that they say (RFC 2866 3, RFC 5176 2.3)."""


class Unverified(Exception):  # noqa: N818 - names what the packet is
    """A packet that the holder of the shared secret did not send, or sent without proof.

    `kind` is the reason in two words, for counting.
    """

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class Field(NamedTuple):
    """One attribute as framed: its type, the offset of its value in the packet, and the value."""

    type: int
    offset: int
    value: bytes

    def __repr__(self) -> str:
        # the value may be a password
        return f"Field({self.type}, {self.offset})"


@dataclass(frozen=True, slots=True)
class Packet:
    """A datagram whose header is sound; `octets` ends where its Length says."""

    code: int
    identifier: int
    authenticator: bytes
    octets: bytes = field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> "Packet":
        """Check the header (RFC 2865 section 3); padding is cut off. Raises Malformed."""
        if len(data) < HEADER_OCTETS:
            raise Malformed(f"{len(data)} octets are shorter than a RADIUS header", len(data))
        code, identifier, length = struct.unpack_from("!BBH", data)
        if not HEADER_OCTETS <= length <= LONGEST_PACKET_OCTETS:
            raise Malformed(f"a packet of {length} octets is not allowed", 2)
        if length > len(data):
            raise Malformed(f"the packet claims {length} octets and has {len(data)}", 2)
        return cls(code, identifier, data[4:HEADER_OCTETS], data[:length])

    def fields(self) -> Iterator[Field]:
        """Walk the attributes; one below two octets or past the end is Malformed."""
        return _walk(self.octets, HEADER_OCTETS, len(self.octets))


def _walk(octets: bytes, start: int, end: int) -> Iterator[Field]:
    while start < end:
        if start + 2 > end:
            raise Malformed("an attribute ends after its type", start)
        length = octets[start + 1]
        if length < 2 or start + length > end:
            raise Malformed(f"attribute {octets[start]} has the impossible length {length}", start)
        yield Field(octets[start], start + 2, octets[start + 2 : start + length])
        start += length


def _signature(octets: bytes, offset: int, authenticator: bytes, secret: bytes) -> bytes:
    signed = b"".join(
        (octets[:4], authenticator, octets[HEADER_OCTETS:offset], _ZEROS, octets[offset + 16 :])
    )
    return hmac.digest(secret, signed, "md5")


def _check_message_authenticator(
    packet: Packet, authenticator: bytes, secret: bytes, *, required: bool
) -> None:
    fields = list(packet.fields())
    found = [row for row in fields if row.type == _MESSAGE_AUTHENTICATOR]
    # RFC 3579 section 3.1: EAP never goes without
    if not found and (required or any(row.type == _EAP_MESSAGE for row in fields)):
        raise Unverified(
            "it has no Message-Authenticator, without which it can be forged (CVE-2024-3596): "
            "let its sender sign all it sends, or update it",
            "no signature",
        )
    if len(found) > 1 or any(len(row.value) != 16 for row in found):
        text = "its Message-Authenticator is repeated or not 16 octets long"
        raise Unverified(text, "wrong signature")
    for row in found:
        expected = _signature(packet.octets, row.offset, authenticator, secret)
        if not hmac.compare_digest(expected, row.value):
            text = "its Message-Authenticator is wrong: the shared secrets differ"
            raise Unverified(text, "wrong signature")


def _checksum(octets: bytes, authenticator: bytes, secret: bytes) -> bytes:
    return hashlib.md5(octets[:4] + authenticator + octets[HEADER_OCTETS:] + secret).digest()


def verify_request(packet: Packet, secret: bytes) -> None:
    """Raise Unverified unless the packet is a request signed with `secret`, Malformed if broken.

    An Access-Request proves itself by Message-Authenticator alone, which is therefore required
    (RFC 3579 section 3.2); an Accounting-Request by its Request Authenticator (RFC 2866 section 3);
    an order by both (RFC 5176 section 3).
    """
    access = packet.code not in _SEALED
    if not access:
        expected = _checksum(packet.octets, _ZEROS, secret)
        if not hmac.compare_digest(expected, packet.authenticator):
            text = "its Request Authenticator is wrong: the shared secrets differ"
            raise Unverified(text, "wrong authenticator")
    vector = packet.authenticator if access else _ZEROS
    required = packet.code != Code.ACCOUNTING_REQUEST
    _check_message_authenticator(packet, vector, secret, required=required)


def verify_reply(
    reply: Packet, request: Packet, secret: bytes, *, signature_required: bool = True
) -> None:
    """Raise Unverified unless `reply` answers `request` and is signed with `secret`.

    The Response Authenticator is a bare MD5 that can be forged (CVE-2024-3596), so every reply to
    an Access-Request needs a Message-Authenticator, unless the caller does without; an
    Accounting-Response may lack it.
    """
    expected = _checksum(reply.octets, request.authenticator, secret)
    if not hmac.compare_digest(expected, reply.authenticator):
        text = "its Response Authenticator is wrong: the shared secrets differ"
        raise Unverified(text, "wrong authenticator")
    if reply.code != Code.ACCOUNTING_RESPONSE:
        return _check_message_authenticator(
            reply, request.authenticator, secret, required=signature_required
        )
    try:
        # no RFC says which vector signs an Accounting-Response: FreeRADIUS takes zeros
        return _check_message_authenticator(reply, _ZEROS, secret, required=False)
    except Unverified:
        return _check_message_authenticator(reply, request.authenticator, secret, required=False)


def decode(
    packet: Packet, secret: bytes, authenticator: bytes, dictionary: Dictionary | None = None
) -> Message:
    """Read the attributes of a verified packet; hidden ones are revealed. Raises Malformed.

    `authenticator` is the Request Authenticator, also for a reply, as values are hidden under it.
    """
    try:
        code = Code(packet.code)
    except ValueError:
        raise Malformed(f"code {packet.code} is not served") from None
    reader = _Reader(secret, authenticator, dictionary or standard())
    attributes: list[Attribute] = []
    for row in packet.fields():
        if row.type != _MESSAGE_AUTHENTICATOR:
            attributes.extend(reader.attributes(row))
    return Message(code, tuple(attributes))


@dataclass(frozen=True, slots=True)
class _Reader:
    secret: bytes = field(repr=False)
    authenticator: bytes
    dictionary: Dictionary

    def attributes(self, row: Field) -> Iterable[Attribute]:
        if row.type == _VENDOR_SPECIFIC:
            return self._vendor_specific(row)
        return (self._attribute(self.dictionary.numbered(0, row.type), row),)

    def _vendor_specific(self, row: Field) -> Iterator[Attribute]:
        """RFC 2865 section 5.26; an unknown vendor need not follow its recommended form."""
        if len(row.value) < 4:
            raise Malformed("a Vendor-Specific attribute has no room for its vendor", row.offset)
        vendor = int.from_bytes(row.value[:4], "big")
        if not self.dictionary.knows_vendor(vendor):
            yield "Vendor-Specific", row.value
            return
        for inner in _walk(row.value, 4, len(row.value)):
            shifted = Field(inner.type, row.offset + inner.offset, inner.value)
            yield self._attribute(self.dictionary.numbered(vendor, inner.type), shifted)

    def _attribute(self, definition: Definition, row: Field) -> Attribute:
        try:
            if not (definition.tagged or definition.hiding):
                return definition.name, definition.decode(row.value)
            tag, octets = _untagged(definition, row.value)
            value = definition.decode(self._revealed(definition, octets))
        except Malformed as error:
            raise Malformed(f"{definition.name}: {error.reason}", row.offset) from None
        return (f"{definition.name}:{tag}" if tag else definition.name), value

    def _revealed(self, definition: Definition, octets: bytes) -> bytes:
        match definition.hiding:
            case 1:
                return passwords.reveal(octets, self.secret, self.authenticator)
            case 2:
                return passwords.reveal_salted(octets, self.secret, self.authenticator)
            case _:
                return octets


def _untagged(definition: Definition, octets: bytes) -> tuple[int, bytes]:
    """RFC 2868 section 3: a number's first octet is always its tag, a text's only up to 0x1f."""
    if not definition.tagged or not octets:
        return 0, octets
    tag = octets[0] if octets[0] <= _HIGHEST_TAG else 0
    if definition.type == "integer":
        return tag, b"\0" + octets[1:]
    if octets[0] <= _HIGHEST_TAG or definition.hiding:
        return tag, octets[1:]
    return 0, octets


@dataclass(frozen=True, slots=True)
class _Writer:
    secret: bytes = field(repr=False)
    authenticator: bytes
    entropy: Entropy
    dictionary: Dictionary

    def attribute(self, name: str, value: Value) -> bytes:
        plain, _, tag = name.partition(":")
        definition = self.dictionary.named(plain)
        octets = definition.encode(value)
        if definition.hiding:
            octets = self._hidden(definition, octets)
        if tag or definition.tagged:
            octets = _tagged(definition, octets, _tag(tag, name))
        if definition.vendor:
            octets = _framed(definition.code, octets, name)
            octets = definition.vendor.to_bytes(4, "big") + octets
        return _framed(_VENDOR_SPECIFIC if definition.vendor else definition.code, octets, name)

    def _hidden(self, definition: Definition, octets: bytes) -> bytes:
        match definition.hiding:
            case 1:
                return passwords.hide(octets, self.secret, self.authenticator)
            case 2:
                salt = self.entropy(2)
                return passwords.hide_salted(octets, self.secret, self.authenticator, salt)
            case _:
                return octets


def _tag(text: str, name: str) -> int:
    if not text:
        return 0
    if text.isdecimal() and 1 <= int(text) <= _HIGHEST_TAG:
        return int(text)
    raise Unencodable(f"the tag of {name} is not a number from 1 to {_HIGHEST_TAG}")


def _tagged(definition: Definition, octets: bytes, tag: int) -> bytes:
    if not definition.tagged:
        return octets
    if definition.type == "integer":
        if octets[0]:
            raise Unencodable(f"{definition.name} has three octets for its number")
        return bytes((tag,)) + octets[1:]
    return bytes((tag,)) + octets if tag or definition.hiding else octets


def _framed(code: int, octets: bytes, name: str) -> bytes:
    if len(octets) > _LONGEST_VALUE_OCTETS:
        raise Unencodable(f"{name} does not fit: {len(octets)} octets of {_LONGEST_VALUE_OCTETS}")
    return bytes((code, len(octets) + 2)) + octets


def _assembled(code: Code, identifier: int, body: bytes) -> bytes:
    length = HEADER_OCTETS + len(body)
    if length > LONGEST_PACKET_OCTETS:
        raise Unencodable(f"{code.name} would have {length} octets of {LONGEST_PACKET_OCTETS}")
    return struct.pack("!BBH", code, identifier, length) + _ZEROS + body


def _signed(octets: bytes, authenticator: bytes, secret: bytes) -> bytes:
    offset = HEADER_OCTETS + 2
    signature = _signature(octets, offset, authenticator, secret)
    return octets[:4] + authenticator + octets[20:offset] + signature + octets[offset + 16 :]


def _body(message: Message, writer: _Writer) -> bytes:
    return b"".join(writer.attribute(name, value) for name, value in message.attributes)


_UNSIGNED = bytes((_MESSAGE_AUTHENTICATOR, 18)) + _ZEROS


def encode_request(
    message: Message,
    identifier: int,
    secret: bytes,
    entropy: Entropy,
    dictionary: Dictionary | None = None,
) -> Packet:
    """Write and sign a request; raises Unencodable."""
    access = message.code not in _SEALED
    authenticator = entropy(16) if access else _ZEROS
    writer = _Writer(secret, authenticator, entropy, dictionary or standard())
    octets = _assembled(message.code, identifier, _UNSIGNED + _body(message, writer))
    octets = _signed(octets, authenticator, secret)
    if not access:
        octets = octets[:4] + _checksum(octets, _ZEROS, secret) + octets[HEADER_OCTETS:]
    return Packet.read(octets)


def encode_reply(
    message: Message,
    request: Packet,
    secret: bytes,
    entropy: Entropy,
    dictionary: Dictionary | None = None,
) -> Packet:
    """Write and sign the reply to `request`; raises Unencodable.

    An Accounting-Response carries no Message-Authenticator, as its vector is nowhere agreed upon.
    """
    writer = _Writer(secret, request.authenticator, entropy, dictionary or standard())
    access = message.code != Code.ACCOUNTING_RESPONSE
    body = (_UNSIGNED if access else b"") + _body(message, writer)
    octets = _assembled(message.code, request.identifier, body)
    if access:
        octets = _signed(octets, request.authenticator, secret)
    authenticator = _checksum(octets, request.authenticator, secret)
    return Packet.read(octets[:4] + authenticator + octets[HEADER_OCTETS:])
