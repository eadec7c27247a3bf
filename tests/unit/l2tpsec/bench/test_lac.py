import random

import pytest

from l2tpsec.bench.lac import RETRY_SECONDS, SESSION, TUNNEL, Lac
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.identifiers import PeerId
from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.effects import CallEnded, CallEstablished, Effect, Transmit, TunnelEnded
from l2tpsec.protocols.l2tp.header import ControlHeader, decode_control, encode_control
from l2tpsec.protocols.l2tp.lns import Lns
from l2tpsec.protocols.l2tp.settings import L2tpSettings

PEER = PeerId(1)


class Wire:
    """The client and our LNS; what `loses` names by number on its way to the LNS never arrives."""

    def __init__(self, loses: frozenset[int] = frozenset()) -> None:
        self.lac = Lac()
        self.lns = Lns(L2tpSettings(), random.Random(1).randbytes)
        self.loses = loses
        self.facts: list[Effect] = []
        self.sent = 0

    def carry(self, datagrams: list[bytes], now: float = 0.0) -> None:
        waiting = list(datagrams)
        while waiting:
            data = waiting.pop(0)
            self.sent += 1
            if self.sent in self.loses:
                continue
            for effect in self.lns.receive(PEER, 1701, data, now):
                self.facts.append(effect)
                if isinstance(effect, Transmit):
                    waiting += self.lac.receive(effect.data, now)

    def said(self, kind: type[Effect]) -> list[Effect]:
        return [each for each in self.facts if isinstance(each, kind)]


def test_it_dials() -> None:
    wire = Wire()
    wire.carry(wire.lac.open(0.0))
    (call,) = wire.said(CallEstablished)
    assert isinstance(call, CallEstablished)
    assert wire.lac.up
    ids = call.ids
    assert (ids.tunnel, ids.session) == (wire.lac.tunnel, wire.lac.session)
    assert (ids.peer_tunnel, ids.peer_session) == (TUNNEL, SESSION)
    assert wire.lac.deadline is None


@pytest.mark.parametrize("lost", range(1, 5))
def test_what_is_lost_is_sent_again(lost: int) -> None:
    wire = Wire(loses=frozenset({lost}))
    wire.carry(wire.lac.open(0.0))
    assert not wire.said(CallEstablished)
    assert wire.lac.expire(RETRY_SECONDS / 2) == []
    wire.carry(wire.lac.expire(RETRY_SECONDS), RETRY_SECONDS)
    assert len(wire.said(CallEstablished)) == 1
    assert wire.lac.up


def test_it_hangs_up() -> None:
    wire = Wire()
    wire.carry(wire.lac.open(0.0))
    wire.carry(wire.lac.hang_up(1.0), 1.0)
    assert len(wire.said(CallEnded)) == 1
    assert len(wire.said(TunnelEnded)) == 1
    assert not wire.lac.up


def test_the_servers_goodbye_says_why() -> None:
    wire = Wire()
    wire.carry(wire.lac.open(0.0))
    result = avp.encode(avp.RESULT_CODE, avp.ResultCode(2, 4, "no more room"))
    body = messages.encode(messages.CDN, result)
    header = ControlHeader(TUNNEL, SESSION, 2, 4)
    (answer,) = wire.lac.receive(encode_control(header, body), 1.0)
    assert decode_control(answer)[0].nr == 3
    assert (wire.lac.up, wire.lac.ended) == (False, "CDN, 2/4 no more room")


def test_an_old_message_is_acknowledged_again_and_not_taken() -> None:
    wire = Wire()
    wire.carry(wire.lac.open(0.0))
    session = wire.lac.session
    icrp = messages.encode(messages.ICRP, avp.encode(avp.ASSIGNED_SESSION_ID, 99))
    (answer,) = wire.lac.receive(encode_control(ControlHeader(TUNNEL, SESSION, 1, 4), icrp), 1.0)
    assert decode_control(answer) == (ControlHeader(wire.lac.tunnel, 0, 4, 2), b"")
    assert wire.lac.session == session


def test_what_is_no_control_message_is_malformed() -> None:
    with pytest.raises(Malformed):
        Lac().receive(b"\x00\x02\x00\x01", 0.0)
