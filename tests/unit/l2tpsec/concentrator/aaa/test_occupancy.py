"""Who is let in, refused or ended when a user has as many sessions as may be."""

from collections import Counter

import pytest

from l2tpsec.concentrator.aaa.occupancy import MOST_PROBED, Occupancy, Output, judged
from l2tpsec.concentrator.effects import Admit, Apply, Decline, Displace, Probe, Proven
from l2tpsec.model.cause import Cause


class Desk:
    """Occupancy with a clock and with clients whose packets are counted."""

    def __init__(self, members: int = 1, most: int = 1, *, replace: bool = False) -> None:
        self.packets: Counter[int] = Counter()
        self.occupancy = Occupancy(lambda number: self.packets[number])
        self.most, self.replace = most, replace
        for number in range(1, members + 1):
            assert self.occupancy.apply(Apply(number, "alice", None, replace=False), 0) == [
                Admit(number)
            ]

    def apply(self, number: int, user: str = "alice", now: float = 0.0) -> list[Output]:
        return self.occupancy.apply(Apply(number, user, self.most, self.replace), now)

    def wait(self) -> list[Output]:
        outputs: list[Output] = []
        while (deadline := self.occupancy.deadline) is not None:
            outputs += self.occupancy.expire(deadline)
        return outputs


def decided(outputs: list[Output]) -> list[Output]:
    return [output for output in outputs if not isinstance(output, Probe)]


def test_while_there_is_room_nobody_is_asked() -> None:
    desk = Desk(members=1, most=2)
    assert desk.apply(9) == [Admit(9)]
    assert desk.occupancy.deadline is None
    assert desk.occupancy.count("ALICE") == 2


def test_users_do_not_count_for_one_another_but_letters_case_does_not_make_two() -> None:
    desk = Desk()
    assert desk.apply(8, "bob") == [Admit(8)]
    assert desk.apply(9, "Alice") == [Probe(1)]


def test_a_dead_session_makes_room_after_three_seconds() -> None:
    desk = Desk()
    assert desk.apply(9) == [Probe(1)]
    outputs = desk.wait()
    assert outputs.count(Probe(1)) == 2, "asked again each second"
    assert decided(outputs) == [Displace(1, Cause.LOST_CARRIER), Admit(9)]
    assert desk.occupancy.count("alice") == 1


def test_a_living_session_keeps_the_new_one_out_as_soon_as_it_answers() -> None:
    desk = Desk()
    desk.apply(9)
    (decline,) = desk.occupancy.heard(1)
    assert isinstance(decline, Decline)
    assert "Port-Limit" in decline.text
    assert desk.occupancy.deadline is None
    assert desk.occupancy.heard(1) == []


def test_packets_are_as_good_an_answer() -> None:
    desk = Desk()
    desk.apply(9)
    desk.packets[1] += 1
    (decline,) = decided(desk.wait())
    assert isinstance(decline, Decline)


def test_the_oldest_living_one_is_replaced_if_the_administrator_wants() -> None:
    desk = Desk(members=2, most=2, replace=True)
    desk.apply(9)
    assert desk.occupancy.heard(2) == []
    assert desk.occupancy.heard(1) == [Displace(1, Cause.PREEMPTED), Admit(9)]


def test_a_dead_one_goes_before_an_older_living_one() -> None:
    desk = Desk(members=2, most=2, replace=True)
    desk.apply(9)
    desk.occupancy.heard(1)
    assert decided(desk.wait()) == [Displace(2, Cause.LOST_CARRIER), Admit(9)]


def test_a_limit_that_was_lowered_is_reached() -> None:
    desk = Desk(members=3, most=1, replace=True)
    desk.apply(9)
    assert desk.occupancy.heard(1) == desk.occupancy.heard(2) == []
    outputs = desk.occupancy.heard(3)
    assert [o.number for o in outputs if isinstance(o, Displace)] == [1, 2, 3]
    assert outputs[-1] == Admit(9)


def test_no_session_at_all() -> None:
    (decline,) = Desk(members=0, most=0, replace=True).apply(9)
    assert isinstance(decline, Decline)


def test_one_that_ends_meanwhile_makes_room() -> None:
    desk = Desk()
    desk.apply(8)
    desk.apply(9)
    assert desk.occupancy.gone(1) == [Admit(8)]
    (decline,) = decided(desk.wait())
    assert isinstance(decline, Decline)
    assert decline.number == 9


def test_one_that_gives_up_waiting_is_forgotten() -> None:
    desk = Desk()
    desk.apply(9)
    assert desk.occupancy.gone(9) == []
    assert desk.occupancy.deadline is None
    assert desk.occupancy.gone(77) == []


def test_those_that_are_over_are_not_kept() -> None:
    desk = Desk(members=3)
    for number in (1, 2, 3):
        desk.occupancy.gone(number)
    assert desk.occupancy.count("alice") == 0
    assert len(desk.occupancy._members) == 0


def test_who_lives_is_told_when_all_have_answered_or_left() -> None:
    desk = Desk(members=3)
    assert desk.occupancy.prove(5, "Alice", 0) == [Probe(1), Probe(2), Probe(3)]
    assert desk.occupancy.heard(3) == desk.occupancy.gone(2) == []
    assert desk.occupancy.gone(1) == [Proven(5, (3,))]
    assert desk.occupancy.deadline is None


def test_the_dead_end_when_patience_is_over() -> None:
    desk = Desk(members=2)
    desk.occupancy.prove(5, "alice", 0)
    desk.occupancy.heard(1)
    assert decided(desk.wait()) == [Displace(2, Cause.LOST_CARRIER), Proven(5, (1,))]
    assert desk.occupancy.prove(6, "nobody", 0) == [Proven(6, ())]


def test_others_displace_those_that_are_there() -> None:
    desk = Desk(members=2)
    assert desk.occupancy.displace([2, 77]) == [Displace(2, Cause.PREEMPTED)]
    assert desk.occupancy.members("alice") == [1]
    assert desk.occupancy.admit(9, "Alice") == [Admit(9)]
    assert desk.occupancy.members("alice") == [1, 9]


@pytest.mark.parametrize(
    ("most", "replace", "expected"),
    [(3, False, ((), "")), (1, True, ((4, 6), "")), (2, False, ((), "all 2 sessions"))],
)
def test_the_rule_by_itself(most: int, *, replace: bool, expected: tuple[object, str]) -> None:
    leaving, refusal = judged((4, 6), most, replace=replace)
    assert (leaving, refusal[:14]) == expected


@pytest.mark.parametrize("members", [MOST_PROBED, 100])
def test_a_crowd_is_not_all_asked(members: int) -> None:
    desk = Desk(members=members, most=members)
    assert len(desk.apply(999)) == MOST_PROBED
