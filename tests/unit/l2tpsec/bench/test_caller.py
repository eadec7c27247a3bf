import random

import pytest

from l2tpsec.bench.caller import RETRY_SECONDS, Account, Caller, Datagram
from l2tpsec.bench.initiator import Offer
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.ike.policy import Policy
from tests.network.inside import HOST, number_of, numbered
from tests.network.internet import UDP, Packet
from tests.network.world import PSK, SERVER, World

HOME = "203.0.113.77"


class Machine:
    """A Caller on the simulated Internet."""

    def __init__(self, world: World, password: str = "secret", psk: bytes = PSK) -> None:
        policy = Policy.of(["aes256-cbc/sha1/ecp256"], ["aes256-cbc/hmac-sha1-96"])
        offer = Offer(SERVER, psk, policy.suites[0], policy.transforms[0])
        account = Account(offer, b"alice", password)
        self.caller = Caller(account, random.Random(7).randbytes)
        self.world = world
        world.internet.attach(HOME, self._receive)

    def dial(self) -> None:
        self.send(self.caller.start(self.world.clock.now))

    def _receive(self, packet: Packet) -> None:
        now = self.world.clock.now
        self.send(self.caller.receive(packet.source.port, packet.payload, now))

    def send(self, datagrams: list[Datagram]) -> None:
        for port, data in datagrams:
            ends = Endpoint(HOME, 40000), Endpoint(SERVER, port)
            self.world.internet.carry(Packet(UDP, *ends, data))


def test_it_dials_in_carries_packets_and_leaves_nothing() -> None:
    world = World()
    machine = Machine(world)
    before = world.server.sizes()
    machine.dial()
    world.run(2)
    caller = machine.caller
    assert caller.up
    assert 0 < caller.finished - caller.started < 2
    assert caller.stage == "PPP up"
    world.server.inside.answers = True
    address = caller.ppp.address
    machine.send([(4500, caller.packet(numbered(address, HOST, 5)))])
    world.run(1)
    assert [number_of(packet) for packet in caller.ppp.packets] == [5]
    machine.send(caller.hang_up(world.clock.now))
    world.run(5)
    assert world.server.sizes() == before


def test_a_wrong_password_is_its_failure() -> None:
    world = World()
    machine = Machine(world, password="guess")
    machine.dial()
    world.run(2)
    assert "691" in machine.caller.failure
    assert not machine.caller.up


def test_a_wrong_key_is_the_servers_word() -> None:
    world = World()
    machine = Machine(world, psk=b"another")
    machine.dial()
    with pytest.raises(Malformed, match="the server refuses"):
        world.run(2)
    assert machine.caller.stage == "Main Mode"


def test_ike_is_repeated_until_it_is_answered() -> None:
    world = World()
    machine = Machine(world)
    first = machine.caller.start(0.0)
    assert machine.caller.expire(RETRY_SECONDS / 2) == []
    assert machine.caller.expire(RETRY_SECONDS) == first
    assert machine.caller.expire(2 * RETRY_SECONDS) == first
    assert machine.caller.repeats == 2
    machine.send(first)
    world.run(2)
    assert machine.caller.up
    assert machine.caller.repeats == 0


@pytest.mark.parametrize("lost", range(1, 20, 3))
def test_one_lost_datagram_ends_no_dial_in(lost: int) -> None:
    world = World()
    machine = Machine(world)
    world.internet.passes = lambda _: world.internet.counts["sent"] != lost
    machine.dial()
    for _ in range(20):
        world.run(0.5)
        machine.send(machine.caller.expire(world.clock.now))
    assert machine.caller.up


def test_esp_before_keys_and_keepalives_are_nothing() -> None:
    caller = Machine(World()).caller
    assert caller.receive(4500, b"\xff", 0.0) == []
    assert caller.receive(4500, b"\1\2\3\4more", 0.0) == []
