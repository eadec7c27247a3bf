"""Recognizes a client that comes with a new ISAKMP SA: by its session, never by its place.

A pre-shared key and a NAT make clients alike. Only a data message for a session of ours, in ESP of
the newcomer's own, shows that it is the client of that session. One that is silent is asked: it
gets an LCP Echo-Request for each session that may be its own, which another client ignores.
"""

from dataclasses import dataclass

from l2tpsec.concentrator.effects import Effect, SendControl, SendFrame
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.peers import Peers
from l2tpsec.concentrator.subscribers import Subscribers
from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.backoff import Backoff
from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.identifiers import PeerId
from l2tpsec.protocols.l2tp.header import data_prefix
from l2tpsec.protocols.l2tp.lns import Lns

QUESTIONS = Backoff(first_seconds=1, cap_seconds=8, attempts=6)
"""A question, or all but one of ten, may be lost."""

WRONG_SESSIONS = 8
"""How often a newcomer may name a tunnel of ours with a wrong session before it is not believed."""

GUESSES_AT_ONCE, GUESSES_PER_SECOND = 32.0, 1 / 300
"""How often newcomers together may name sessions of one peer. A session is one of 65,535 numbers,
and whoever shares its NAT and its key may come anew after each few wrong ones."""

MOST_ASKED = 16
"""Peers that a newcomer is asked about at a time."""

_ALL_STATIONS = b"\xff\x03"


@dataclass(slots=True)
class _Newcomer:
    """What was asked of a peer without a tunnel, and how often it was wrong."""

    questions: int = 0
    wrong: int = 0


class Recognition:
    """What is open between newcomers and the peers that they may be."""

    def __init__(self, peers: Peers, lns: Lns, subscribers: Subscribers) -> None:
        self._peers = peers
        self._lns = lns
        self._subscribers = subscribers
        self._newcomers: dict[PeerId, _Newcomer] = {}
        self._guesses: dict[PeerId, Bucket] = {}
        self._agenda: Agenda[PeerId] = Agenda()

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which a question is to be repeated."""
        return self._agenda.deadline

    def confirmed(self, ident: PeerId, now: float) -> list[Effect]:
        """Ask a newcomer that has a pair now whether it is one of those at its place."""
        peer = self._newcomer(ident)
        if peer is None or not any(each.sessions for each in self._peers.neighbours(peer)):
            return []
        return self._ask(peer, self._peers.neighbours(peer), now)

    def expire(self, now: float) -> list[Effect]:
        """Ask again."""
        return [e for ident in self._agenda.due(now) for e in self.confirmed(ident, now)]

    def control(self, ident: PeerId, datagram: bytes, now: float) -> list[Effect] | None:
        """Take a newcomer's control message for a tunnel of a peer that it may be.

        That is no proof: clients count their tunnels, and we mirror their numbers. It asks, and
        returns None where the message is to be answered as any other.
        """
        peer = self._newcomer(ident)
        other = self._alike(peer, int.from_bytes(datagram[4:6])) if peer else None
        if peer is None or other is None:
            return None
        return self._ask(peer, (other,), now) or None

    def named(self, ident: PeerId, tunnel: int, session: int, now: float) -> Peer | None:
        """Return the peer whose session a newcomer's data message is for, if it may be that one."""
        peer = self._newcomer(ident)
        other = self._alike(peer, tunnel) if peer else None
        if peer is None or other is None:
            return None
        state = self._state(peer)
        if state.wrong >= WRONG_SESSIONS or not self._may_guess(other, now):
            return None
        if self._subscribers.of_session(other.id, tunnel, session) is None:
            state.wrong += 1
            return None
        return other

    def dialled(self, ident: PeerId, now: float) -> None:
        """Note that a newcomer has a tunnel of its own; who is at its place may have rebooted."""
        self.forget(ident)
        peer = self._peers.get(ident)
        for other in self._peers.neighbours(peer) if peer else ():
            for subscriber in self._subscribers.of_peer(other):
                subscriber.heard_traffic(now)  # What came before is no answer.
            self._lns.doubt(other.id, now)

    def forget(self, ident: PeerId) -> None:
        """Drop what was open."""
        self._newcomers.pop(ident, None)
        self._guesses.pop(ident, None)
        self._agenda.put(ident, None)

    def _newcomer(self, ident: PeerId) -> Peer | None:
        peer = self._peers.get(ident)
        if peer is None or peer.sessions or self._lns.serves(ident):
            return None
        return peer

    def _alike(self, newcomer: Peer, tunnel: int) -> Peer | None:
        """Return another peer with that tunnel, of the newcomer's address and identity.

        Its port may differ: a NAT that has restarted gives each client any.
        """
        owner = self._lns.owner(tunnel)
        other = self._peers.get(owner) if owner is not None else None
        if other is None or other is newcomer or other.identity != newcomer.identity:
            return None
        same = other.path.remote.address == newcomer.path.remote.address
        return other if same else None

    def _may_guess(self, owner: Peer, now: float) -> bool:
        usual = Bucket(GUESSES_PER_SECOND, GUESSES_AT_ONCE)
        return self._guesses.setdefault(owner.id, usual).take(now)

    def _state(self, peer: Peer) -> _Newcomer:
        return self._newcomers.setdefault(peer.id, _Newcomer())

    def _ask(self, newcomer: Peer, others: tuple[Peer, ...], now: float) -> list[Effect]:
        state = self._state(newcomer)
        state.questions += 1
        wait = QUESTIONS.delay(state.questions)
        if wait is None:
            return []
        self._agenda.put(newcomer.id, now + wait)
        return [e for other in others[:MOST_ASKED] for e in self._question(newcomer.id, other, now)]

    def _question(self, newcomer: PeerId, other: Peer, now: float) -> list[Effect]:
        """Ask on the newcomer's own pair: by the other's, its client is asked anyway."""
        questions: list[Effect] = []
        for subscriber in self._subscribers.of_peer(other):
            for effect in subscriber.probe(now):
                if isinstance(effect, SendFrame):
                    ids = effect.ids
                    front = data_prefix(ids.peer_tunnel, ids.peer_session) + _ALL_STATIONS
                    questions.append(SendControl(newcomer, ids.port, front + effect.frame))
        return questions
