"""What RADIUS has to be told of sessions: every record once, in order, whatever dies meanwhile.

A record is written to the file before it is sent, and struck out when a server has acknowledged
it. A ledger that is made from the file of one that was killed closes the sessions that were open
and delivers what was under way, under the same Acct-Session-Id and Event-Timestamp.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from l2tpsec.concentrator.aaa import record as lines
from l2tpsec.concentrator.aaa.accounting import Status, nas_record, unattended_stop
from l2tpsec.concentrator.aaa.record import Record, Settled, told
from l2tpsec.concentrator.effects import AppendRecord, Deliver
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Level, Noted, Phase
from radius.message import Attribute, Message

MOST_RECORDS = 20_000
"""That wait for a server; about 1 KB each, and an Interim-Update waits for no longer than its
successor, so these are ten thousand whole sessions of an outage."""
MOST_UNDER_WAY = 64
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 60.0
PATIENT_TRIES = 3
"""After as many a record lets younger ones go first: a server may choke on just this one."""
MOST_REFUSALS = 3
"""Failures of one record while others were acknowledged, before it is given up."""
_OF_THE_NAS = (Status.ACCOUNTING_ON, Status.ACCOUNTING_OFF)

LedgerEffect = AppendRecord | Deliver | Noted


@dataclass(slots=True)
class _Account:
    """One session's: the last record, of which its Stop is made if we die, and what waits."""

    last: Record
    waiting: list[Record] = field(default_factory=list)
    under_way: Record | None = None
    tries: int = 0
    refusals: int = 0
    failed_at: float = float("inf")

    @property
    def urgency(self) -> tuple[int, int]:
        """Its place in the queue: the oldest of those that have not been tried in vain."""
        row = self.waiting[0]
        return (0 if row.status in _OF_THE_NAS else self.tries // PATIENT_TRIES), row.number

    def failed(self, heard_at: float, now: float) -> None:
        """Put the record that was under way back, and remember that it failed."""
        if self.under_way is not None:
            self.waiting.insert(0, self.under_way)
        self.refusals += heard_at > self.failed_at
        self.under_way, self.failed_at = None, now
        self.tries += 1

    def succeeded(self) -> None:
        """Begin to count anew for the next record."""
        self.under_way, self.failed_at = None, float("inf")
        self.tries = self.refusals = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """What a ledger says of the server as a whole: where workers share one, each says its part.

    `held` sends nothing until `release`: another's Accounting-On, which would close our sessions,
    goes first. Not `alone`, that other one gives it up in time rather than hold all up.
    """

    on: bool = True
    off: bool = True
    held: bool = False
    alone: bool = True


class Ledger:
    """Keeps the books; `wall` tells seconds since 1970, `nas` names the server, `past` is its file.

    Of one session only one record is under way at a time; different sessions do not wait for one
    another. While no server answers, one record at a time is tried.
    """

    def __init__(
        self,
        wall: Callable[[], float],
        entropy: Entropy,
        nas: Sequence[Attribute],
        past: bytes = b"",
        voice: Voice = Voice(),
    ) -> None:
        self._voice = voice
        self._held = voice.held
        self._wall = wall
        self._entropy = entropy
        self._nas = nas
        self._id = f"{entropy(4).hex()}-on"
        self._accounts: dict[str, _Account] = {}
        self._under_way: dict[int, Record] = {}
        self._ready: list[tuple[tuple[int, int], str]] = []
        self._fresh: dict[int, Sequence[Attribute]] = {}
        self._number = 0
        self._failures = 0
        self._reluctant: Record | None = None
        self._heard_at = float("-inf")
        self._retry_at: float | None = None
        self._waiting = 0
        self._forgotten = 0
        self._unreadable = 0
        self._replay(past)

    @property
    def deadline(self) -> float | None:
        """When a server is tried again; None while all goes well."""
        return self._retry_at

    @property
    def waiting(self) -> int:
        """How many records no server has acknowledged yet."""
        return self._waiting

    def snapshot(self) -> bytes:
        """Return the shortest file from which everything that matters can be made again."""
        found: dict[int, bytes] = {}
        for account in self._accounts.values():
            pending = _pending(account)
            found |= {row.number: row.line for row in pending}
            if account.last not in pending:
                found[account.last.number] = account.last.line + Settled(account.last.number).line
        return b"".join(found[number] for number in sorted(found))

    # what happens

    def open(self) -> list[LedgerEffect]:
        """Close what a predecessor left open, and say Accounting-On."""
        effects: list[LedgerEffect] = []
        if self._unreadable:
            text = _UNREADABLE.format(self._unreadable)
            effects.append(Noted(Phase.RADIUS, Level.WARNING, text))
        left = [row.last for row in self._accounts.values() if row.last.status is not Status.STOP]
        for last in left:
            effects += self._enter(unattended_stop(last.attributes()), last.at)
        if left or self._waiting:
            text = _INHERITED.format(self._waiting, len(left))
            effects.append(Noted(Phase.RADIUS, Level.INFO, text))
        if self._voice.on:
            on = nas_record(Status.ACCOUNTING_ON, self._id, self._nas)
            effects += self._enter(on, self._moment())
        return effects + self._send()

    @property
    def opened(self) -> bool:
        """Tell whether nothing more is to be said of the server's start."""
        return not self._voice.on or self._id not in self._accounts

    def release(self) -> list[LedgerEffect]:
        """Send what was held: RADIUS knows that the server has started."""
        self._held = False
        return self._send()

    def close(self) -> list[LedgerEffect]:
        """Say Accounting-Off, once the records before it have been acknowledged."""
        self._held = False
        if not self._voice.off:
            return self._send()
        off = nas_record(Status.ACCOUNTING_OFF, self._id, self._nas)
        return self._enter(off, self._moment()) + self._send()

    def record(self, message: Message) -> list[LedgerEffect]:
        """Take down an Accounting-Request of a session, and send it when its turn comes."""
        return self._enter(message.attributes, self._moment()) + self._send()

    def answered(self, number: int, now: float) -> list[LedgerEffect]:
        """Strike out record `number`: a server has acknowledged it."""
        row = self._under_way.pop(number, None)
        if row is None:
            return []
        account = self._accounts[row.session]
        account.succeeded()
        self._heard_at = now
        effects = [*self._strike(row), *self._recovered()]
        if self._reluctant is not None and row.status not in _OF_THE_NAS:
            effects += self._give_up(self._reluctant, _NO_ON_OR_OFF)
        self._settle(account)
        return effects + self._send()

    def unanswered(self, number: int, reason: str, now: float) -> list[LedgerEffect]:
        """Keep record `number`, which no server took; all wait a little longer each time."""
        row = self._under_way.pop(number, None)
        if row is None:
            return []
        account = self._accounts[row.session]
        account.failed(self._heard_at, now)
        effects = [*self._supersede(account), *self._back_off(reason, now)]
        if account.waiting[0] is not row:
            account.succeeded()
        if account.refusals >= MOST_REFUSALS:
            effects += self._give_up(row, _REFUSED.format(row.session, row.status.name, reason))
        if row.status in _OF_THE_NAS and account.tries >= PATIENT_TRIES:
            self._reluctant = row
            effects += [] if self._voice.alone else self._give_up(row, _NO_ON_OR_OFF)
        self._settle(account)
        return effects

    def _back_off(self, reason: str, now: float) -> list[LedgerEffect]:
        if self._retry_at is not None:
            return []
        self._failures += 1
        self._retry_at = now + self._wait_seconds()
        if self._failures & (self._failures - 1):
            return []
        text = _UNTAKEN.format(self._waiting, reason)
        return [Noted(Phase.RADIUS, Level.WARNING, text)]

    def expire(self, now: float) -> list[LedgerEffect]:
        """Try again when it is time."""
        if self._retry_at is None or now < self._retry_at:
            return []
        self._retry_at = None
        return self._send()

    # taking down

    def _moment(self) -> int:
        return int(self._wall())

    def _enter(self, attributes: Sequence[Attribute], at: int) -> list[LedgerEffect]:
        stamped = [row for row in attributes if row[0] != "Event-Timestamp"]
        self._number += 1
        whole = *stamped, ("Event-Timestamp", at)
        row, line = Record.of(self._number, at, whole)
        self._remember(row.number, whole)
        account = self._add(row)
        effects: list[LedgerEffect] = [AppendRecord(line), *self._supersede(account)]
        self._queue(account)
        return effects + self._make_room()

    def _remember(self, number: int, attributes: Sequence[Attribute]) -> None:
        """Keep what most records are sent from, a moment after they are taken down."""
        self._fresh[number] = attributes
        if len(self._fresh) > MOST_UNDER_WAY:
            del self._fresh[next(iter(self._fresh))]

    def _add(self, row: Record) -> _Account:
        account = self._accounts.setdefault(row.session, _Account(row))
        account.last = row
        account.waiting.append(row)
        self._waiting += 1
        return account

    def _supersede(self, account: _Account) -> list[LedgerEffect]:
        """Strike out Interim-Updates that a later record makes needless."""
        *earlier, _ = account.waiting
        void = [row for row in earlier if row.status is Status.INTERIM_UPDATE]
        for row in void:
            account.waiting.remove(row)
        return [effect for row in void for effect in self._strike(row)]

    def _strike(self, row: Record) -> list[LedgerEffect]:
        self._waiting -= 1
        return [AppendRecord(Settled(row.number).line)]

    def _make_room(self) -> list[LedgerEffect]:
        if self._waiting <= MOST_RECORDS:
            return []
        account = next(row for row in self._accounts.values() if _can_be_forgotten(row))
        row = account.waiting.pop(0)
        effects = self._strike(row)
        self._settle(account)
        self._forgotten += 1
        if self._forgotten & (self._forgotten - 1):
            return effects
        text = _FORGOTTEN.format(MOST_RECORDS, self._forgotten)
        return [*effects, Noted(Phase.RADIUS, Level.WARNING, text)]

    def _settle(self, account: _Account) -> None:
        """Forget a session of which all is said, or let its next record come."""
        if account.waiting or account.under_way:
            self._queue(account)
        elif account.last.status in (Status.STOP, *_OF_THE_NAS):
            self._accounts.pop(account.last.session, None)

    # sending

    def _queue(self, account: _Account) -> None:
        if account.waiting and account.under_way is None:
            if len(self._ready) > 2 * self._waiting + MOST_UNDER_WAY:
                self._ready = [row for row in self._ready if self._stands_for(row) is not None]
                heapq.heapify(self._ready)
            heapq.heappush(self._ready, (account.urgency, account.last.session))

    def _send(self) -> list[LedgerEffect]:
        effects: list[LedgerEffect] = []
        while not self._held and self._retry_at is None and (row := self._next()) is not None:
            account = self._accounts[row.session]
            account.under_way = account.waiting.pop(0)
            self._under_way[row.number] = row
            delay = max(0, self._moment() - row.at)
            attributes = self._fresh.pop(row.number, None) or row.attributes()
            effects.append(Deliver(row.number, told(attributes, delay)))
        return effects

    def _next(self) -> Record | None:
        """Take the oldest record that may go; Accounting-On and -Off go alone."""
        if len(self._under_way) >= (1 if self._failures else MOST_UNDER_WAY):
            return None
        if any(row.status in _OF_THE_NAS for row in self._under_way.values()):
            return None
        while self._ready:
            row = self._stands_for(self._ready[0])
            if row is None:
                heapq.heappop(self._ready)
            elif row.status in _OF_THE_NAS and self._under_way:
                return None
            else:
                heapq.heappop(self._ready)
                return row
        return self._reluctant_again()

    def _stands_for(self, entry: tuple[tuple[int, int], str]) -> Record | None:
        """Return the record that an entry of the queue stands for; None if it is out of date."""
        urgency, session = entry
        account = self._accounts.get(session)
        if account is None or account.under_way or not account.waiting:
            return None
        row = account.waiting[0]
        return row if account.urgency == urgency and row is not self._reluctant else None

    def _reluctant_again(self) -> Record | None:
        """Try Accounting-On once more when there is nothing else to try a server with."""
        if self._under_way:
            return None
        row, self._reluctant = self._reluctant, None
        return row

    # while no server answers

    def _wait_seconds(self) -> float:
        doubled = FIRST_WAIT_SECONDS * 2 ** min(self._failures - 1, 16)
        return float(min(doubled, LONGEST_WAIT_SECONDS)) * (0.9 + 0.2 * self._entropy(1)[0] / 255)

    def _recovered(self) -> list[LedgerEffect]:
        if not self._failures:
            return []
        self._failures, self._retry_at = 0, None
        text = f"accounting records are taken again; {self._waiting} are still to be sent"
        return [Noted(Phase.RADIUS, Level.INFO, text)]

    def _give_up(self, row: Record, text: str) -> list[LedgerEffect]:
        """Void a record that only itself is to blame for.

        An Accounting-On told too late would close the sessions that have begun meanwhile.
        """
        account = self._accounts[row.session]
        account.waiting.remove(row)
        account.succeeded()
        self._reluctant = None if row is self._reluctant else self._reluctant
        self._settle(account)
        return [*self._strike(row), Noted(Phase.RADIUS, Level.WARNING, text)]

    # after a death

    def _replay(self, past: bytes) -> None:
        rows = past.split(b"\n")
        for place, line in enumerate(rows, 1):
            try:
                entry = lines.read(line)
            except Malformed:
                # the last one of a killed process may be torn
                self._unreadable += place < len(rows)
                continue
            self._number = max(self._number, entry.number)
            if isinstance(entry, Record):
                self._recall(entry)
            else:
                self._under_way.pop(entry.number, None)
        self._restore()

    def _recall(self, row: Record) -> None:
        if row.status not in _OF_THE_NAS:
            # a predecessor's On or Off says nothing that our own On does not say
            self._under_way[row.number] = row
            self._accounts.setdefault(row.session, _Account(row)).last = row

    def _restore(self) -> None:
        for row in self._under_way.values():
            self._accounts[row.session].waiting.append(row)
        self._waiting = len(self._under_way)
        self._under_way = {}
        for account in list(self._accounts.values()):
            self._settle(account)


def _can_be_forgotten(account: _Account) -> bool:
    return bool(account.waiting) and account.last.status not in _OF_THE_NAS


def _pending(account: _Account) -> list[Record]:
    return [*([account.under_way] if account.under_way else []), *account.waiting]


_INHERITED = (
    "{0} accounting records of the time before the start are to be sent; "
    "{1} sessions were open when the server died, and get their Stop now"
)
_UNREADABLE = (
    "{0} lines of accounting.ledger in state_dir cannot be read: somebody else, or the disk, has "
    "changed them, and RADIUS never hears what they said; see whether the disk is sound"
)
_UNTAKEN = (
    "no RADIUS server takes accounting records: {1}. {0} wait in state_dir and are sent as soon as "
    "one answers; see whether it listens on its accounting port and knows our address and secret"
)
_NO_ON_OR_OFF = (
    "no RADIUS server answered our Accounting-On or -Off: it is given up, as it would close the "
    "sessions that have begun meanwhile; those of before the start have their Stop anyway"
)
_REFUSED = (
    "the accounting record {1} of session {0} is given up: servers acknowledge others, but not "
    "this one ({2}); their log or database tells why"
)
_FORGOTTEN = (
    "more than {0} accounting records wait for a RADIUS server: {1} of the oldest are forgotten"
)
