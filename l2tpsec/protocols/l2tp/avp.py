"""Attribute-value pairs (RFC 2661 section 4): the chain, and one row per AVP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from l2tpsec.foundation.wire import Malformed, Reader, Writer

MANDATORY, HIDDEN, LENGTH_MASK = 0x8000, 0x4000, 0x03FF
HEADER_OCTETS = 6
VALUE_OCTETS_MAXIMUM = LENGTH_MASK - HEADER_OCTETS
MICROSOFT = 311

Value = TypeVar("Value")


class RawAvp(NamedTuple):
    """An AVP as it stands in the message; `value` is cipher text when `hidden`."""

    vendor: int
    attribute: int
    mandatory: bool
    hidden: bool
    value: bytes


class ResultCode(NamedTuple):
    """RFC 2661 section 4.4.2; `error` counts only with result 2, general error."""

    result: int
    error: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Codec(Generic[Value]):
    """How a value is read and written; `decode` raises Malformed and nothing else."""

    decode: Callable[[bytes], Value]
    encode: Callable[[Value], bytes]


@dataclass(frozen=True, slots=True)
class Avp(Generic[Value]):
    """A row: IANA number, name, the M bit that we send, whether it may come hidden, codec."""

    attribute: int
    name: str
    mandatory: bool
    may_hide: bool
    codec: Codec[Value]
    vendor: int = 0


def split(body: bytes) -> Iterator[RawAvp]:
    """Walk over a chain of AVPs."""
    reader = Reader(body)
    while reader.remaining:
        start = reader.offset
        flags = reader.u16()
        octets = flags & LENGTH_MASK
        if octets < HEADER_OCTETS:
            raise Malformed(f"AVP of {octets} octets", start)
        vendor, attribute = reader.u16(), reader.u16()
        value = reader.take(octets - HEADER_OCTETS)
        yield RawAvp(vendor, attribute, bool(flags & MANDATORY), bool(flags & HIDDEN), value)


def encode(row: Avp[Value], value: Value) -> bytes:
    """Return one AVP, never hidden."""
    data = row.codec.encode(value)[:VALUE_OCTETS_MAXIMUM]
    flags = (MANDATORY if row.mandatory else 0) | (HEADER_OCTETS + len(data))
    return bytes(Writer().u16(flags).u16(row.vendor).u16(row.attribute).put(data))


def _number(octets: int) -> Codec[int]:
    def decode(value: bytes) -> int:
        return int.from_bytes(_exactly(octets, value))

    return Codec(decode, lambda number: number.to_bytes(octets))


def _octets(octets: int) -> Codec[bytes]:
    return Codec(lambda value: _exactly(octets, value), bytes)


def _exactly(octets: int, value: bytes) -> bytes:
    if len(value) != octets:
        raise Malformed(f"{octets} octets expected, {len(value)} received")
    return value


def _decode_text(value: bytes) -> str:
    # macOS ends its host name with a NUL.
    text = value.rstrip(b"\0").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def _decode_result(value: bytes) -> ResultCode:
    # Closing is never refused: Android sends two octets; macOS sends its codes little endian.
    numbers, message = value[:4].ljust(4, b"\0"), _decode_text(value[4:])
    if numbers[0] and not numbers[1]:
        return ResultCode(numbers[0], numbers[2], message)
    return ResultCode(int.from_bytes(numbers[:2]), int.from_bytes(numbers[2:]), message)


def _encode_result(code: ResultCode) -> bytes:
    numbers = code.result.to_bytes(2) + code.error.to_bytes(2)
    return numbers + code.message.encode()


U16, U32, U64 = _number(2), _number(4), _number(8)
ANY: Codec[bytes] = Codec(bytes, bytes)
TEXT: Codec[str] = Codec(_decode_text, str.encode)
RESULT: Codec[ResultCode] = Codec(_decode_result, _encode_result)

M, H = True, True
_NO = False

MESSAGE_TYPE = Avp(0, "Message Type", M, _NO, U16)
RESULT_CODE = Avp(1, "Result Code", M, _NO, RESULT)
PROTOCOL_VERSION = Avp(2, "Protocol Version", M, _NO, U16)
FRAMING_CAPABILITIES = Avp(3, "Framing Capabilities", M, H, U32)
BEARER_CAPABILITIES = Avp(4, "Bearer Capabilities", M, H, U32)
TIE_BREAKER = Avp(5, "Tie Breaker", _NO, _NO, U64)
FIRMWARE_REVISION = Avp(6, "Firmware Revision", _NO, H, U16)
HOST_NAME = Avp(7, "Host Name", M, _NO, TEXT)
VENDOR_NAME = Avp(8, "Vendor Name", _NO, H, TEXT)
ASSIGNED_TUNNEL_ID = Avp(9, "Assigned Tunnel ID", M, H, U16)
RECEIVE_WINDOW_SIZE = Avp(10, "Receive Window Size", M, _NO, U16)
CHALLENGE = Avp(11, "Challenge", M, H, ANY)
Q931_CAUSE_CODE = Avp(12, "Q.931 Cause Code", M, _NO, ANY)
CHALLENGE_RESPONSE = Avp(13, "Challenge Response", M, H, _octets(16))
ASSIGNED_SESSION_ID = Avp(14, "Assigned Session ID", M, H, U16)
CALL_SERIAL_NUMBER = Avp(15, "Call Serial Number", M, H, U32)
MINIMUM_BPS = Avp(16, "Minimum BPS", M, H, U32)
MAXIMUM_BPS = Avp(17, "Maximum BPS", M, H, U32)
BEARER_TYPE = Avp(18, "Bearer Type", M, H, U32)
FRAMING_TYPE = Avp(19, "Framing Type", M, H, U32)
CALLED_NUMBER = Avp(21, "Called Number", M, H, TEXT)
CALLING_NUMBER = Avp(22, "Calling Number", M, H, TEXT)
SUB_ADDRESS = Avp(23, "Sub-Address", M, H, TEXT)
TX_CONNECT_SPEED = Avp(24, "Tx Connect Speed", M, H, U32)
PHYSICAL_CHANNEL_ID = Avp(25, "Physical Channel ID", _NO, H, U32)
INITIAL_RECEIVED_LCP_CONFREQ = Avp(26, "Initial Received LCP CONFREQ", _NO, H, ANY)
LAST_SENT_LCP_CONFREQ = Avp(27, "Last Sent LCP CONFREQ", _NO, H, ANY)
LAST_RECEIVED_LCP_CONFREQ = Avp(28, "Last Received LCP CONFREQ", _NO, H, ANY)
PROXY_AUTHEN_TYPE = Avp(29, "Proxy Authen Type", _NO, H, U16)
PROXY_AUTHEN_NAME = Avp(30, "Proxy Authen Name", _NO, H, ANY)
PROXY_AUTHEN_CHALLENGE = Avp(31, "Proxy Authen Challenge", _NO, H, ANY)
PROXY_AUTHEN_ID = Avp(32, "Proxy Authen ID", _NO, H, U16)
PROXY_AUTHEN_RESPONSE = Avp(33, "Proxy Authen Response", _NO, H, ANY)
CALL_ERRORS = Avp(34, "Call Errors", M, H, _octets(26))
ACCM = Avp(35, "ACCM", M, H, _octets(10))
RANDOM_VECTOR = Avp(36, "Random Vector", M, _NO, ANY)
PRIVATE_GROUP_ID = Avp(37, "Private Group ID", _NO, H, ANY)
RX_CONNECT_SPEED = Avp(38, "Rx Connect Speed", _NO, H, U32)
SEQUENCING_REQUIRED = Avp(39, "Sequencing Required", M, _NO, _octets(0))
PPP_DISCONNECT_CAUSE = Avp(46, "PPP Disconnect Cause Code", _NO, H, ANY)
# [MS-L2TPIE]: a GUID in ICRQ by which both ends' logs can be matched.
CORRELATION_ID = Avp(1, "Correlation ID", _NO, _NO, _octets(16), vendor=MICROSOFT)

# fmt: off
ROWS: tuple[Avp[int] | Avp[bytes] | Avp[str] | Avp[ResultCode], ...] = (
    MESSAGE_TYPE, RESULT_CODE, PROTOCOL_VERSION, FRAMING_CAPABILITIES, BEARER_CAPABILITIES,
    TIE_BREAKER, FIRMWARE_REVISION, HOST_NAME, VENDOR_NAME, ASSIGNED_TUNNEL_ID,
    RECEIVE_WINDOW_SIZE, CHALLENGE, Q931_CAUSE_CODE, CHALLENGE_RESPONSE, ASSIGNED_SESSION_ID,
    CALL_SERIAL_NUMBER, MINIMUM_BPS, MAXIMUM_BPS, BEARER_TYPE, FRAMING_TYPE, CALLED_NUMBER,
    CALLING_NUMBER, SUB_ADDRESS, TX_CONNECT_SPEED, PHYSICAL_CHANNEL_ID,
    INITIAL_RECEIVED_LCP_CONFREQ, LAST_SENT_LCP_CONFREQ, LAST_RECEIVED_LCP_CONFREQ,
    PROXY_AUTHEN_TYPE, PROXY_AUTHEN_NAME, PROXY_AUTHEN_CHALLENGE, PROXY_AUTHEN_ID,
    PROXY_AUTHEN_RESPONSE, CALL_ERRORS, ACCM, RANDOM_VECTOR, PRIVATE_GROUP_ID, RX_CONNECT_SPEED,
    SEQUENCING_REQUIRED, PPP_DISCONNECT_CAUSE, CORRELATION_ID,
)
# fmt: on
BY_NUMBER = {(row.vendor, row.attribute): row for row in ROWS}
