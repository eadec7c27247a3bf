"""DHCP messages as bytes (RFC 2131 section 2); the only module that knows dhcppython.

dhcppython 0.1.4 reads and writes the fixed fields and the short options. This module does what it
cannot do:

- Parts of long options (RFC 3396), padding and options in sname and file (option 52): its list
  keeps the last option of a code only. Options are read here, and long ones are written here.
- Options 77, 81, 82, 121, 249: it has no classes for them, or opaque ones; values are octets here.
- An END option of its own: it leaves END out when the last option happens to end in 0xff.
- Hardware types outside 1 to 9, zeros at the end of a hardware address: KeyError, cut off.
- Bad input: it raises KeyError, IndexError, struct.error and others. Lengths are checked before it
  sees anything, and whatever it raises becomes Malformed.
- Import without warnings, 90 ms and 36 MiB: it is imported at the first message.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address
from typing import Any

from l2tpsec.foundation.wire import Malformed, Reader
from l2tpsec.protocols.dhcp.code import Code, Type

REQUEST, REPLY = 1, 2
MINIMUM_OCTETS = 300  # RFC 1542 section 2.1: older relays and servers drop what is shorter
FIXED_OCTETS = 236
COOKIE = b"\x63\x82\x53\x63"
NOWHERE = IPv4Address(0)

_BOOTP = {REQUEST: "BOOTREQUEST", REPLY: "BOOTREPLY"}
_MOST_OCTETS = 255

Options = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `options` are whole values by code, in the order in which they are sent.

    `hardware` is chaddr without padding, at most 16 octets. Overload (52) never shows: what it put
    into `sname` and `file` is among the options.
    """

    op: int
    xid: int
    options: Options
    hardware_type: int = 1
    hardware: bytes = b""
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = NOWHERE
    yiaddr: IPv4Address = NOWHERE
    siaddr: IPv4Address = NOWHERE
    giaddr: IPv4Address = NOWHERE
    sname: bytes = b""
    file: bytes = b""

    @property
    def type(self) -> int:
        """The message type; 0 where there is none, which is BOOTP."""
        value = self.options.get(Code.TYPE, b"")
        return value[0] if len(value) == 1 else 0

    def number(self, code: int) -> int | None:
        """Return the value of a 32-bit option, if it is there and whole."""
        value = self.options.get(code, b"")
        return int.from_bytes(value) if len(value) == 4 else None

    def address(self, code: int) -> IPv4Address | None:
        """Return the address of an option that holds one."""
        number = self.number(code)
        return None if number is None else IPv4Address(number)


def type_name(number: int) -> str:
    """Name a message type as people do."""
    return f"DHCP{Type(number).name}" if number in set(Type) else f"DHCP message type {number}"


@cache
def _library() -> Any:  # noqa: ANN401 - the library has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dhcppython
    return dhcppython


def decode(data: bytes) -> Message:
    """Read a message; raises Malformed."""
    if len(data) < FIXED_OCTETS + len(COOKIE):
        raise Malformed("DHCP message cut short", len(data))
    if data[FIXED_OCTETS : FIXED_OCTETS + len(COOKIE)] != COOKIE:
        raise Malformed("no DHCP: the magic cookie is missing", FIXED_OCTETS)
    if data[2] > 16:
        raise Malformed("hardware address longer than 16 octets", 2)
    fixed = _fixed(data)
    options = _options(data)
    overload = options.pop(Code.OVERLOAD, b"\0")[0]
    op = REPLY if data[0] == REPLY else REQUEST
    return Message(
        op=op,
        xid=fixed.xid,
        options=options,
        hardware_type=data[1],
        hardware=data[28 : 28 + data[2]],
        hops=fixed.hops,
        secs=fixed.secs,
        flags=fixed.flags,
        ciaddr=fixed.ciaddr,
        yiaddr=fixed.yiaddr,
        siaddr=fixed.siaddr,
        giaddr=fixed.giaddr,
        sname=b"" if overload & 2 else fixed.sname,
        file=b"" if overload & 1 else fixed.file,
    )


def _fixed(data: bytes) -> Any:  # noqa: ANN401 - the library's object
    ethernet = data[:1] + b"\x01" + data[2 : FIXED_OCTETS + len(COOKIE)]
    try:
        return _library().packet.DHCPPacket.from_bytes(ethernet)
    except Exception as error:
        raise Malformed(f"DHCP header: {type(error).__name__}") from error


def _options(data: bytes) -> Options:
    """Join the parts of every option, in the order options, file, sname (RFC 3396 section 7)."""
    parts: dict[int, list[bytes]] = {}
    _gather(Reader(data, FIXED_OCTETS + len(COOKIE)), parts)
    overload = b"".join(parts.get(Code.OVERLOAD, ()))
    if Code.OVERLOAD in parts and overload not in {b"\x01", b"\x02", b"\x03"}:
        raise Malformed("option overload wrong", FIXED_OCTETS)
    if overload in {b"\x01", b"\x03"}:
        _gather(Reader(data[:FIXED_OCTETS], 108), parts)
    if overload in {b"\x02", b"\x03"}:
        _gather(Reader(data[:108], 44), parts)
    return {code: b"".join(values) for code, values in parts.items()}


def _gather(reader: Reader, parts: dict[int, list[bytes]]) -> None:
    full = 0  # the option whose last part has no room left
    while reader.remaining and (code := reader.u8()) != Code.END:
        if code == Code.PAD:
            continue
        value = reader.take(reader.u8())
        if code == Code.MICROSOFT_CONTINUED and full:
            code = full
        parts.setdefault(code, []).append(value)
        full = code if len(value) == _MOST_OCTETS else 0


def encode(message: Message, octets: int = MINIMUM_OCTETS) -> bytes:
    """Write a message and pad it to `octets`; long options are cut in parts (RFC 3396)."""
    # RFC 3046 section 2.1 wants option 82 last; the others keep their order.
    rows = sorted(message.options.items(), key=lambda row: row[0] == Code.RELAY_AGENT)
    short = [row for row in rows if row[0] != Code.RELAY_AGENT and len(row[1]) <= _MOST_OCTETS]
    tail = [row for row in rows if row not in short]
    data = _head(message, short) + b"".join(_parts(code, value) for code, value in tail)
    return (data + bytes([Code.END])).ljust(octets, bytes(1))


def _head(message: Message, options: Iterable[tuple[int, bytes]]) -> bytes:
    library = _library()
    known = library.options.options.bytes_to_object
    rows = [known(_parts(code, value)) for code, value in options]
    # An END of our own makes the last octet certain; it goes, as more options may follow.
    rows.append(library.options.options.bytes_to_object(bytes([Code.END])))
    packet = library.packet.DHCPPacket(
        _BOOTP[message.op],
        "ETHERNET",
        len(message.hardware),
        message.hops,
        message.xid,
        message.secs,
        message.flags,
        message.ciaddr,
        message.yiaddr,
        message.siaddr,
        message.giaddr,
        message.hardware.ljust(16, bytes(1)).hex(":"),
        message.sname,
        message.file,
        library.options.OptionList(rows),
    )
    data: bytes = packet.asbytes[:-1]
    return data[:1] + bytes([message.hardware_type]) + data[2:]


def _parts(code: int, value: bytes) -> bytes:
    """Write one option; what is longer than 255 octets goes on under the same code (RFC 3396).

    Microsoft's own option goes on as Microsoft has it, in option 250 ([MS-DHCPE] 2.2.9).
    """
    pieces = [value[at : at + _MOST_OCTETS] for at in range(0, len(value), _MOST_OCTETS)] or [b""]
    more = Code.MICROSOFT_CONTINUED if code == Code.MICROSOFT_ROUTES else code
    codes = [code] + [more] * (len(pieces) - 1)
    return b"".join(bytes([c, len(p)]) + p for c, p in zip(codes, pieces, strict=True))
