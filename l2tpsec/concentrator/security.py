"""IPsec's side of the box: the IKE responder, the peers it lets in, and when they are let go."""

from collections.abc import Iterable
from typing import assert_never

from l2tpsec.concentrator.effects import (
    ConfirmPair,
    InstallPair,
    MergePeer,
    MovePeer,
    PeerGone,
    PeerRestarted,
    RemovePair,
    Report,
    SecurityEffect,
    TransmitIke,
    TransmitKeepalive,
)
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.peers import Peers
from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike import effects as ike
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.settings import IkeSettings

IDLE_SECONDS = 300.0
"""How long a peer may keep its SAs without a tunnel: Windows takes as long to delete idle ones."""
MOST_STRANGERS = 1024
"""Peers at one address of which none is a user's yet: a branch whose router restarts, no more."""
AWAITED_LAST = "L2TP tunnel"
"""What a peer with a pair has not had yet."""


class Security:
    """All peers and their SAs."""

    def __init__(self, settings: IkeSettings, entropy: Entropy) -> None:
        self.peers = Peers()
        self._ike = Responder(settings, entropy)
        self._idle: Agenda[PeerId] = Agenda()

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        moments = (self._ike.deadline, self._idle.deadline)
        return soonest(moments)

    def reload(self, settings: IkeSettings) -> None:
        """Take new settings for exchanges to come."""
        self._ike.reload(settings)

    def receive(self, data: bytes, path: Path, now: float) -> list[SecurityEffect]:
        """Take an ISAKMP message, the non-ESP marker removed."""
        return self._translated(self._ike.receive(data, path, now), str(path.remote), now)

    def expire(self, now: float) -> list[SecurityEffect]:
        """Do what is due; let go of peers that kept their SAs for nothing."""
        effects = self._translated(self._ike.expire(now), "-", now)
        for ident in self._idle.due(now):
            peer = self.peers.get(ident)
            if peer is not None:
                effects += self._outstayed(peer, now)
        return effects

    def _outstayed(self, peer: Peer, now: float) -> list[SecurityEffect]:
        if any(each.busy for each in self.peers.neighbours(peer)):
            # It may be the ISAKMP SA by which a client with a tunnel will renew its pairs.
            self.idle(peer.id, now)
            return []
        return self.dismiss(peer, "no tunnel for a long time", now)

    def shutdown(self, now: float) -> list[SecurityEffect]:
        """Say Delete to every peer."""
        return self._translated(self._ike.shutdown(now), "-", now)

    # what the data plane saw

    def moved(self, ident: PeerId, path: Path) -> list[SecurityEffect]:
        """Believe a new path: an authenticated packet came along it."""
        peer = self.peers.get(ident)
        return self._move(peer, path) if peer else []

    def recognized(self, ident: PeerId, peer: Peer | None) -> list[SecurityEffect]:
        """Take two peers for one client: the newcomer showed what only `peer` can know.

        Who has a tunnel of its own is nobody else.
        """
        newcomer = self.peers.get(ident)
        if not (newcomer and peer) or newcomer is peer or newcomer.busy or newcomer.sessions:
            return []
        path, newcomer.awaited = newcomer.path, ""
        self.peers.merge(newcomer, peer)
        merged = MergePeer(newcomer.id, peer.id)
        return [merged, *self._move(peer, path), *self.tidy(newcomer)]

    def used(self, inbound_spi: int, now: float) -> list[SecurityEffect]:
        """Take a pair's first packet for the lost last message of its Quick Mode."""
        return self._translated(self._ike.confirmed(inbound_spi, now), "-", now)

    def missed(self, inbound_spi: int) -> bool:
        """Tell whether a pair has ended of which its peer may not know."""
        return inbound_spi in self._ike.farewells

    def remind(
        self, inbound_spi: int, octets: int, remote: Endpoint, now: float
    ) -> list[SecurityEffect]:
        """Answer an ESP packet on a pair that has ended by its Delete once more."""
        told = self._ike.farewells.pair(inbound_spi, octets, remote, now)
        return self._translated(told, str(remote), now)

    def worn(self, inbound_spi: int, reason: str, now: float) -> list[SecurityEffect]:
        """End a pair that may carry no more."""
        return self._translated(self._ike.close_pair(inbound_spi, reason, now), "-", now)

    # how long a peer stays

    def busy(self, ident: PeerId) -> None:
        """Note that the peer has a tunnel: its SAs serve something."""
        self._idle.put(ident, None)
        if peer := self.peers.get(ident):
            peer.busy, peer.awaited = True, ""

    def idle(self, ident: PeerId, now: float) -> None:
        """Note that the peer has no tunnel: it has some minutes to make one."""
        if peer := self.peers.get(ident):
            peer.busy = False
            self._idle.put(ident, now + IDLE_SECONDS)

    def dismiss(self, peer: Peer, reason: str, now: float) -> list[SecurityEffect]:
        """End all SAs of a peer, telling it by Delete."""
        effects: list[SecurityEffect] = []
        for inbound_spi in list(peer.pairs):
            ended = self._ike.close_pair(inbound_spi, reason, now)
            effects += self._translated(ended, peer.label, now)
        for sa in list(peer.ike_sas):
            effects += self._translated(self._ike.close(sa, now), peer.label, now)
        return effects

    def tidy(self, peer: Peer) -> list[SecurityEffect]:
        """Forget a peer of which nothing is left."""
        if not peer.forgotten:
            return []
        self.peers.forget(peer)
        self._idle.put(peer.id, None)
        return [*self._fruitless(peer), PeerGone(peer.id)]

    def _fruitless(self, peer: Peer) -> list[SecurityEffect]:
        """Tell of a dial-in that never came to L2TP, where nobody else would.

        Beside a client with a tunnel it may be the ISAKMP SA that renewed nothing.
        """
        if not peer.awaited or any(each.busy for each in self.peers.neighbours(peer)):
            return []
        phase = Phase.L2TP if peer.awaited == AWAITED_LAST else Phase.QUICK_MODE
        return [Report(Noted(phase, Level.INFO, f"gone before any {peer.awaited}"), peer.label)]

    # effects of IKE

    def _translated(
        self, effects: Iterable[ike.Effect], label: str, now: float
    ) -> list[SecurityEffect]:
        return [mine for effect in effects for mine in self._translate(effect, label, now)]

    def _translate(  # noqa: C901, PLR0911, PLR0912 - a case an effect
        self, effect: ike.Effect, label: str, now: float
    ) -> list[SecurityEffect]:
        match effect:
            case ike.Transmit(path, data):
                return [TransmitIke(path, data)]
            case ike.Keepalive(path):
                return [TransmitKeepalive(path)]
            case ike.IkeSaEstablished():
                return self._let_in(effect, now)
            case ike.IkeSaMoved(sa, path):
                peer = self.peers.of_ike_sa(sa)
                return self._move(peer, path) if peer else []
            case ike.InitialContact(sa):
                peer = self.peers.of_ike_sa(sa)
                return self._start_afresh(peer, sa, now) if peer else []
            case ike.PairClaimed(sa, inbound_spi):
                return self._claimed(sa, self.peers.of_spi(inbound_spi))
            case ike.IkeSaClaimed(sa, former):
                return self._claimed(sa, self.peers.of_ike_sa(former))
            case ike.SaPairAgreed(sa, pair):
                peer = self.peers.of_ike_sa(sa)
                return self._install(peer, pair) if peer else []
            case ike.SaPairConfirmed(inbound_spi=inbound_spi):
                peer = self.peers.of_spi(inbound_spi)
                return [ConfirmPair(peer.id, inbound_spi)] if peer else []
            case ike.SaPairEnded(inbound_spi=inbound_spi):
                peer = self.peers.end_pair(inbound_spi)
                return [RemovePair(peer.id, inbound_spi), *self.tidy(peer)] if peer else []
            case ike.IkeSaEnded(sa=sa):
                peer = self.peers.end_ike_sa(sa)
                return self.tidy(peer) if peer else []
            case Noted(place=place):
                return [Report(effect, place or label)]
            case Dropped():
                return [Report(effect, label)]
            case _ as unreachable:
                assert_never(unreachable)

    def _let_in(self, established: ike.IkeSaEstablished, now: float) -> list[SecurityEffect]:
        known = len(self.peers)
        peer = self.peers.authenticated(established)
        if len(self.peers) > known:
            self.idle(peer.id, now)
        crowd = self.peers.oldest_stranger(established.proven, MOST_STRANGERS)
        if crowd is None:
            return []
        return [PeerRestarted(crowd.id), *self.dismiss(crowd, "too many from one address", now)]

    def _install(self, peer: Peer, pair: SaPair) -> list[SecurityEffect]:
        self.peers.add_pair(peer, pair.without_keys())
        if peer.awaited:
            peer.awaited = AWAITED_LAST
        return [InstallPair(peer.id, pair)]

    def _move(self, peer: Peer, path: Path) -> list[SecurityEffect]:
        if peer.path == path:
            return []
        text = f"the client's address or port changed to {path.remote}"
        report = Report(Noted(Phase.ESP, Level.INFO, text), peer.label)
        self._ike.moved(peer.ike_sas, peer.pairs, path)
        self.peers.move(peer, path)
        return [report, MovePeer(peer.id, path)]

    def _claimed(self, sa: ike.IkeSaId, peer: Peer | None) -> list[SecurityEffect]:
        newcomer = self.peers.of_ike_sa(sa)
        return self.recognized(newcomer.id, peer) if newcomer else []

    def _start_afresh(self, peer: Peer, sa: ike.IkeSaId, now: float) -> list[SecurityEffect]:
        """Obey INITIAL-CONTACT (RFC 2407 section 4.6.3.3): what the client had before is gone.

        Behind a NAT it has nothing yet: what another had at its place may be another client's,
        whose silence tells in time.
        """
        new = self._ike.made(sa)
        former = [spi for spi in peer.pairs if spi not in new]
        effects: list[SecurityEffect] = [PeerRestarted(peer.id)] if former else []
        for inbound_spi in former:
            ended = self._ike.close_pair(inbound_spi, "the client started afresh", now)
            effects += self._translated(ended, peer.label, now)
        return effects
