"""Accounting records of one session: Start, Interim-Update, Stop (RFC 2866, RFC 2869)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.model.grant import Grant
from radius.message import Attribute, Code, Message

NAS_REBOOT = 11
"""Acct-Terminate-Cause of a session that died with the server (RFC 2866 section 5.10)."""

LEAST_INTERIM_SECONDS = 60
_GIGAWORD = 1 << 32
_OF_ONE_RECORD = ("Acct-Status-Type", "Acct-Terminate-Cause", "Event-Timestamp", "Acct-Delay-Time")


class Status(IntEnum):
    """Acct-Status-Type."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3
    ACCOUNTING_ON = 7
    ACCOUNTING_OFF = 8


@dataclass(frozen=True, slots=True)
class Books:
    """What stays the same in all records of a session."""

    dialin: Dialin
    user: bytes
    address: IPv4Address
    classes: tuple[bytes, ...]
    chargeable_identity: bytes = b""
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
        if self.dialin.multi_session_id:
            attributes.append(("Acct-Multi-Session-Id", self.dialin.multi_session_id))
        classes: list[Attribute] = [("Class", value) for value in self.classes]
        if self.chargeable_identity:
            # RFC 4372 section 2.1: in all records, once RADIUS has told it
            attributes.append(("Chargeable-User-Identity", self.chargeable_identity))
        return Message(
            Code.ACCOUNTING_REQUEST,
            (*attributes, *self.ipv6, *self.dialin.attributes(), *classes, *(more or [])),
        )


def interim_seconds(grant: Grant, usual: int) -> int:
    """Return the time between a session's Interim-Updates; 0: there are none."""
    asked = grant.interim_interval_seconds
    # RFC 2869 section 5.16: not below 60
    return usual if asked is None else max(LEAST_INTERIM_SECONDS, asked) if asked else 0


def nas_record(status: Status, session_id: str, nas: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Say that the server begins or ends to serve (RFC 2866 section 5.1); `nas` names it."""
    return (("Acct-Status-Type", int(status)), ("Acct-Session-Id", session_id), *nas)


def unattended_stop(last: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """Make the Stop of a session out of its last record: nobody lived to write it."""
    kept = [row for row in last if row[0] not in _OF_ONE_RECORD]
    known = {name for name, _ in kept}
    unused = [row for row in _usage(0, Counters()) if row[0] not in known]
    status: Attribute = ("Acct-Status-Type", int(Status.STOP))
    return (status, *kept, *unused, ("Acct-Terminate-Cause", NAS_REBOOT))


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
