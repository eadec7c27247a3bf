"""Filters read anew while sessions live by them.

A session that RADIUS has put under a filter by its name goes by that name's new rules. Where the
name is gone its rules stay: without any it would be free, and to end it is nobody's order.
"""

from collections import Counter
from collections.abc import Iterable

from l2tpsec.concentrator.aaa import restrictions
from l2tpsec.concentrator.aaa.restrictions import Filters, Unobeyable
from l2tpsec.concentrator.effects import Report
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Turn
from l2tpsec.model.policy import Filter
from l2tpsec.model.records import Level, Noted, Phase


class Revision:
    """What `new` filters in place of `old` ones change; sessions are brought to it by and by."""

    def __init__(self, old: Filters, new: Filters) -> None:
        self._filters = new
        self._touched = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        self._found: dict[tuple[str, ...], Filter | Unobeyable] = {}
        self._revised: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    @property
    def needed(self) -> bool:
        """Whether any filter has changed, is new or is gone."""
        return bool(self._touched)

    def revise(self, subscribers: Iterable[Subscriber], now: float) -> list[Turn]:
        """Hold sessions to the rules that their filters have now."""
        turns = []
        for subscriber in subscribers:
            names = subscriber.policy.filter.named
            if self._touched.isdisjoint({*names, *map(restrictions.base, names)}):
                continue
            found = self._resolved(names)
            if isinstance(found, Unobeyable):
                self._kept[str(found)] += 1
            else:
                self._revised[found.name] += 1
                turns.append((subscriber, subscriber.refilter(found, now)))
        return turns

    def _resolved(self, names: tuple[str, ...]) -> Filter | Unobeyable:
        if names not in self._found:
            try:
                self._found[names] = restrictions.named(names, self._filters)
            except Unobeyable as error:
                self._found[names] = error
        return self._found[names]

    def reports(self) -> list[Report]:
        """Say what became of sessions, in a line for each filter."""
        lines = [
            (Level.INFO, f"the new rules of filter {name} hold for {_many(count)}")
            for name, count in self._revised.items()
        ]
        lines += [
            (Level.WARNING, f"{text}; the old rules stay for {_many(count)}")
            for text, count in self._kept.items()
        ]
        return [Report(Noted(Phase.SESSION, level, text), "-") for level, text in lines]


def _many(count: int) -> str:
    return f"{count} session{'s' if count > 1 else ''}"
