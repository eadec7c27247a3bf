import random
from collections import deque

import pytest

from l2tpsec.bench.ppp_client import MTU, RETRY_SECONDS, PppClient, Stage, ip_frame
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
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_pair import NETWORK, verify

PASSWORD = "secret"


class Wire:
    """The client and our link; RADIUS knows alice and her password."""

    def __init__(self, password: str = PASSWORD, settings: PppSettings | None = None) -> None:
        self.client = PppClient(b"alice", password, random.Random(1).randbytes)
        self.link = Link(settings or PppSettings(), random.Random(2).randbytes)
        self.proof: bytes | None = None
        self.effects: list[Effect] = []
        self._answers: deque[bytes] = deque()
        self.absorb(self.link.open(0.0), 0.0)

    def carry(self, frames: list[bytes], now: float = 0.0) -> None:
        """Hand frames of the client over, and what they cause to and fro, in their order."""
        waiting = deque(frames)
        while waiting:
            self.absorb(self.link.receive(waiting.popleft(), now), now)
            while self._answers:
                waiting += self.client.receive(self._answers.popleft(), now)

    def absorb(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            self.effects.append(effect)
            if isinstance(effect, SendFrame):
                self._answers.append(effect.frame)
            elif isinstance(effect, Authenticate):
                verdict = verify(effect.credentials, b"alice", PASSWORD)
                if self.proof is not None:
                    verdict = Verdict(accepted=True, message=self.proof)
                self.absorb(self.link.judged(verdict, now), now)
            elif isinstance(effect, NetworkWanted):
                self.absorb(self.link.start_network(NETWORK, now), now)

    def dial(self) -> None:
        self.carry(self.client.open(0.0))


def lcp(code: int, data: bytes = b"", identifier: int = 7) -> bytes:
    return frame.encode(frame.LCP, Packet(code, identifier, data).encode())


def test_it_gets_its_address() -> None:
    wire = Wire()
    wire.dial()
    assert wire.client.up
    assert wire.client.address == NETWORK.address
    assert wire.client.dns == NETWORK.dns
    assert NetworkUp(NETWORK.address, MTU) in wire.effects
    assert wire.client.deadline is None
    assert not wire.client.failure


def test_it_insists_on_mschapv2() -> None:
    wire = Wire(settings=PppSettings(authentication=("pap", "mschapv2")))
    wire.dial()
    assert wire.client.up
    assert any(isinstance(each, Authenticate) for each in wire.effects)


def test_a_wrong_password_is_told() -> None:
    wire = Wire(password="guess")
    wire.dial()
    assert wire.client.failure.startswith("not let in: b'E=691")
    assert not wire.client.up


def test_a_server_that_proves_nothing_is_not_believed() -> None:
    wire = Wire()
    wire.proof = b"S=" + b"0" * 40
    wire.dial()
    assert wire.client.failure == "the server does not prove that it knows the password"
    assert wire.client.stage is Stage.AUTHENTICATION


def test_what_is_not_answered_is_asked_again() -> None:
    client = PppClient(b"alice", PASSWORD, random.Random(1).randbytes)
    asked = client.open(0.0)
    assert client.expire(RETRY_SECONDS / 2) == []
    assert client.expire(RETRY_SECONDS) == asked
    assert client.expire(RETRY_SECONDS + 0.1) == []


def test_it_hangs_up() -> None:
    wire = Wire()
    wire.dial()
    wire.carry(wire.client.hang_up())
    assert any(isinstance(each, LinkEnded) for each in wire.effects)
    assert wire.client.expire(100.0) == []


def test_packets_are_kept_and_echoes_answered() -> None:
    wire = Wire()
    wire.dial()
    packet = b"\x45" + bytes(19)
    assert wire.client.receive(ip_frame(packet), 1.0) == []
    assert wire.client.packets == [packet]
    (reply,) = wire.client.receive(lcp(9, bytes(4)), 1.0)
    protocol, information = frame.decode(reply)
    assert (protocol, Packet.decode(information)[:2]) == (frame.LCP, (10, 7))


@pytest.mark.parametrize("protocol", [frame.IPV6CP, frame.CCP])
def test_other_protocols_are_rejected(protocol: int) -> None:
    client = PppClient(b"alice", PASSWORD, random.Random(1).randbytes)
    (reply,) = client.receive(frame.encode(protocol, b"\1\1\0\4"), 0.0)
    rejected = Packet.decode(frame.decode(reply)[1])
    assert (rejected.code, rejected.data[:2]) == (8, protocol.to_bytes(2))


def test_unknown_options_are_rejected_and_refused_wishes_dropped() -> None:
    client = PppClient(b"alice", PASSWORD, random.Random(1).randbytes)
    client.open(0.0)
    (reply,) = client.receive(lcp(1, b"\x13\x03\x01"), 0.0)
    assert Packet.decode(frame.decode(reply)[1]) == Packet(4, 7, b"\x13\x03\x01")
    (again,) = client.receive(lcp(4, b"\x01\x04\x05\x78", identifier=0), 0.0)
    request = Packet.decode(frame.decode(again)[1])
    assert (request.code, request.identifier, request.data[0]) == (1, 1, 5)


def test_a_server_that_hangs_up_is_a_failure() -> None:
    client = PppClient(b"alice", PASSWORD, random.Random(1).randbytes)
    (reply,) = client.receive(lcp(5, b"full"), 0.0)
    assert Packet.decode(frame.decode(reply)[1]).code == 6
    assert client.failure == "the server hung up: b'full'"
