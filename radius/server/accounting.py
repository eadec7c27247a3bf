"""Accounting-Requests: the last known state of each session, bounded."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import IntEnum

from radius.message import Code, Message
from radius.server.users.usage import Carried, SqliteUsage

_EVERYWHERE = ""
ACKNOWLEDGED = Message(Code.ACCOUNTING_RESPONSE)


class Status(IntEnum):
    """Acct-Status-Type (RFC 2866 section 5.1)."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3
    ACCOUNTING_ON = 7
    ACCOUNTING_OFF = 8


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its access server last told it; octets in are those from the user."""

    nas: str
    session_id: str
    user: str
    framed_address: str | None
    active: bool
    seconds: int
    octets_in: int
    octets_out: int
    terminate_cause: int | None
    told_at: float


class Accounting:
    """Remembers sessions; when the table is full the one told of longest ago is forgotten."""

    def __init__(self, most_sessions: int, usage: SqliteUsage | None = None) -> None:
        self._most = most_sessions
        self._usage = usage or SqliteUsage()
        self._sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()
        self._active: Counter[tuple[str, str]] = Counter()  # by user, and by user and server
        for row in self._usage.open_sessions()[:most_sessions]:
            self._sessions[row.nas, row.session_id] = _remembered(row)
            self._count(self._sessions[row.nas, row.session_id], 1)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All remembered sessions, those told of longest ago first."""
        return tuple(self._sessions.values())

    def active(self, user: str, beside: str = "") -> int:
        """Count the sessions that a user has now, those at the access server `beside` left out.

        Neither letters' case nor a domain matters.
        """
        wanted = _bare(user)
        there = self._active[wanted, beside] if beside else 0
        return self._active[wanted, _EVERYWHERE] - there

    def used(self, user: str, since: str) -> int:
        """Return the octets of a user's sessions since a day, YYYY-MM-DD."""
        return self._usage.used(_bare(user), since)

    def record(self, message: Message, nas: str, now: float, wall: float = 0.0) -> str | None:
        """Take in a verified Accounting-Request; return why it gets no answer, or None.

        `wall` is Unix time. Raises StoreFailure.
        """
        status = message.number("Acct-Status-Type")
        session_id = message.text("Acct-Session-Id")
        if status is None:
            return "it has no Acct-Status-Type"
        if status in (Status.ACCOUNTING_ON, Status.ACCOUNTING_OFF):
            self._forget(nas)
        elif not session_id:
            return "it has no Acct-Session-Id"
        elif status in (Status.START, Status.INTERIM_UPDATE, Status.STOP):
            session = _session(message, nas, session_id, now)
            self._keep(session)
            octets = session.octets_in + session.octets_out
            row = Carried(nas, session_id, _bare(session.user), octets, session.active)
            self._usage.record(row, wall)
        return None

    def _forget(self, nas: str) -> None:
        # the access server restarted: what it said before is over (RFC 2866 section 5.1)
        self._usage.close(nas)
        for key in [key for key in self._sessions if key[0] == nas]:
            self._count(self._sessions.pop(key), -1)

    def _keep(self, session: Session) -> None:
        key = (session.nas, session.session_id)
        known = self._sessions.get(key)
        # a Start or Interim-Update that was overtaken by its Stop does not revive the session
        if known and not known.active and session.active:
            return
        if known:
            self._count(known, -1)
        self._count(session, 1)
        self._sessions[key] = session
        self._sessions.move_to_end(key)
        if len(self._sessions) > self._most:
            self._count(self._sessions.popitem(last=False)[1], -1)

    def _count(self, session: Session, change: int) -> None:
        if session.active:
            user = _bare(session.user)
            for place in (_EVERYWHERE, session.nas):
                self._active[user, place] += change
                if not self._active[user, place]:
                    del self._active[user, place]


def _remembered(row: Carried) -> Session:
    return Session(
        nas=row.nas,
        session_id=row.session_id,
        user=row.user,
        framed_address=None,
        active=True,
        seconds=0,
        octets_in=row.octets,
        octets_out=0,
        terminate_cause=None,
        told_at=0.0,
    )


def _session(message: Message, nas: str, session_id: str, now: float) -> Session:
    status = message.number("Acct-Status-Type")
    return Session(
        nas=nas,
        session_id=session_id,
        user=message.text("User-Name") or "",
        framed_address=message.text("Framed-IP-Address"),
        active=status != Status.STOP,
        seconds=message.number("Acct-Session-Time") or 0,
        octets_in=_wide(message, "Acct-Input"),
        octets_out=_wide(message, "Acct-Output"),
        terminate_cause=message.number("Acct-Terminate-Cause"),
        told_at=now,
    )


def _bare(name: str) -> str:
    return name.rpartition("\\")[2].casefold()


def _wide(message: Message, prefix: str) -> int:
    """Join Octets and Gigawords (RFC 2869 section 5.1)."""
    high = message.number(f"{prefix}-Gigawords") or 0
    return (high << 32) + (message.number(f"{prefix}-Octets") or 0)
