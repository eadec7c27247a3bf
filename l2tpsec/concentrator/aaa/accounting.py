"""Accounting records of one session: Start, Interim-Update, Stop (RFC 2866, RFC 2869)."""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from radius.message import Attribute, Code, Message

_GIGAWORD = 1 << 32


class Status(IntEnum):
    """Acct-Status-Type."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3


@dataclass(frozen=True, slots=True)
class Books:
    """What stays the same in all records of a session."""

    dialin: Dialin
    user: bytes
    address: IPv4Address
    classes: tuple[bytes, ...]
    ipv6: tuple[Attribute, ...] = ()

    def start(self) -> Message:
        """Build the record of a session that has just come up."""
        return self._record(Status.START)

    def interim(self, seconds: float, counters: Counters) -> Message:
        """Build the record of a session that goes on."""
        return self._record(Status.INTERIM_UPDATE, _usage(seconds, counters))

    def stop(self, seconds: float, counters: Counters, cause: Cause) -> Message:
        """Build the record of a session that has ended."""
        ending: list[Attribute] = [("Acct-Terminate-Cause", cause.radius)]
        return self._record(Status.STOP, _usage(seconds, counters) + ending)

    def _record(self, status: Status, more: list[Attribute] | None = None) -> Message:
        attributes: list[Attribute] = [
            ("Acct-Status-Type", int(status)),
            ("User-Name", self.user),
            ("Framed-IP-Address", str(self.address)),
            ("Acct-Authentic", 1),
        ]
        classes: list[Attribute] = [("Class", value) for value in self.classes]
        return Message(
            Code.ACCOUNTING_REQUEST,
            (*attributes, *self.ipv6, *self.dialin.attributes(), *classes, *(more or [])),
        )


def _usage(seconds: float, counters: Counters) -> list[Attribute]:
    return [
        ("Acct-Session-Time", int(seconds)),
        ("Acct-Input-Octets", counters.input_octets % _GIGAWORD),
        ("Acct-Output-Octets", counters.output_octets % _GIGAWORD),
        ("Acct-Input-Gigawords", counters.input_octets // _GIGAWORD),
        ("Acct-Output-Gigawords", counters.output_octets // _GIGAWORD),
        ("Acct-Input-Packets", counters.input_packets % _GIGAWORD),
        ("Acct-Output-Packets", counters.output_packets % _GIGAWORD),
    ]
