"""One remote host: its ISAKMP SAs, its pairs of ESP SAs, and where it is now."""

from dataclasses import dataclass, field

from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Path
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.esp.mtu import link_mtu
from l2tpsec.protocols.ike.effects import IkeSaId


@dataclass(slots=True)
class Peer:
    """Lives as long as it has an SA or a session; `busy` while it has an L2TP tunnel.

    `awaited` is what it has to do next on its way to a tunnel; empty once it has had one.
    `proven` is its address as far as it has shown to receive there, `path` where its last
    authenticated packet came from, which whoever sends it can forge.
    """

    id: PeerId
    path: Path
    identity: str
    client: str
    behind_nat: bool
    proven: str
    suite: str = ""
    busy: bool = False
    awaited: str = "Quick Mode"
    ike_sas: tuple[IkeSaId, ...] = ()
    pairs: dict[int, SaPair] = field(default_factory=dict)
    sessions: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """Outer address and port, as logs name a peer."""
        return str(self.path.remote)

    @property
    def forgotten(self) -> bool:
        """Tell whether nothing is left of it."""
        return not (self.ike_sas or self.pairs or self.sessions)

    def link_mtu(self, outer_mtu: int) -> int:
        """Return the octets of the longest inner packet on the newest pair."""
        if not self.pairs:
            return outer_mtu
        pair = next(reversed(self.pairs.values()))
        return link_mtu(pair.transform, encapsulated=pair.encapsulated, outer_mtu=outer_mtu)

    @property
    def ends(self) -> set[str]:
        """Our outer addresses: where its packets arrive, and where it sends them to."""
        dialled = {pair.dialled for pair in self.pairs.values() if pair.dialled}
        return {self.path.local.address} | dialled

    @property
    def outer(self) -> tuple[str, ...]:
        """The addresses between which its tunnel runs, its own first."""
        return self.path.remote.address, *sorted(self.ends)

    @property
    def encapsulated(self) -> bool:
        """Tell whether its ESP travels in UDP."""
        return bool(self.pairs) and next(reversed(self.pairs.values())).encapsulated

    @property
    def transform(self) -> str:
        """The newest pair's transform, in words."""
        return next(reversed(self.pairs.values())).transform.name if self.pairs else ""
