"""One session on a bench, with a meter and a clock that the test turns."""

from ipaddress import IPv4Address

from l2tpsec.concentrator import holdings
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.effects import StartForwarding
from l2tpsec.concentrator.ipv6 import Ipv6, Supply
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.session import Caller, Output, Session, Surroundings
from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.model.counters import Counters
from l2tpsec.model.grant import Grant
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ppp.settings import PppSettings

ADDRESS = "10.99.0.2"
BEGUN = 1000.0
IDS = SessionIds(1, 2, 3, 4, 1701)
DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
SETTINGS = AddressSettings(groups={"blue": 100})


def entropy(count: int) -> bytes:
    return bytes((128,)) * count


class SessionBench:
    """Starts a session at once; `started` is what it wanted first."""

    def __init__(self, grant: Grant, usual: int = 0) -> None:
        self.counters = Counters()
        self.now = BEGUN
        supply = Supply(holdings.prefixes(SETTINGS), bytes(18), entropy)
        self.around = Surroundings(
            PppSettings(),
            SETTINGS,
            holdings.chain(SETTINGS),
            lambda *_: self.counters,
            entropy,
            usual,
            1500,
            supply,
            Sites(SETTINGS),
        )
        path = Path(Endpoint("192.0.2.1", 4500), Endpoint("203.0.113.5", 4500))
        peer = Peer(PeerId(1), path, "", "", behind_nat=True, proven=path.remote.address)
        ipv6 = Ipv6(peer.id, IDS, 7, supply)
        address = IPv4Address(ADDRESS)
        self.session = Session(Caller(7, peer, IDS, DIALIN), grant, address, ipv6, self.around)
        self.forwarding = StartForwarding(peer.id, IDS, address, 1400, pfc=False, acfc=False)
        self.started = self.session.start(self.forwarding, self.now)

    def run(self, seconds: float) -> list[Output]:
        """Let time pass; return what came due."""
        outputs: list[Output] = []
        until = self.now + seconds
        while (deadline := self.session.deadline) is not None and deadline <= until:
            self.now = deadline
            outputs += self.session.expire(self.now)
        self.now = until
        return outputs
