"""Finds a peer by ISAKMP SA, by SPI, and by (remote endpoint, identity); never by address alone.

Two clients behind one NAT differ in the port of their mapping, even where all else is equal; a
client that authenticates again from the same mapping with the same identity is the same peer.
"""

from l2tpsec.concentrator.peer import Peer
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike.effects import IkeSaId


class Peers:
    """All peers of the box."""

    def __init__(self) -> None:
        self._next = 1
        self._by_id: dict[PeerId, Peer] = {}
        self._by_place: dict[tuple[Endpoint, str], Peer] = {}
        self._by_ike_sa: dict[IkeSaId, Peer] = {}
        self._by_spi: dict[int, Peer] = {}

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

    def authenticated(self, sa: IkeSaId, path: Path, identity: str, client: str) -> Peer:
        """Return the peer of a new ISAKMP SA: the one already there, or a new one."""
        peer = self._by_place.get((path.remote, identity)) or self._create(path, identity)
        peer.client = client
        peer.ike_sas = (*peer.ike_sas, sa)
        self._by_ike_sa[sa] = peer
        return peer

    def _create(self, path: Path, identity: str) -> Peer:
        peer = Peer(PeerId(self._next), path, identity, "")
        self._next += 1
        self._by_id[peer.id] = peer
        self._by_place[path.remote, identity] = peer
        return peer

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
        if self._by_place.get((peer.path.remote, peer.identity)) is peer:
            del self._by_place[peer.path.remote, peer.identity]
        peer.path = path
        self._by_place[path.remote, peer.identity] = peer

    def forget(self, peer: Peer) -> None:
        """Drop a peer of which nothing is left."""
        self._by_id.pop(peer.id, None)
        if self._by_place.get((peer.path.remote, peer.identity)) is peer:
            del self._by_place[peer.path.remote, peer.identity]
