"""Every client over every network: dial in, traffic, rekey, disconnect from either side, again."""

import pytest

from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import EMPTY, ONE, exchange, rekey

QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["clean", "5%", "20%"])
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
PLACES = pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])


@PLACES
@QUALITIES
@CLIENTS
def test_a_client_s_life(profile: Profile, quality: Quality, nat: bool) -> None:
    world = World(3, quality)
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    exchange(world, host, range(40))
    rekey(world, host)
    exchange(world, host, range(100, 140))

    world.server.turn(lambda now: world.server.concentrator.disconnect("alice", now)[1])
    told = world.clock.run(120, lambda: host.client.state == "closed")
    if not told and profile.lac.deaf_when_up:
        host.hang_up()  # all that it would have listened to got lost
        told = world.clock.run(60, lambda: host.client.state == "closed")
    assert told, world.story(host)
    assert "an administrator disconnected it" in world.server.log

    world.dial(host)
    exchange(world, host, range(200, 240))
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
    exchange(world, host, range(20))
    assert len(host.numbers) == 20
