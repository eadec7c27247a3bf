"""The server's books balance whatever dies at whatever moment."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.aaa import ledger as module
from l2tpsec.concentrator.aaa.accounting import Books, Status
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.ledger import Ledger, LedgerEffect, Voice
from l2tpsec.concentrator.effects import AppendRecord, Deliver
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.model.records import Noted
from radius.message import Attribute, Message

NAS: list[Attribute] = [("NAS-Identifier", "nas")]
EPOCH = 1_700_000_000
COUNTED = ("Acct-Session-Time", "Acct-Input-Octets", "Acct-Output-Octets")


def books(session: str) -> Books:
    dialin = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, session, multi_session_id="m1")
    return Books(dialin, b"alice", IPv4Address("10.99.0.2"), (b"\x00class",))


def on(boot: int) -> str:
    return f"{boot:08x}-on"


class Killed(Exception):  # noqa: N818 - what happened
    """The process is dead."""


@dataclass
class BookKeeper:
    """A RADIUS accounting server. What says the same but for its delay is the same record."""

    told: defaultdict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    order: list[tuple[str, Status]] = field(default_factory=list)

    def receive(self, message: Message) -> None:
        plain = Message(
            message.code, [row for row in message.attributes if row[0] != "Acct-Delay-Time"]
        )
        session = message.text("Acct-Session-Id")
        assert session is not None
        if all(row.attributes != plain.attributes for row in self.told[session]):
            self.told[session].append(plain)
            self.order.append((session, status(plain)))

    def of(self, session: str, kind: Status) -> list[Message]:
        return [row for row in self.told[session] if status(row) is kind]

    def check(self) -> None:
        """Assert that each session that was ever heard of is closed, once, with all it used."""
        for session in [name for name in self.told if not name.endswith("-on")]:
            kinds = [status(row) for row in self.told[session]]
            assert kinds[0] is Status.START, (session, kinds)
            assert kinds.count(Status.START) == kinds.count(Status.STOP) == 1, (session, kinds)
            assert kinds[-1] is Status.STOP, (session, kinds)
            used = [[row.number(name) or 0 for name in COUNTED] for row in self.told[session]]
            assert used == sorted(used), session
            moments = [row.number("Event-Timestamp") or 0 for row in self.told[session]]
            assert moments == sorted(moments), session


def status(message: Message) -> Status:
    return Status(message.number("Acct-Status-Type") or 0)


class World:
    """A server's process as far as books go: a file, a clock, a way to RADIUS, and its death."""

    def __init__(self) -> None:
        self.now = 0.0
        self.file = b""
        self.keeper = BookKeeper()
        self.answers = True
        self.passes: Callable[[Message], bool] = lambda _: True
        self.notes: list[str] = []
        self.boots = 0
        self.delays: list[int] = []
        self.killed_after: tuple[int, int] | None = None
        self.performed = 0
        self.boot()

    def boot(self) -> None:
        self.boots += 1
        self.ledger = Ledger(lambda: EPOCH + self.now, self.entropy, NAS, self.file)
        self.file = self.ledger.snapshot()
        again = Ledger(lambda: EPOCH + self.now, self.entropy, NAS, self.file)
        assert again.snapshot() == self.file
        self.perform(self.ledger.open())

    def entropy(self, octets: int) -> bytes:
        return bytes(octets - 1) + bytes((self.boots,))

    def perform(self, effects: Iterable[LedgerEffect]) -> None:
        waiting = list(effects)
        while waiting:
            effect = waiting.pop(0)
            self._die_if_it_is_time(effect)
            match effect:
                case AppendRecord(line):
                    self.file += line
                case Noted(text=text):
                    self.notes.append(text)
                case Deliver(number, message):
                    waiting += self._deliver(number, message)

    def _die_if_it_is_time(self, effect: LedgerEffect) -> None:
        if self.killed_after is None:
            return
        self.performed += 1
        when, torn = self.killed_after
        if self.performed > when:
            if isinstance(effect, AppendRecord):
                self.file += effect.line[:torn]
            self.killed_after = None
            raise Killed

    def _deliver(self, number: int, message: Message) -> list[LedgerEffect]:
        self.delays.append(message.number("Acct-Delay-Time") or 0)
        if not self.passes(message):
            return self.ledger.unanswered(number, "silence", self.now)
        self.keeper.receive(message)
        if not self.answers:
            return self.ledger.unanswered(number, "no answer", self.now)
        return self.ledger.answered(number, self.now)

    def record(self, message: Message) -> None:
        self.perform(self.ledger.record(message))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (when := self.ledger.deadline) is not None and when <= end:
            self.now = max(self.now, when)
            self.perform(self.ledger.expire(self.now))
        self.now = end


@dataclass
class Life:
    """One session: what it has used so far."""

    books: Books
    since: float
    used: Counters = field(default_factory=Counters)

    def use(self, octets: int) -> None:
        self.used = self.used.plus(Counters(1, octets, 1, octets))


def live(world: World, steps: Iterable[tuple[int, str]]) -> None:
    """Lead sessions through the steps; a step that does not fit does nothing."""
    lives: dict[int, Life] = {}
    for number, step in steps:
        world.run(7)
        life = lives.get(number)
        seconds = world.now - life.since if life else 0
        match step, life:
            case "start", None:
                session = f"s{world.boots}-{number}-{int(world.now)}"
                lives[number] = Life(books(session), world.now)
                world.record(lives[number].books.start())
            case "interim", Life():
                life.use(1000)
                world.record(life.books.interim(seconds, life.used))
            case "stop", Life():
                life.use(10)
                del lives[number]
                world.record(life.books.stop(seconds, life.used, Cause.USER_REQUEST))
            case (("deaf" | "hearing" | "mute"), _):
                world.passes = (lambda _: False) if step == "deaf" else (lambda _: True)
                world.answers = step != "mute"
            case _:
                pass


STEPS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["start", "start", "interim", "stop", "deaf", "hearing", "mute"]),
    ),
    max_size=25,
)


@given(st.lists(st.tuples(STEPS, st.integers(0, 60), st.integers(0, 400)), max_size=4))
def test_the_books_balance_whenever_it_is_killed(
    boots: list[tuple[list[tuple[int, str]], int, int]],
) -> None:
    world = World()
    for steps, effects, torn in boots:
        world.killed_after, world.performed = (effects, torn), 0
        with suppress(Killed):
            live(world, steps)
        world.killed_after, world.performed = (torn % 5, torn), 0
        with suppress(Killed):
            world.boot()
        world.killed_after = None
        world.boot()
    world.answers, world.passes = True, lambda _: True
    world.run(1000)
    world.boot()
    world.run(1000)
    assert world.ledger.waiting == 0
    world.keeper.check()


def test_killed_at_every_effect_of_a_whole_life() -> None:
    steps = [(1, "start"), (2, "start"), (1, "interim"), (2, "stop"), (1, "interim"), (1, "stop")]
    for effects in range(60):
        for torn in (0, 1, 100, 10_000):
            world = World()
            world.killed_after = (effects, torn)
            try:
                live(world, steps)
            except Killed:
                world.boot()
            world.killed_after = None
            world.run(100)
            world.boot()
            world.keeper.check()


def test_a_session_that_died_with_the_server_gets_its_stop() -> None:
    world = World()
    live(world, [(1, "start"), (1, "interim"), (1, "interim")])
    at = world.now
    world.now += 5000
    world.boot()
    (session,) = [name for name in world.keeper.told if name.startswith("s")]
    (stop,) = world.keeper.of(session, Status.STOP)
    assert stop.number("Acct-Terminate-Cause") == 11
    assert stop.number("Acct-Input-Octets") == 2000
    assert stop.number("Acct-Session-Time") == 14
    assert stop.number("Event-Timestamp") == EPOCH + at
    assert stop.get("Class") == b"\x00class"
    assert stop.get("Acct-Multi-Session-Id") == "m1"
    assert world.delays[-2:] == [5000, 0]
    assert world.keeper.order[-2:] == [(session, Status.STOP), (on(2), Status.ACCOUNTING_ON)]
    assert "1 sessions were open" in world.notes[-1]


@pytest.mark.parametrize(
    ("damaged", "told"), [(b"x\n{0}", 1), (b"{0}x", 0), (b"x\n\xff\n{0}x", 2), (b"{0}", 0)]
)
def test_lines_that_cannot_be_read_are_counted_but_for_a_torn_end(
    damaged: bytes, told: int
) -> None:
    world = World()
    world.answers = False
    live(world, [(1, "start")])
    world.file = damaged.replace(b"{0}", world.file)
    world.notes.clear()
    world.boot()
    lost = [note for note in world.notes if "cannot be read" in note]
    assert [int(note.split()[0]) for note in lost] == ([told] if told else [])
    assert world.ledger.waiting


def test_days_without_a_server() -> None:
    world = World()
    world.passes = lambda _: False
    live(world, [(1, "start"), *((1, "interim") for _ in range(1000)), (1, "stop"), (2, "start")])
    world.run(3 * 86_400)
    assert world.ledger.waiting == 3, "Interim-Updates that a Stop made needless are struck out"
    assert len(world.ledger.snapshot()) < 5000
    assert len(world.ledger._ready) < 200
    assert len([n for n in world.notes if "no RADIUS server takes" in n]) < 20
    world.passes = lambda _: True
    world.run(60)
    assert world.ledger.waiting == 0
    assert max(world.delays) > 3 * 86_400
    assert "accounting records are taken again" in world.notes[-1]
    (first, second) = sorted(name for name in world.keeper.told if name.startswith("s"))
    kinds = [status(row) for row in world.keeper.told[first]]
    assert kinds == [Status.START, Status.STOP]
    assert [status(row) for row in world.keeper.told[second]] == [Status.START]


def test_one_record_at_a_time_while_no_server_answers() -> None:
    world = World()
    tried: list[Message] = []

    def refuse(message: Message) -> bool:
        tried.append(message)
        return False

    world.passes = refuse
    for number in range(5):
        world.record(books(f"s{number}").start())
    assert len(tried) == 1
    world.run(5)
    assert len(tried) == 2
    assert world.ledger.deadline is not None
    world.run(3600)
    assert 60 < len(tried) < 75, "it backs off to a minute"


def test_accounting_on_comes_before_what_follows_and_off_comes_last() -> None:
    world = World()
    live(world, [(1, "start"), (1, "stop")])
    world.perform(world.ledger.close())
    kinds = [kind for _, kind in world.keeper.order]
    assert kinds == [Status.ACCOUNTING_ON, Status.START, Status.STOP, Status.ACCOUNTING_OFF]
    assert world.ledger.snapshot() == b""


def test_records_wait_for_the_answer_to_accounting_on() -> None:
    ledger = Ledger(lambda: EPOCH, bytes, NAS)
    _, deliver = ledger.open()
    assert isinstance(deliver, Deliver)
    assert [type(e) for e in ledger.record(books("s1").start())] == [AppendRecord]
    assert ledger.expire(5) == []
    done, start = ledger.answered(deliver.number, 1)
    assert isinstance(done, AppendRecord)
    assert isinstance(start, Deliver)
    assert ledger.answered(deliver.number, 2) == ledger.unanswered(deliver.number, "", 2) == []


def test_accounting_off_waits_for_the_last_stop() -> None:
    world = World()
    live(world, [(1, "start")])
    ledger = world.ledger
    stop = books("s9").stop(1, Counters(), Cause.USER_REQUEST)
    _, deliver = ledger.record(stop)
    assert isinstance(deliver, Deliver)
    assert len(ledger.close()) == 1
    world.perform(ledger.answered(deliver.number, 1))
    assert world.keeper.order[-1] == (on(1), Status.ACCOUNTING_OFF)


def test_a_server_that_knows_no_accounting_on_gets_the_rest() -> None:
    world = World()
    world.passes = lambda message: status(message) is not Status.ACCOUNTING_ON
    world.boot()
    live(world, [(1, "start")])
    world.run(600)
    assert [kind for _, kind in world.keeper.order][-1] is Status.START
    assert any("Accounting-On or -Off: it is given up" in note for note in world.notes)
    assert world.ledger.waiting == 0


def test_accounting_on_is_tried_again_when_there_is_nothing_else() -> None:
    world = World()
    world.passes = lambda _: False
    world.boot()
    world.run(3600)
    world.passes = lambda _: True
    world.run(60)
    assert world.keeper.order[-1] == (on(2), Status.ACCOUNTING_ON)


def test_one_record_that_a_server_chokes_on_does_not_stop_the_others() -> None:
    world = World()
    world.passes = lambda message: message.text("Acct-Session-Id") != "odd"
    world.record(books("odd").start())
    for number in range(100):
        world.record(books(f"s{number}").start())
        world.record(books(f"s{number}").stop(1, Counters(), Cause.USER_REQUEST))
        world.run(30)
    assert world.ledger.waiting == 0
    assert any("record START of session odd is given up" in note for note in world.notes)
    assert len(world.keeper.of("s99", Status.STOP)) == 1


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 10)
    world = World()
    world.passes = lambda _: False
    for number in range(50):
        world.record(books(f"s{number}").start())
        world.record(books(f"s{number}").stop(1, Counters(), Cause.USER_REQUEST))
    assert world.ledger.waiting == 10
    assert any("64 of the oldest are forgotten" in note for note in world.notes)
    world.passes = lambda _: True
    world.run(100)
    assert len(world.keeper.of("s49", Status.STOP)) == 1
    assert world.ledger.snapshot() == b""


def test_an_interim_that_failed_gives_way_to_a_newer_one() -> None:
    world = World()
    live(world, [(1, "start"), (1, "deaf")])
    ours = books("s8")
    world.record(ours.start())
    world.run(100)
    world.passes = lambda message: status(message) is not Status.INTERIM_UPDATE
    world.run(100)
    world.record(ours.interim(100, Counters()))
    world.record(ours.interim(200, Counters(5, 5, 5, 5)))
    world.passes = lambda _: True
    world.run(100)
    (interim,) = world.keeper.of("s8", Status.INTERIM_UPDATE)
    assert interim.number("Acct-Session-Time") == 200


def voiced(voice: Voice) -> Ledger:
    return Ledger(lambda: EPOCH, lambda n: bytes(n), NAS, voice=voice)


def delivered(effects: Iterable[LedgerEffect]) -> list[tuple[int, Status]]:
    return [(row.number, status(row.message)) for row in effects if isinstance(row, Deliver)]


def test_a_held_ledger_writes_down_and_waits_for_the_one_that_says_on() -> None:
    ledger = voiced(Voice(on=False, off=False, held=True, alone=False))
    assert ledger.open() == []
    assert ledger.opened
    effects = ledger.record(books("s1").start())
    assert [type(effect) for effect in effects] == [AppendRecord]
    assert delivered(ledger.release()) == [(1, Status.START)]
    ledger.answered(1, 1.0)
    assert delivered(ledger.record(books("s2").start())) == [(2, Status.START)]
    assert ledger.close() == []


def test_a_held_ledger_sends_at_the_end_what_it_has() -> None:
    ledger = voiced(Voice(on=False, off=False, held=True, alone=False))
    ledger.record(books("s1").start())
    assert delivered(ledger.close()) == [(1, Status.START)]


def test_it_is_told_when_nothing_more_is_to_be_said_of_the_start() -> None:
    ledger = voiced(Voice(alone=False))
    assert delivered(ledger.open()) == [(1, Status.ACCOUNTING_ON)]
    seen = [ledger.opened]
    ledger.answered(1, 1.0)
    assert [*seen, ledger.opened] == [False, True]
    assert delivered(ledger.close()) == [(2, Status.ACCOUNTING_OFF)]


def test_an_accounting_on_that_others_wait_for_is_given_up_in_time() -> None:
    ledger, now = voiced(Voice(alone=False)), 0.0
    ((number, _),) = delivered(ledger.open())
    seen, effects = [ledger.opened], list[LedgerEffect]()
    for _ in range(module.PATIENT_TRIES):
        effects = ledger.unanswered(number, "no answer", now)
        seen.append(ledger.opened)
        now = ledger.deadline or now
        ledger.expire(now)
    assert seen == [False] * module.PATIENT_TRIES + [True]
    assert any(isinstance(e, Noted) and "Accounting-On" in e.text for e in effects)
