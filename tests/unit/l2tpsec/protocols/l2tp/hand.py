"""Messages by hand, for what no well-behaved client sends."""

from l2tpsec.model.identifiers import PeerId
from l2tpsec.protocols.l2tp.effects import CallEstablished, Effect, Report, Transmit
from l2tpsec.protocols.l2tp.lns import Lns
from tests.peers import lac
from tests.peers.lac import avp, datagram, message, u16, u32

PEER = PeerId(1)
ICRQ = message(lac.ICRQ, avp(14, u16(5)), avp(15, u32(0)))
ICCN = message(lac.ICCN, avp(24, u32(1)), avp(19, u32(1)))


def sccrq(tunnel: int = 1, *more: bytes) -> bytes:
    fields = avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"pc"), avp(9, u16(tunnel))
    return message(lac.SCCRQ, *fields, *more)


def sent(effects: list[Effect]) -> list[bytes]:
    return [effect.data for effect in effects if isinstance(effect, Transmit)]


def kinds(effects: list[Effect]) -> list[int]:
    """The message types that a list of effects sends; 0 is a ZLB."""
    return [int.from_bytes(data[18:20]) for data in sent(effects)]


def records(effects: list[Effect]) -> str:
    return " ".join(str(effect.record) for effect in effects if isinstance(effect, Report))


def facts(effects: list[Effect]) -> list[str]:
    """Names of the effects that are neither datagrams nor reports."""
    return [type(e).__name__ for e in effects if not isinstance(e, Transmit | Report)]


def first(lns: Lns, peer: PeerId = PEER, tunnel: int = 1) -> int:
    """Send SCCRQ; return our tunnel."""
    reply = sent(lns.receive(peer, 1701, datagram(0, 0, 0, 0, sccrq(tunnel)), 0.0))[0]
    return int.from_bytes(lac.parse(reply[12:])[0, 9])


def connect(lns: Lns, peer: PeerId = PEER, tunnel: int = 1) -> int:
    """Send SCCRQ and SCCCN; return our tunnel."""
    ours = first(lns, peer, tunnel)
    effects = lns.receive(peer, 1701, datagram(ours, 0, 1, 1, message(lac.SCCCN)), 0.0)
    assert kinds(effects) == [0]
    return ours


def place(lns: Lns, peer: PeerId = PEER, tunnel: int = 1) -> tuple[int, int]:
    """Go as far as ICRP; return our tunnel and session."""
    ours = connect(lns, peer, tunnel)
    effects = lns.receive(peer, 1701, datagram(ours, 0, 2, 1, ICRQ), 0.0)
    assert kinds(effects) == [lac.ICRP]
    return ours, int.from_bytes(sent(effects)[0][-2:])


def up(lns: Lns, peer: PeerId = PEER, tunnel: int = 1) -> tuple[int, int]:
    """Dial in; return our tunnel and session."""
    ours, session = place(lns, peer, tunnel)
    effects = lns.receive(peer, 1701, datagram(ours, session, 3, 2, ICCN), 0.0)
    assert kinds(effects[:1]) == [0]
    assert isinstance(effects[1], CallEstablished)
    return ours, session
