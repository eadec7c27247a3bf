"""Accounting-Requests: what each says of its session, and what that means beside what is known.

The book of sessions is on disk, so a restart of the server, or its end by `kill -9`, forgets none.
"""

from dataclasses import replace
from enum import IntEnum

from radius.message import Code, Message
from radius.server.users.usage import Session, SqliteUsage, Standing

ACKNOWLEDGED = Message(Code.ACCOUNTING_RESPONSE)
REUSED_SECONDS = 300.0
"""A Start that happened so long after its session's end is another session's, by the same id."""


class Status(IntEnum):
    """Acct-Status-Type (RFC 2866 section 5.1)."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3
    ACCOUNTING_ON = 7
    ACCOUNTING_OFF = 8


class Accounting:
    """Keeps the book of sessions by what access servers tell; raises StoreFailure."""

    def __init__(self, usage: SqliteUsage | None = None) -> None:
        self._usage = usage or SqliteUsage()
        self._since: float | None = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions that have not ended, those told of longest ago first."""
        return tuple(self._usage.open_sessions())

    def active(self, user: str, wall: float, beside: str = "") -> int:
        """Count the sessions that a user has now, those at the access server `beside` left out.

        Neither letters' case nor a domain matters. What an access server told while this one was
        not running nobody heard: silence counts from the first call on.
        """
        return self._usage.count(bare(user), wall, self._heard_since(wall), beside)

    def has_open(self, user: str, session_id: str) -> bool:
        """Tell whether this session of the user has begun and not ended."""
        found = self._usage.open_sessions(_stored(bare(user)))
        return any(row.session_id == _stored(session_id) for row in found)

    def used(self, user: str, since: str) -> int:
        """Return the octets of a user's sessions since a day, YYYY-MM-DD."""
        return self._usage.used(bare(user), since)

    def record(self, message: Message, nas: str, wall: float) -> str | None:
        """Take in a verified Accounting-Request; return why it gets no answer, or None.

        `wall` is Unix time.
        """
        self._heard_since(wall)
        status = message.number("Acct-Status-Type")
        session_id = _text(message, "Acct-Session-Id")
        if status is None:
            return "it has no Acct-Status-Type"
        if status in (Status.ACCOUNTING_ON, Status.ACCOUNTING_OFF):
            # the access server restarted: its sessions are over (RFC 2866 section 5.1)
            self._usage.close(nas, _text(message, "NAS-Identifier"), wall)
        elif not session_id:
            return "it has no Acct-Session-Id"
        elif status in (Status.START, Status.INTERIM_UPDATE, Status.STOP):
            happened = wall - min(message.number("Acct-Delay-Time") or 0, wall)
            told = _told(message, nas, session_id, wall)
            self._keep(told, Status(status), happened, wall)
        return None

    def _heard_since(self, wall: float) -> float:
        self._since = wall if self._since is None else min(self._since, wall)
        return self._since

    def _keep(self, told: Session, status: Status, happened: float, wall: float) -> None:
        known = self._usage.known(told)
        if known is None or _is_another(known, status, happened):
            self._usage.record(told, told.octets, wall)
        elif now := _continued(known, told, status, happened):
            self._usage.record(now, now.octets - known.octets, wall)


def _is_another(known: Session, status: Status, happened: float) -> bool:
    """Tell whether an access server uses the id of an ended session once more."""
    over = known.standing is not Standing.OPEN
    return over and status is Status.START and happened > known.told_at + REUSED_SECONDS


def _continued(known: Session, told: Session, status: Status, happened: float) -> Session | None:
    """Return the session as it is after a record, None where that is old news."""
    late = told.seconds < known.seconds
    if status is not Status.STOP and not _revives(known, status, happened):
        return None
    passed = told.seconds - known.seconds if status is Status.INTERIM_UPDATE else 0
    return replace(
        told,
        seconds=max(known.seconds, told.seconds),
        octets=max(known.octets, told.octets),
        interval=max(known.interval, passed),
        station=told.station or known.station,
        address=told.address or known.address,
        told_at=known.told_at if late and status is not Status.STOP else told.told_at,
    )


def _revives(known: Session, status: Status, happened: float) -> bool:
    """Tell whether a Start or an Interim-Update shows that the session lives."""
    match known.standing:
        case Standing.OPEN:
            return True
        case Standing.GONE:
            # its access server lives on after all
            return status is Status.INTERIM_UPDATE and happened > known.told_at
        case Standing.ENDED:
            # it was overtaken by its Stop
            return False


def _told(message: Message, nas: str, session_id: str, wall: float) -> Session:
    ended = message.number("Acct-Status-Type") == Status.STOP
    return Session(
        nas=nas,
        identifier=_text(message, "NAS-Identifier"),
        session_id=session_id,
        user=_stored(bare(message.text("User-Name") or "")),
        standing=Standing.ENDED if ended else Standing.OPEN,
        told_at=wall,
        seconds=message.number("Acct-Session-Time") or 0,
        octets=_wide(message, "Acct-Input") + _wide(message, "Acct-Output"),
        station=_text(message, "Calling-Station-Id"),
        address=_text(message, "Framed-IP-Address"),
    )


def _text(message: Message, name: str) -> str:
    return _stored(message.text(name) or "")


def _stored(text: str) -> str:
    # octets that are no UTF-8 cannot be kept in a database as they are
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def bare(name: str) -> str:
    """Return a user's name as the book has it: without a domain, in small letters."""
    return name.rpartition("\\")[2].casefold()


def _wide(message: Message, prefix: str) -> int:
    """Join Octets and Gigawords (RFC 2869 section 5.1)."""
    high = message.number(f"{prefix}-Gigawords") or 0
    return (high << 32) + (message.number(f"{prefix}-Octets") or 0)
