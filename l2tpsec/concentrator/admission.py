"""Whether a session that RADIUS accepts may be: as other workers, and its user's sessions, have it.

An address that RADIUS names is asked for among the workers first (`claims`); then the sessions that
the user has are counted (`aaa.occupancy`).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.concentrator.aaa import occupancy
from l2tpsec.concentrator.aaa.occupancy import Occupancy
from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.claims import Claims
from l2tpsec.concentrator.effects import (
    Admit,
    Apply,
    Claim,
    Decline,
    Displace,
    Probe,
    SubscriberEffect,
)
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers, Turn
from l2tpsec.model.cause import Cause

Output = Claim | Turn


class Admission:
    """Decides for the sessions in `subscribers`; `alone` no other worker need be asked."""

    def __init__(self, subscribers: Subscribers, chain: Chain, *, alone: bool) -> None:
        self._subscribers = subscribers
        self._claims = Claims(subscribers, chain, alone=alone)
        self._occupancy = Occupancy(self._packets)

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        return self._occupancy.deadline

    def apply(self, wish: Apply, now: float) -> list[Output]:
        """Take a session's application; the session hears of it now or later."""
        claim = self._claims.claim(wish)
        return [claim] if claim else [*self._count(wish, now)]

    def claimed(self, number: int, refusal: str, now: float) -> list[Turn]:
        """Take the other workers' answer to a Claim; "" if they have no objection."""
        wish = self._claims.answered(number, refusal)
        return self._count(wish, now) if wish else []

    def concede(self, user: str, address: IPv4Address, now: float) -> tuple[str, list[Turn]]:
        """Let another worker's user have an address, or say why not."""
        refusal, ending = self._claims.concede(user, address)
        return refusal, _replaced(ending, now)

    def evict(self, subscriber: Subscriber, number: int, now: float) -> list[Turn]:
        """Let a session have the address of another one, or tell it why not."""
        refusal, ending = self._claims.evict(subscriber.user, number)
        if refusal:
            return [(subscriber, subscriber.refuse_address(refusal, now))]
        return [*_replaced(ending, now), (subscriber, subscriber.find_address(now))]

    def heard(self, number: int, now: float) -> list[Turn]:
        """Note that a session's client has sent a frame."""
        return self._turns(self._occupancy.heard(number), now)

    def gone(self, number: int, now: float) -> list[Turn]:
        """Note that a session is over."""
        self._claims.forget(number)
        return self._turns(self._occupancy.gone(number), now)

    def expire(self, now: float) -> list[Turn]:
        """Do what is due."""
        return self._turns(self._occupancy.expire(now), now)

    def _count(self, wish: Apply, now: float) -> list[Turn]:
        return self._turns(self._occupancy.apply(wish, now), now)

    def _packets(self, number: int) -> int:
        subscriber = self._subscribers.get(number)
        return subscriber.counters.input_packets if subscriber else 0

    def _turns(self, outputs: Iterable[occupancy.Output], now: float) -> list[Turn]:
        found = ((self._subscribers.get(output.number), output) for output in outputs)
        return [(who, _told(who, output, now)) for who, output in found if who is not None]


def _replaced(ending: Iterable[Subscriber], now: float) -> list[Turn]:
    return [(holder, holder.lost(Cause.REPLACED, "", now)) for holder in ending]


def _told(subscriber: Subscriber, output: occupancy.Output, now: float) -> list[SubscriberEffect]:
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
