"""Control messages (RFC 2661 section 6): one row each, and how a body becomes a Message."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeVar, cast

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.l2tp import avp, hiding
from l2tpsec.protocols.l2tp.avp import Avp, RawAvp, ResultCode

Value = TypeVar("Value")

NO_CONTROL_CONNECTION, WRONG_LENGTH, OUT_OF_RANGE, NO_RESOURCES = 1, 2, 3, 4
VENDOR_SPECIFIC, UNKNOWN_MANDATORY = 6, 8
"""General error codes (RFC 2661 section 4.4.2)."""

AnyAvp = Avp[int] | Avp[bytes] | Avp[str] | Avp[ResultCode]


class Scope(Enum):
    """What a message is about, and so what a fault in it ends: with StopCCN or with CDN."""

    TUNNEL = "control connection"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class MessageType:
    """A row. A message that lacks a `required` AVP is refused; it may have any others."""

    number: int
    name: str
    scope: Scope
    required: tuple[AnyAvp, ...] = ()


# fmt: off
_NAMED = (avp.PROTOCOL_VERSION, avp.HOST_NAME, avp.FRAMING_CAPABILITIES, avp.ASSIGNED_TUNNEL_ID)

SCCRQ = MessageType(1, "SCCRQ", Scope.TUNNEL, _NAMED)
SCCRP = MessageType(2, "SCCRP", Scope.TUNNEL, _NAMED)
SCCCN = MessageType(3, "SCCCN", Scope.TUNNEL)
# Closing is never refused for what it lacks, so StopCCN and CDN require nothing.
STOPCCN = MessageType(4, "StopCCN", Scope.TUNNEL)
HELLO = MessageType(6, "HELLO", Scope.TUNNEL)
OCRQ = MessageType(7, "OCRQ", Scope.CALL)
OCRP = MessageType(8, "OCRP", Scope.CALL)
OCCN = MessageType(9, "OCCN", Scope.CALL)
ICRQ = MessageType(10, "ICRQ", Scope.CALL, (avp.ASSIGNED_SESSION_ID, avp.CALL_SERIAL_NUMBER))
ICRP = MessageType(11, "ICRP", Scope.CALL, (avp.ASSIGNED_SESSION_ID,))
ICCN = MessageType(12, "ICCN", Scope.CALL, (avp.TX_CONNECT_SPEED, avp.FRAMING_TYPE))
CDN = MessageType(14, "CDN", Scope.CALL)
WEN = MessageType(15, "WEN", Scope.CALL)
SLI = MessageType(16, "SLI", Scope.CALL)

ROWS = (SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO, OCRQ, OCRP, OCCN, ICRQ, ICRP, ICCN, CDN, WEN, SLI)
# fmt: on
BY_NUMBER = {row.number: row for row in ROWS}


class Fault(NamedTuple):
    """Why a message is refused: General Error code and words."""

    error: int
    text: str


class Message:
    """A message as received: its row, the AVPs that could be read, and what is wrong with it."""

    __slots__ = ("_values", "fault", "row")

    def __init__(self, row: MessageType, fault: Fault | None = None) -> None:
        self.row = row
        self.fault = fault
        self._values: dict[tuple[int, int], object] = {}

    def add(self, row: AnyAvp, value: object) -> None:
        """Keep the first of several AVPs of one type."""
        self._values.setdefault((row.vendor, row.attribute), value)

    def get(self, row: Avp[Value]) -> Value | None:
        """Return the AVP's value, or None."""
        return cast("Value | None", self._values.get((row.vendor, row.attribute)))

    def __getitem__(self, row: Avp[Value]) -> Value:
        """Return the value of an AVP that the message's row requires."""
        return cast("Value", self._values[row.vendor, row.attribute])

    def blame(self, error: int, text: str) -> None:
        """Record the first fault; later ones are its echoes."""
        self.fault = self.fault or Fault(error, text)

    @property
    def missing(self) -> list[str]:
        """Names of required AVPs that are not there."""
        absent = (r for r in self.row.required if (r.vendor, r.attribute) not in self._values)
        return [row.name for row in absent]


FORGOTTEN = Message(MessageType(0, "forgotten", Scope.TUNNEL))
"""Stands in for a message of which all has been taken over."""


def decode(body: bytes, secret: bytes | None = None) -> Message:
    """Return the message; Malformed when its AVP chain or its Message Type cannot be read.

    A message that can be read but must be refused carries a `fault`.
    """
    chain = list(avp.split(body))
    message = _typed(chain)
    for raw, value in _revealed(chain[1:], secret, message):
        _take(message, raw, value)
    if message.missing:
        message.blame(VENDOR_SPECIFIC, f"{message.row.name} lacks {', '.join(message.missing)}")
    return message


def _typed(chain: list[RawAvp]) -> Message:
    if not chain or (chain[0].vendor, chain[0].attribute) != (0, 0) or chain[0].hidden:
        raise Malformed("the first AVP is not the Message Type")
    number = avp.MESSAGE_TYPE.codec.decode(chain[0].value)
    row = BY_NUMBER.get(number)
    if row is not None:
        return Message(row)
    fault = Fault(UNKNOWN_MANDATORY, f"unknown message type {number}")
    unknown = MessageType(number, f"message type {number}", Scope.TUNNEL)
    return Message(unknown, fault if chain[0].mandatory else None)


def _revealed(
    chain: list[RawAvp], secret: bytes | None, message: Message
) -> Iterator[tuple[RawAvp, bytes]]:
    """Yield every AVP with its clear value; each Random Vector serves the AVPs after it."""
    vector: bytes | None = None
    for raw in chain:
        if (raw.vendor, raw.attribute) == (0, avp.RANDOM_VECTOR.attribute):
            vector = raw.value
        if not raw.hidden:
            yield raw, raw.value
        elif secret is None or vector is None:
            _unreadable(message, raw, "hidden, and there is no secret or Random Vector to read it")
        elif not _may_hide(raw):
            _unreadable(message, raw, "hidden, which the RFC forbids")
        else:
            try:
                yield raw, hiding.reveal(raw.attribute, secret, vector, raw.value)
            except Malformed as malformed:
                _unreadable(message, raw, malformed.reason)


def _may_hide(raw: RawAvp) -> bool:
    row = avp.BY_NUMBER.get((raw.vendor, raw.attribute))
    return row is None or row.may_hide


def _unreadable(message: Message, raw: RawAvp, why: str) -> None:
    if raw.mandatory:
        message.blame(UNKNOWN_MANDATORY, f"AVP {raw.vendor}/{raw.attribute}: {why}")


def _take(message: Message, raw: RawAvp, value: bytes) -> None:
    row = avp.BY_NUMBER.get((raw.vendor, raw.attribute))
    if row is None:
        return _unreadable(message, raw, "unknown and mandatory")
    try:
        message.add(row, row.codec.decode(value))
    except Malformed as malformed:
        if raw.mandatory or row in message.row.required:
            message.blame(WRONG_LENGTH, f"{row.name}: {malformed.reason}")
    return None


def encode(row: MessageType, *avps: bytes) -> bytes:
    """Return the body of a message: its Message Type and the encoded `avps`."""
    return avp.encode(avp.MESSAGE_TYPE, row.number) + b"".join(avps)
