"""One PPP link with a clock, driven frame by frame, and shorthand for what comes out of it."""

from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import (
    Authenticate,
    Effect,
    LinkEnded,
    NetworkUp,
    NetworkWanted,
    SendFrame,
)
from l2tpsec.protocols.ppp.link import Link
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.phase import LinkPhase
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_pair import NETWORK

MAGIC = bytes(range(1, 5))
WISHES = b"\x01\x04\x05\x78\x05\x06WXYZ\x07\x02\x08\x02"
PAP_REQUEST = Packet(1, 1, b"\x05alice\x06secret")
ADDRESS = b"\x03\x06" + NETWORK.address.packed
SETTINGS = PppSettings(authentication=("pap",))


class Bench:
    """A link with a clock, and shorthand for what comes out of it."""

    def __init__(self, settings: PppSettings = SETTINGS) -> None:
        self.link = Link(settings, lambda octets: bytes(range(1, octets + 1)))
        self.now = 0.0
        assert self.link.open(0) == []

    def receive(self, protocol: int, packet: Packet) -> list[Effect]:
        return self.link.receive(frame.encode(protocol, packet.encode()), self.now)

    def lcp(self, code: int, identifier: int = 1, data: bytes = b"") -> list[Effect]:
        return self.receive(frame.LCP, Packet(code, identifier, data))

    def ipcp(self, code: int, identifier: int = 1, data: bytes = b"") -> list[Effect]:
        return self.receive(frame.IPCP, Packet(code, identifier, data))

    def wait(self, until: float) -> list[Effect]:
        effects: list[Effect] = []
        while self.link.deadline is not None and self.link.deadline <= until:
            self.now = self.link.deadline
            effects += self.link.expire(self.now)
        self.now = until
        return effects

    def established(self) -> "Bench":
        request = sent(self.lcp(1, 0, WISHES))[0][1]
        assert self.lcp(2, request.identifier, request.data)
        assert self.link.phase is LinkPhase.AUTHENTICATE
        return self

    def asked(self) -> "Bench":
        self.established()
        effects = self.receive(frame.PAP, PAP_REQUEST)
        assert only(effects, Authenticate)
        return self

    def accepted(self) -> "Bench":
        self.asked()
        effects = self.link.judged(Verdict(accepted=True), self.now)
        assert isinstance(effects[0], SendFrame)
        assert effects[1:] == [NetworkWanted()]
        return self

    def up(self) -> "Bench":
        self.accepted()
        request = sent(self.link.start_network(NETWORK, self.now))[0][1]
        self.ipcp(1, 5, ADDRESS)
        effects = self.ipcp(2, request.identifier, request.data)
        assert effects == [NetworkUp(NETWORK.address, 1400)]
        return self


def sent(effects: list[Effect]) -> list[tuple[int, Packet]]:
    frames = [frame.decode(e.frame) for e in effects if isinstance(e, SendFrame)]
    return [(protocol, Packet.decode(information)) for protocol, information in frames]


def codes(effects: list[Effect], protocol: int = frame.LCP) -> list[int]:
    return [packet.code for p, packet in sent(effects) if p == protocol]


def only(effects: list[Effect], kind: type[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def ended(effects: list[Effect]) -> LinkEnded:
    (end,) = only(effects, LinkEnded)
    assert isinstance(end, LinkEnded)
    return end
