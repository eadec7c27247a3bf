"""An accounting record as the ledger keeps it: one line of its file, sealed by a checksum."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from l2tpsec.concentrator.aaa.accounting import Status
from l2tpsec.foundation.wire import Malformed
from radius.message import Attribute, Code, Message, Value

LONGEST_LINE_OCTETS = 32_768
"""More than any Accounting-Request becomes as text."""


_WINDOW, _MEMORY = -12, 4  # 4 KB to look back into, and no header
_USUAL = b"".join(
    b'["%s",' % name.encode()
    for name in (
        *("Class", "Framed-Interface-Id", "Framed-IPv6-Prefix", "Acct-Terminate-Cause"),
        *("Acct-Session-Time", "Acct-Input-Octets", "Acct-Output-Octets"),
        *("Acct-Input-Gigawords", "Acct-Output-Gigawords"),
        *("Acct-Input-Packets", "Acct-Output-Packets"),
    )
) + (
    b' {"n":1,"at":17,"a":[["Acct-Status-Type",1],["User-Name",[""]],["Framed-IP-Address","10.'
    b'"],["Acct-Authentic",1],["Acct-Multi-Session-Id",""],["NAS-Identifier","l2tpsec"],'
    b'["NAS-IP-Address",""],["NAS-Port",1],["NAS-Port-Type",5],["Service-Type",2],'
    b'["Framed-Protocol",1],["Calling-Station-Id",""],["Called-Station-Id",""],["Tunnel-Type",3],'
    b'["Tunnel-Medium-Type",1],["Tunnel-Client-Endpoint",""],["Tunnel-Server-Endpoint",""],'
    b'["Acct-Session-Id",""],["Event-Timestamp",17]]}'
)


def _packed(line: bytes) -> bytes:
    press = zlib.compressobj(1, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=_USUAL)
    return press.compress(line) + press.flush()


@dataclass(frozen=True, slots=True)
class Record:
    """What a server is to be told, and when it happened in seconds since 1970.

    `number` grows by the order of events. The last record of each session stays in memory, so
    `packed` has all that it says in a tenth of its line's octets.
    """

    number: int
    session: str
    status: Status
    at: int
    packed: bytes = field(repr=False)

    @property
    def line(self) -> bytes:
        """The whole record for the file."""
        return zlib.decompressobj(_WINDOW, zdict=_USUAL).decompress(self.packed)

    @classmethod
    def of(cls, number: int, at: int, attributes: Sequence[Attribute]) -> tuple[Self, bytes]:
        """Take down a record, and return its line; its attributes name its status and session."""
        entry = {"n": number, "at": at, "a": [(name, _plain(value)) for name, value in attributes]}
        line = sealed(entry)
        return cls(number, *_key(attributes), at, _packed(line)), line

    def attributes(self) -> tuple[Attribute, ...]:
        """Return what it says."""
        return _attributes(opened(self.line.rstrip(b"\n"))["a"])


@dataclass(frozen=True, slots=True)
class Settled:
    """A server has acknowledged the record of this number, or it is void."""

    number: int

    @property
    def line(self) -> bytes:
        """The line that says so."""
        return sealed({"done": self.number})


def told(attributes: Sequence[Attribute], delay_seconds: int) -> Message:
    """Return the Accounting-Request that tells a record after `delay_seconds` (RFC 2866 5.2)."""
    return Message(Code.ACCOUNTING_REQUEST, (*attributes, ("Acct-Delay-Time", delay_seconds)))


def read(line: bytes) -> Record | Settled:
    """Read one line, its end removed; Malformed if it was torn or changed."""
    entry = opened(line)
    try:
        if "done" in entry:
            return Settled(int(entry["done"]))
        attributes = _attributes(entry["a"])
        return Record(int(entry["n"]), *_key(attributes), int(entry["at"]), _packed(line + b"\n"))
    except (KeyError, TypeError, ValueError):
        raise Malformed("no accounting record", 0) from None


def moved(line: bytes, number: int) -> bytes:
    """Return the same line, its end added, for the record that is `number` from now on."""
    entry = opened(line)
    entry["done" if "done" in entry else "n"] = number
    return sealed(entry)


def sealed(entry: dict[str, object]) -> bytes:
    """Write a line: a checksum, the entry as JSON."""
    body = json.dumps(entry, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def opened(line: bytes) -> dict[str, Any]:
    """Return a line's entry; Malformed unless it is whole."""
    checksum, _, body = line.partition(b" ")
    if len(line) > LONGEST_LINE_OCTETS or checksum != b"%08x" % zlib.crc32(body):
        raise Malformed("not the line that was written", 0)
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("not JSON", 9) from None
    if not isinstance(entry, dict):
        raise Malformed("not an entry", 9)
    return entry


def _key(attributes: Sequence[Attribute]) -> tuple[str, Status]:
    found = dict(attributes)
    return str(found["Acct-Session-Id"]), Status(int(found["Acct-Status-Type"]))


def _plain(value: Value) -> str | int | list[str]:
    return [value.hex()] if isinstance(value, bytes) else value


def _attributes(rows: list[tuple[str, str | int | list[str]]]) -> tuple[Attribute, ...]:
    return tuple((str(name), _value(value)) for name, value in rows)


def _value(value: str | int | list[str]) -> Value:
    if isinstance(value, list):
        return bytes.fromhex(value[0])
    return value if isinstance(value, int) else str(value)
