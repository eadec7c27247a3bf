import random

import pytest

from l2tpsec.bench.initiator import ADDRESS, Initiator, Offer
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike.effects import (
    Effect,
    IkeSaEnded,
    SaPairAgreed,
    SaPairConfirmed,
    SaPairEnded,
    Transmit,
)
from l2tpsec.protocols.ike.policy import LEGACY, MODERN, SUITES, TRANSFORMS, Policy
from l2tpsec.protocols.ike.responder import Responder
from l2tpsec.protocols.ike.settings import IkeSettings

SERVER = Endpoint("198.51.100.1", 500)
PSK = b"correct horse battery staple"


def seeded(seed: int) -> random.Random:
    return random.Random(seed)


class Wire:
    """The initiator behind a NAT, and our responder."""

    def __init__(
        self,
        suite: str = "aes256-cbc/sha1/ecp256",
        transform: str = "aes256-gcm",
        psk: bytes = PSK,
        policy: Policy = LEGACY,
    ) -> None:
        chosen = Policy.of([suite], [transform])
        offer = Offer(SERVER.address, psk, chosen.suites[0], chosen.transforms[0])
        self.client = Initiator(offer, seeded(1).randbytes)
        self.server = Responder(IkeSettings((PSK,), policy=policy), seeded(2).randbytes)
        self.effects: list[Effect] = []

    def send(self, *messages: bytes) -> None:
        waiting = list(messages)
        while waiting:
            port = 4500 if self.client.floated else 500
            path = Path(Endpoint(SERVER.address, port), Endpoint("203.0.113.7", 40000 + port))
            caused = self.server.receive(waiting.pop(0), path, 0.0)
            self.effects += caused
            for effect in caused:
                if isinstance(effect, Transmit):
                    waiting += self.client.receive(effect.data)

    def connect(self) -> SaPair:
        self.send(self.client.start())
        assert self.client.established
        self.send(self.client.quick_mode())
        (agreed,) = (each for each in self.effects if isinstance(each, SaPairAgreed))
        assert any(isinstance(each, SaPairConfirmed) for each in self.effects)
        return agreed.pair


@pytest.mark.parametrize("group", sorted({suite.group.name for suite in SUITES}))
def test_every_group_leads_to_a_pair(group: str) -> None:
    wire = Wire(f"aes256-cbc/sha1/{group}")
    assert wire.connect().encapsulated
    assert wire.client.floated


@pytest.mark.parametrize("row", TRANSFORMS, ids=lambda row: row.name)
def test_both_sides_have_the_same_keys_crosswise(row: object) -> None:
    wire = Wire(transform=getattr(row, "name", ""))
    theirs, ours = wire.connect(), wire.client.pair
    assert ours is not None
    assert (ours.inbound, ours.outbound) == (theirs.outbound, theirs.inbound)
    assert (ours.inbound_spi, ours.outbound_spi) == (theirs.outbound_spi, theirs.inbound_spi)
    assert ours.transform is theirs.transform
    assert theirs.dialled == SERVER.address


def test_a_wrong_key_ends_before_the_pair() -> None:
    wire = Wire(psk=b"another horse")
    with pytest.raises(Malformed, match="the server refuses"):
        wire.send(wire.client.start())
    assert not wire.client.established


def test_a_refusal_is_told_by_its_name() -> None:
    wire = Wire(policy=MODERN)
    with pytest.raises(Malformed, match="NO-PROPOSAL-CHOSEN"):
        wire.send(wire.client.start())


def test_a_forged_proof_is_refused() -> None:
    wire = Wire()
    wire.server = Responder(IkeSettings((PSK,), policy=LEGACY), seeded(2).randbytes)
    answers: list[bytes] = [wire.client.start()]
    for port in (500, 500):
        path = Path(Endpoint(SERVER.address, port), Endpoint(ADDRESS, port))
        (transmit,) = (
            each
            for each in wire.server.receive(answers.pop(), path, 0.0)
            if isinstance(each, Transmit)
        )
        answers += wire.client.receive(transmit.data)
    message_five = answers.pop()
    # Message 5 sent back in place of message 6: it decrypts, and proves nothing of the server's.
    with pytest.raises(Malformed):
        wire.client.receive(message_five)
    assert not wire.client.established


def test_repeated_answers_change_nothing() -> None:
    wire = Wire()
    wire.connect()
    pair = wire.client.pair
    for effect in list(wire.effects):
        if isinstance(effect, Transmit):
            assert wire.client.receive(effect.data) == []
    assert wire.client.pair is pair


def test_it_takes_leave_of_pair_and_sa() -> None:
    wire = Wire()
    assert wire.client.delete() == []
    pair = wire.connect()
    wire.effects.clear()
    wire.send(*wire.client.delete())
    ended = [each.inbound_spi for each in wire.effects if isinstance(each, SaPairEnded)]
    assert ended == [pair.inbound_spi]
    assert any(isinstance(each, IkeSaEnded) for each in wire.effects)
