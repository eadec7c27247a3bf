"""All sessions: by number, by L2TP session, by user; and which of them has something due."""

from collections.abc import Iterator

from l2tpsec.concentrator.effects import SubscriberEffect
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.groups import Groups
from l2tpsec.model.identifiers import PeerId

Turn = tuple[Subscriber, list[SubscriberEffect]]
"""A session, and what it wants done after it was told."""


class Subscribers:
    """Every session of the box, one agenda for the timers of all."""

    def __init__(self) -> None:
        self._by_number: dict[int, Subscriber] = {}
        self._by_session: dict[tuple[PeerId, int, int], Subscriber] = {}
        self._by_user: Groups[str] = Groups()
        self._agenda: Agenda[int] = Agenda()

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(list(self._by_number.values()))

    @property
    def numbers(self) -> list[int]:
        """The numbers of all sessions, the oldest first."""
        return list(self._by_number)

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which one of them has something to do."""
        return self._agenda.deadline

    def add(self, subscriber: Subscriber) -> None:
        """Take in a new session."""
        self._by_number[subscriber.number] = subscriber
        self._by_session[_key(subscriber)] = subscriber
        subscriber.peer.sessions = (*subscriber.peer.sessions, subscriber.number)

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a session that is over."""
        self._by_number.pop(subscriber.number, None)
        self._by_session.pop(_key(subscriber), None)
        self._by_user.remove(subscriber.number)
        self._agenda.put(subscriber.number, None)
        left = (n for n in subscriber.peer.sessions if n != subscriber.number)
        subscriber.peer.sessions = tuple(left)

    def get(self, number: int) -> Subscriber | None:
        """Find a session by its number."""
        return self._by_number.get(number)

    def of_session(self, peer: PeerId, tunnel: int, session: int) -> Subscriber | None:
        """Find a session by our own L2TP ids, under its own peer only."""
        return self._by_session.get((peer, tunnel, session))

    def of_peer(self, peer: Peer | None) -> list[Subscriber]:
        """Return all sessions of a peer."""
        return [self._by_number[number] for number in peer.sessions] if peer else []

    def of_user(self, user: str) -> list[Subscriber]:
        """Return all sessions of a user, accepted or not."""
        return [self._by_number[number] for number in self._by_user.of(user)]

    def touch(self, subscriber: Subscriber) -> None:
        """Note the subscriber's deadline and user anew: something has happened to it."""
        number, user = subscriber.number, subscriber.user
        if number in self._by_number:
            self._agenda.put(number, subscriber.deadline)
            if user and self._by_user.key(number) != user:
                self._by_user.add(user, number)

    def due(self, now: float) -> list[Subscriber]:
        """Return those whose moment has come."""
        return [self._by_number[n] for n in self._agenda.due(now) if n in self._by_number]


def _key(subscriber: Subscriber) -> tuple[PeerId, int, int]:
    return subscriber.peer.id, subscriber.ids.tunnel, subscriber.ids.session
