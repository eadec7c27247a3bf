"""Every client over every network: dial in, traffic, rekey, disconnect from either side, again."""

import pytest

from tests.network.host import Host
from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile

QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["clean", "5%", "20%"])
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
PLACES = pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])
EMPTY = (0,) * 9
ONE = (1,) * 9


def traffic(world: World, host: Host, numbers: range) -> None:
    """Send numbered packets both ways; as many arrive as the network lets through, none twice."""
    address = host.client.inner_address
    heard = world.server.inside.heard[address]
    before = len(heard), len(host.numbers)
    for number in numbers:
        assert world.clock.run(20, lambda: world.up(host)), world.story(host)
        host.send(number)
        world.server.inside.send(address, number)
        world.run(0.05)
    world.run(0.2)
    arrived = heard[before[0] :], host.numbers[before[1] :]
    least = len(numbers) if world.internet.quality.loss == 0 else len(numbers) / 2
    for each in arrived:
        assert len(set(each)) == len(each)
        assert set(each) <= set(numbers)
        assert len(each) >= least


def rekey(world: World, host: Host) -> None:
    """Let the client renew its pair now."""
    before = host.client.ipsec.current
    for _ in range(3):
        host.client.ipsec.negotiate(world.clock.now)
        host._send(host.client._sent())
        if world.clock.run(45, lambda: host.client.ipsec.current is not before):
            return
    raise AssertionError(world.story(host))


@PLACES
@QUALITIES
@CLIENTS
def test_a_client_s_life(profile: Profile, quality: Quality, nat: bool) -> None:
    world = World(3, quality)
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    traffic(world, host, range(40))
    rekey(world, host)
    traffic(world, host, range(100, 140))

    world.server.turn(lambda now: world.server.concentrator.disconnect("alice", now)[1])
    told = world.clock.run(120, lambda: host.client.state == "closed")
    if not told and profile.lac.deaf_when_up:
        host.hang_up()  # all that it would have listened to got lost
        told = world.clock.run(60, lambda: host.client.state == "closed")
    assert told, world.story(host)
    assert "an administrator disconnected it" in world.server.log

    world.dial(host)
    traffic(world, host, range(200, 240))
    host.hang_up()
    assert world.clock.run(120, lambda: host.client.state == "closed"), world.story(host)
    world.run(700)
    assert world.server.sizes() == EMPTY, world.story(host)
    assert world.radius.online == []
    assert host.client.complaints == []


@CLIENTS
def test_a_clean_network_needs_no_second_try(profile: Profile) -> None:
    world = World()
    host = world.host(profile)
    host.dial()
    assert world.clock.run(5, lambda: host.client.state == "up"), world.story(host)
    world.run(0.2)
    assert world.server.sizes() == ONE
    assert world.radius.online == ["alice"]
    assert (host.client.ipsec.mains, host.client.ipsec.quicks) == (1, 1)
    traffic(world, host, range(20))
    assert len(host.numbers) == 20
