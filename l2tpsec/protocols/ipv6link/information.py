"""DHCPv6 without addresses (RFC 8415): an Information-request is answered with name servers."""

from typing import NamedTuple

from l2tpsec.foundation.wire import Malformed, Reader
from l2tpsec.protocols.inet import domain
from l2tpsec.protocols.ipv6link.settings import LinkSettings

SERVER_PORT, CLIENT_PORT = 547, 546
REPLY, INFORMATION_REQUEST = 7, 11
ALL_AGENTS = bytes.fromhex("ff020000000000000000000000010002")

CLIENT_IDENTIFIER, SERVER_IDENTIFIER = 1, 2
_IDENTITY_ASSOCIATIONS = frozenset({3, 4, 25})
_DNS_SERVERS, _DOMAIN_LIST = 23, 24
_LONGEST_DUID_OCTETS = 130


class Message(NamedTuple):
    """A client's message: its kind, its transaction in 3 octets, its options in their order."""

    kind: int
    transaction: bytes
    options: tuple[tuple[int, bytes], ...]

    def get(self, code: int) -> bytes | None:
        """Return the first option of that code."""
        return next((value for number, value in self.options if number == code), None)


def decode(data: bytes) -> Message:
    """Return the fields of a UDP payload; what is inside an option is not looked at."""
    reader = Reader(data)
    kind, transaction = reader.u8(), reader.take(3)
    options: list[tuple[int, bytes]] = []
    while reader.remaining:
        code, octets = reader.u16(), reader.u16()
        options.append((code, reader.take(octets)))
    client = dict(options).get(CLIENT_IDENTIFIER, b"")
    if len(client) > _LONGEST_DUID_OCTETS:
        raise Malformed("DUID longer than allowed", 4)
    return Message(kind, transaction, tuple(options))


def refusal(message: Message, settings: LinkSettings) -> str:
    """Say why a message gets no answer (RFC 8415 sections 16, 18.3.6); empty when it gets one."""
    if message.kind != INFORMATION_REQUEST:
        return "DHCPv6 message other than Information-request"
    if message.get(SERVER_IDENTIFIER) not in (None, settings.duid):
        return "DHCPv6 message for another server"
    if any(code in _IDENTITY_ASSOCIATIONS for code, _ in message.options):
        return "DHCPv6 Information-request that asks for addresses"
    return ""


def reply(message: Message, settings: LinkSettings) -> bytes:
    """Return the Reply to an Information-request."""
    client = message.get(CLIENT_IDENTIFIER)
    options = [_option(CLIENT_IDENTIFIER, client)] if client is not None else []
    options.append(_option(SERVER_IDENTIFIER, settings.duid))
    if settings.dns:
        options.append(_option(_DNS_SERVERS, b"".join(a.packed for a in settings.dns)))
    if settings.domain:
        options.append(_option(_DOMAIN_LIST, domain.encode(settings.domain)))
    return bytes((REPLY,)) + message.transaction + b"".join(options)


def _option(code: int, value: bytes) -> bytes:
    return code.to_bytes(2) + len(value).to_bytes(2) + value
