"""Which session hears whether it may be; whole dial-ins are in tests/scenario/test_occupancy.py."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, cast

import pytest

from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.pool import Pool
from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves
from l2tpsec.concentrator.admission import Admission, Output
from l2tpsec.concentrator.effects import Apply, Claim, Proven, Ruling, SubscriberEffect
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters

if TYPE_CHECKING:
    from l2tpsec.concentrator.subscriber import Subscriber
    from l2tpsec.concentrator.subscribers import Subscribers

FIXED = IPv4Address("10.99.0.1")


@dataclass
class Session:
    """Writes down what it is told."""

    number: int
    user: str = "alice"
    counters: Counters = field(default_factory=Counters)
    told: list[str] = field(default_factory=list)

    def _note(self, words: str) -> list[SubscriberEffect]:
        self.told.append(words)
        return []

    def admitted(self, now: float) -> list[SubscriberEffect]:
        return self._note("admitted")

    def declined(self, text: str, now: float) -> list[SubscriberEffect]:
        return self._note(f"declined: {text}")

    def probe(self, now: float) -> list[SubscriberEffect]:
        return self._note("probe")

    def lost(self, cause: Cause, text: str, now: float) -> list[SubscriberEffect]:
        return self._note(f"lost {cause.name}")

    def close(self, cause: Cause, now: float) -> list[SubscriberEffect]:
        return self._note(f"close {cause.name}")

    def find_address(self, now: float) -> list[SubscriberEffect]:
        return self._note("find_address")

    def refuse_address(self, text: str, now: float) -> list[SubscriberEffect]:
        return self._note(f"refused: {text}")


class Desk:
    """Sessions 1 to 3, of which the first two are let in."""

    def __init__(self, *, alone: bool = True) -> None:
        self.sessions = {number: Session(number) for number in (1, 2, 3)}
        self.chain = Chain(("radius",), Pool([IPv4Network("10.99.0.0/30")], ()))
        subscribers = cast("Subscribers", self.sessions)
        self.admission = Admission(subscribers, self.chain, Reserves(Prefixes(None)), alone=alone)
        for number in (1, 2):
            self.admission.apply(Apply(number, "alice", None, replace=False), 0)
            self.sessions[number].told.clear()

    def apply(self, *, replace: bool = False, address: IPv4Address | None = None) -> list[Output]:
        return self.admission.apply(Apply(3, "alice", 2, replace, address), 0)

    def wait(self) -> None:
        while (deadline := self.admission.deadline) is not None:
            self.admission.expire(deadline)

    @property
    def told(self) -> list[list[str]]:
        return [session.told for session in self.sessions.values()]


def test_one_too_many_waits_for_signs_of_life_and_is_declined() -> None:
    desk = Desk()
    turns = [output for output in desk.apply() if isinstance(output, tuple)]
    assert [session.number for session, _ in turns] == [1, 2]
    desk.admission.heard(1, 1)
    desk.sessions[2].counters = Counters(input_packets=1)  # traffic is a sign as well
    desk.wait()
    assert desk.told[:2] == [["probe"], ["probe"]]
    assert desk.told[2][0].startswith("declined: all 2 sessions")


def test_the_silent_are_lost_and_the_new_one_is_admitted() -> None:
    desk = Desk()
    desk.apply()
    desk.wait()
    assert [told[-1] for told in desk.told] == [
        "lost LOST_CARRIER",
        "lost LOST_CARRIER",
        "admitted",
    ]


def test_the_oldest_is_closed_where_it_is_to_be_replaced() -> None:
    desk = Desk()
    desk.apply(replace=True)
    desk.admission.heard(1, 1)
    desk.admission.heard(2, 1)
    assert [told[-1] for told in desk.told] == ["close PREEMPTED", "probe", "admitted"]


def test_who_leaves_makes_room_and_who_has_left_hears_nothing() -> None:
    desk = Desk()
    desk.apply()
    del desk.sessions[1]
    assert len(desk.admission.gone(1, 1)) == 1
    assert desk.told[-1] == ["admitted"]


def test_other_workers_are_asked_before_the_users_sessions_are() -> None:
    desk = Desk(alone=False)
    assert desk.apply(address=FIXED) == [Claim(3, "alice", 2, replace=False, address=FIXED)]
    assert desk.told == [[], [], []]
    desk.admission.claimed(3, None, 1)
    assert desk.told == [["probe"], ["probe"], []], "without a ruling its own count"


@pytest.mark.parametrize(
    ("ruling", "told"),
    [
        (Ruling(), "admitted"),
        (Ruling(address_refusal="held"), "admitted"),
        (Ruling("no"), "declined: no"),
    ],
)
def test_what_is_ruled_for_all_workers_is_not_counted_again(ruling: Ruling, told: str) -> None:
    desk = Desk(alone=False)
    desk.apply(address=FIXED)
    desk.admission.claimed(3, ruling, 1)
    assert desk.told == [[], [], [told]]
    assert len(desk.admission.members("Alice")) == (3 if told == "admitted" else 2)


@pytest.mark.parametrize(
    ("ruling", "promised"), [(Ruling(), True), (Ruling("no session more"), False)]
)
def test_an_address_is_promised_to_whom_the_ruling_lets_in(ruling: Ruling, promised: bool) -> None:
    desk = Desk(alone=False)
    desk.apply(address=FIXED)
    desk.admission.claimed(3, ruling, 0)
    refusal, _ = desk.admission.concede("bob", FIXED, 1)
    assert bool(refusal) == promised


def test_other_workers_learn_who_lives_and_have_others_displaced() -> None:
    desk = Desk()
    desk.admission.prove(7, "ALICE", 0)
    assert desk.told == [["probe"], ["probe"], []]
    assert desk.admission.heard(2, 1) == []
    outputs: list[Output] = []
    while (deadline := desk.admission.deadline) is not None:
        outputs += desk.admission.expire(deadline)
    assert outputs[-1] == Proven(7, (2,))
    assert desk.told[0][-1] == "lost LOST_CARRIER"
    assert len(desk.admission.displace([2, 99], 5)) == 1
    assert desk.told[1][-1] == "close PREEMPTED"
    assert desk.admission.prove(8, "alice", 5) == [Proven(8, ())]


def test_the_others_answer_for_a_session_that_is_over_is_nothing() -> None:
    desk = Desk(alone=False)
    desk.apply(address=FIXED)
    desk.admission.gone(3, 1)
    assert desk.admission.claimed(3, Ruling(), 1) == []


def test_another_workers_user_gets_its_own_sessions_address_and_nobody_elses() -> None:
    desk = Desk()
    desk.chain.home(FIXED).reserve(FIXED, 1, "alice")
    assert "is held by 'alice'" in desk.admission.concede("bob", FIXED, 1)[0]
    assert desk.told[0] == []
    refusal, turns = desk.admission.concede("alice", FIXED, 1)
    assert (refusal, [session.number for session, _ in turns]) == ("", [1])
    assert desk.told[0] == ["lost REPLACED"]


@pytest.mark.parametrize(
    ("user", "first", "third"),
    [
        ("Alice", ["lost REPLACED"], ["find_address"]),
        ("bob", [], ["refused: the address that RADIUS wants is held by 'alice' (session 1)"]),
    ],
)
def test_a_session_takes_the_address_of_its_own_user(
    user: str, first: list[str], third: list[str]
) -> None:
    desk = Desk()
    desk.sessions[3].user = user
    desk.admission.evict(cast("Subscriber", desk.sessions[3]), 1, 1)
    assert desk.told == [first, [], third]


def test_an_address_whose_holder_has_left_is_free() -> None:
    desk = Desk()
    desk.admission.evict(cast("Subscriber", desk.sessions[3]), 99, 1)
    assert desk.told == [[], [], ["find_address"]]
