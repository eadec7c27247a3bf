"""Whether a session that RADIUS accepts may be: as other workers, and its user's sessions, have it.

The sessions that the user has are counted (`aaa.occupancy`), and where RADIUS puts a session is
asked for (`claims`). Where there are several workers somebody above them rules for all, and one
that hears no ruling counts its own.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from l2tpsec.concentrator.aaa import occupancy
from l2tpsec.concentrator.aaa.occupancy import Occupancy
from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.prefixes import Reserves
from l2tpsec.concentrator.claims import Claims, Place
from l2tpsec.concentrator.effects import (
    Admit,
    Apply,
    Claim,
    Decline,
    Displace,
    Probe,
    Proven,
    Ruling,
    SubscriberEffect,
)
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers, Turn
from l2tpsec.model.cause import Cause

Output = Claim | Proven | Turn


class Admission:
    """Decides for the sessions in `subscribers`; `alone` no other worker need be asked."""

    def __init__(
        self, subscribers: Subscribers, chain: Chain, prefixes: Reserves, *, alone: bool
    ) -> None:
        self._subscribers = subscribers
        self._claims = Claims(subscribers, chain, prefixes, alone=alone)
        self._occupancy = Occupancy(self._packets)

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        return self._occupancy.deadline

    def apply(self, wish: Apply, now: float) -> list[Output]:
        """Take a session's application; the session hears of it now or later."""
        claim = self._claims.claim(wish)
        return [claim] if claim else self._count(wish, now)

    def claimed(self, number: int, ruling: Ruling | None, now: float) -> list[Output]:
        """Take the answer to a Claim; None if there is none."""
        if ruling is not None and ruling.refusal:
            # nobody was asked for the address that it wanted
            return self._turns([Decline(number, ruling.refusal)], now)
        wish = self._claims.answered(number, ruling or Ruling())
        if wish is None:
            return []
        if ruling is None:
            return self._count(wish, now)
        return self._turns(self._occupancy.admit(number, wish.user), now)

    def members(self, user: str) -> list[Subscriber]:
        """Return a user's sessions, the oldest first."""
        found = map(self._subscribers.get, self._occupancy.members(user))
        return [subscriber for subscriber in found if subscriber is not None]

    def prove(self, token: int, user: str, now: float) -> list[Output]:
        """Find out who of a user's sessions lives, for another worker; Proven follows."""
        return self._turns(self._occupancy.prove(token, user, now), now)

    def displace(self, numbers: Sequence[int], now: float) -> list[Output]:
        """Let sessions make room for another worker's."""
        return self._turns(self._occupancy.displace(numbers), now)

    def concede(self, user: str, place: Place, now: float) -> tuple[str, list[Turn]]:
        """Let another worker's user have an address or a prefix, or say why not."""
        refusal, ending = self._claims.concede(user, place)
        return refusal, _replaced(ending, now)

    def withhold(self, place: Place) -> None:
        """Lease a place that may be in use elsewhere to none but whom RADIUS names it for."""
        self._claims.withhold(place)

    def evict(self, subscriber: Subscriber, number: int, now: float) -> list[Turn]:
        """Let a session have the address of another one, or tell it why not."""
        refusal, ending = self._claims.evict(subscriber.user, number)
        if refusal:
            return [(subscriber, subscriber.refuse_address(refusal, now))]
        return [*_replaced(ending, now), (subscriber, subscriber.find_address(now))]

    def heard(self, number: int, now: float) -> list[Output]:
        """Note that a session's client has sent a frame."""
        return self._turns(self._occupancy.heard(number), now)

    def gone(self, number: int, now: float) -> list[Output]:
        """Note that a session is over."""
        self._claims.forget(number)
        return self._turns(self._occupancy.gone(number), now)

    def expire(self, now: float) -> list[Output]:
        """Do what is due."""
        return self._turns(self._occupancy.expire(now), now)

    def _count(self, wish: Apply, now: float) -> list[Output]:
        return self._turns(self._occupancy.apply(wish, now), now)

    def _packets(self, number: int) -> int:
        subscriber = self._subscribers.get(number)
        return subscriber.counters.input_packets if subscriber else 0

    def _turns(self, outputs: Iterable[occupancy.Output], now: float) -> list[Output]:
        mine: list[Output] = []
        for output in outputs:
            if isinstance(output, Proven):
                mine.append(output)
            elif (subscriber := self._subscribers.get(output.number)) is not None:
                mine.append((subscriber, _told(subscriber, output, now)))
        return mine


def _replaced(ending: Iterable[Subscriber], now: float) -> list[Turn]:
    return [(holder, holder.lost(Cause.REPLACED, "", now)) for holder in ending]


def _told(
    subscriber: Subscriber, output: Admit | Decline | Displace | Probe, now: float
) -> list[SubscriberEffect]:
    match output:
        case Admit():
            return subscriber.admitted(now)
        case Decline(text=text):
            return subscriber.declined(text, now)
        case Probe():
            return subscriber.probe(now)
        case Displace(cause=Cause.LOST_CARRIER as cause):
            return subscriber.lost(cause, "no answer to the question whether it lives", now)
        case Displace(cause=cause):
            return subscriber.close(cause, now)
        case _ as unreachable:
            assert_never(unreachable)
