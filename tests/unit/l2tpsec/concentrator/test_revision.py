"""Which sessions go by new rules; whole clients are in tests/scenario/test_policy.py."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from l2tpsec.concentrator.aaa import restrictions
from l2tpsec.concentrator.effects import SubscriberEffect
from l2tpsec.concentrator.revision import Revision
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import NO_FILTER, Filter
from l2tpsec.model.records import Noted

if TYPE_CHECKING:
    from l2tpsec.concentrator.subscriber import Subscriber

IN, OUT = parse("deny in ip from any to any"), parse("deny out ip from any to any")
OLD = {"guests": Filter("guests", (IN,)), "staff": Filter("staff", (OUT,))}
NEW = {**OLD, "guests": Filter("guests", (IN, OUT))}


@dataclass
class Session:
    """Has a filter, and takes another."""

    filter: Filter

    @property
    def policy(self) -> SimpleNamespace:
        return SimpleNamespace(filter=self.filter)

    def refilter(self, new: Filter, now: float) -> list[SubscriberEffect]:
        self.filter = new
        return []


def under(*names: str) -> Session:
    return Session(restrictions.named(names, OLD))


def revised(
    old: dict[str, Filter], new: dict[str, Filter], *sessions: Session
) -> tuple[list[Any], list[str]]:
    revision = Revision(old, new)
    turns = revision.revise(cast("list[Subscriber]", sessions), 0.0)
    lines = [report.record for report in revision.reports()]
    return [turn[0] for turn in turns], [row.text for row in lines if isinstance(row, Noted)]


def test_whoever_is_under_a_filter_by_its_name_gets_its_new_rules() -> None:
    whole, side, both, other = (
        under("guests"),
        under("guests.out"),
        under("staff", "guests"),
        under("staff"),
    )
    free, own = Session(NO_FILTER), Session(Filter("guests", (IN,)))
    changed, lines = revised(OLD, NEW, whole, side, both, other, free, own)
    assert changed == [whole, side, both]
    assert [len(session.filter.rules) for session in (whole, side, both, other, own)] == [
        2,
        1,
        3,
        1,
        1,
    ]
    assert "the new rules of filter guests hold for 1 session" in lines
    assert len(lines) == 3


def test_rules_of_a_filter_that_is_gone_stay_and_one_line_says_so() -> None:
    first, second = under("guests"), under("guests")
    changed, lines = revised(OLD, {"staff": OLD["staff"]}, first, second)
    assert changed == []
    assert first.filter.rules == (IN,)
    (line,) = lines
    assert line.endswith(
        "there is no [filters.guests] in the configuration; the old rules stay for 2 sessions"
    )


def test_one_that_comes_back_holds_again() -> None:
    session = under("guests")
    assert revised({}, NEW, session)[0] == [session]


def test_without_a_change_nobody_is_looked_at() -> None:
    assert not Revision(OLD, {**OLD}).needed
    assert Revision(OLD, NEW).needed
