"""Finds a peer by ISAKMP SA and by SPI; never by its address, which its NAT may give to another.

Behind a NAT each new ISAKMP SA is a peer of its own until it proves to be of one that is there
already: two clients may be alike in all but their keys, and even have the same place in turn.
"""

from l2tpsec.concentrator.peer import Peer
from l2tpsec.foundation.groups import Groups
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike.effects import IkeSaEstablished, IkeSaId


class Peers:
    """All peers of the box."""

    def __init__(self) -> None:
        self._next = 1
        self._by_id: dict[PeerId, Peer] = {}
        self._by_place: dict[tuple[Endpoint, str], tuple[Peer, ...]] = {}
        self._by_ike_sa: dict[IkeSaId, Peer] = {}
        self._by_spi: dict[int, Peer] = {}
        self._strangers: Groups[str] = Groups()  # by their proven address

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def ike_sas(self) -> int:
        """How many ISAKMP SAs are up."""
        return len(self._by_ike_sa)

    @property
    def pairs(self) -> int:
        """How many pairs of ESP SAs are up."""
        return len(self._by_spi)

    def get(self, peer: PeerId) -> Peer | None:
        """Find a peer by its number."""
        return self._by_id.get(peer)

    def of_ike_sa(self, sa: IkeSaId) -> Peer | None:
        """Find the peer that authenticated in this ISAKMP SA."""
        return self._by_ike_sa.get(sa)

    def of_spi(self, inbound_spi: int) -> Peer | None:
        """Find the peer that holds this pair."""
        return self._by_spi.get(inbound_spi)

    def oldest_stranger(self, address: str, most: int) -> Peer | None:
        """Return the first at an address that is no user's yet, where there are more than `most`.

        All that these know is a key that many know, and yet they have SAs, tunnels, calls.
        """
        if self._strangers.count(address) <= most:
            return None
        return self._by_id[PeerId(self._strangers.of(address)[0])]

    def welcome(self, peer: PeerId) -> None:
        """Note that RADIUS has let a user of this peer in."""
        self._strangers.remove(peer)

    def neighbours(self, peer: Peer) -> tuple[Peer, ...]:
        """Return the other peers of its identity that we know at its place: one client, or two."""
        here = self._by_place.get((peer.path.remote, peer.identity), ())
        return tuple(each for each in here if each is not peer)

    def authenticated(self, established: IkeSaEstablished) -> Peer:
        """Return the peer of a new ISAKMP SA; without a NAT its place is one client's for good."""
        place = established.path.remote, established.identity
        known = next((p for p in self._by_place.get(place, ()) if not p.behind_nat), None)
        peer = known if known and not established.behind_nat else self._create(established)
        peer.client, peer.suite = established.client, established.suite
        peer.proven = established.proven
        peer.ike_sas = (*peer.ike_sas, established.sa)
        self._by_ike_sa[established.sa] = peer
        return peer

    def _create(self, established: IkeSaEstablished) -> Peer:
        ident, path = PeerId(self._next), established.path
        who = established.identity, "", established.behind_nat, established.proven
        peer = Peer(ident, path, *who)
        self._next += 1
        self._by_id[peer.id] = peer
        self._settle(peer)
        self._strangers.add(peer.proven, peer.id)
        return peer

    def _settle(self, peer: Peer) -> None:
        place = peer.path.remote, peer.identity
        self._by_place[place] = (*self._by_place.get(place, ()), peer)

    def _leave(self, peer: Peer) -> None:
        others = self.neighbours(peer)
        if others:
            self._by_place[peer.path.remote, peer.identity] = others
        else:
            self._by_place.pop((peer.path.remote, peer.identity), None)

    def end_ike_sa(self, sa: IkeSaId) -> Peer | None:
        """Forget an ISAKMP SA; its pairs live on."""
        peer = self._by_ike_sa.pop(sa, None)
        if peer is not None:
            peer.ike_sas = tuple(each for each in peer.ike_sas if each != sa)
        return peer

    def add_pair(self, peer: Peer, pair: SaPair) -> None:
        """Note a new pair, the newest of its peer."""
        peer.pairs[pair.inbound_spi] = pair
        self._by_spi[pair.inbound_spi] = peer

    def end_pair(self, inbound_spi: int) -> Peer | None:
        """Forget a pair."""
        peer = self._by_spi.pop(inbound_spi, None)
        if peer is not None:
            peer.pairs.pop(inbound_spi, None)
        return peer

    def move(self, peer: Peer, path: Path) -> None:
        """Note that the peer's packets come from elsewhere now."""
        self._leave(peer)
        peer.path = path
        self._settle(peer)

    def merge(self, newcomer: Peer, peer: Peer) -> None:
        """Let a peer have all SAs of a newcomer that is the same client."""
        peer.client, peer.suite = newcomer.client, newcomer.suite
        peer.behind_nat, peer.proven = newcomer.behind_nat, newcomer.proven
        peer.ike_sas += newcomer.ike_sas
        peer.pairs |= newcomer.pairs
        self._by_ike_sa |= dict.fromkeys(newcomer.ike_sas, peer)
        self._by_spi |= dict.fromkeys(newcomer.pairs, peer)
        newcomer.ike_sas, newcomer.pairs = (), {}

    def forget(self, peer: Peer) -> None:
        """Drop a peer of which nothing is left."""
        self._strangers.remove(peer.id)
        if self._by_id.pop(peer.id, None):
            self._leave(peer)
