"""The server takes leave while the network is down: who comes back is told as soon as it speaks."""

from dataclasses import replace

import pytest

from tests.network.host import Host
from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import EMPTY, exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
PLACES = pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])


def patient(profile: Profile) -> Profile:
    """The same client, which never asks whether the server lives."""
    quiet = replace(profile.ppp, echo_seconds=0)
    return replace(profile, ppp=quiet, dpd_seconds=0, hello_seconds=0, idle_seconds=0)


def part(world: World, seconds: float) -> None:
    """Let the server hang up while nothing passes, and the network come back later."""
    world.internet.passes = lambda _: False
    number, effects = world.server.concentrator.disconnect("alice", world.clock.now)
    assert number == 1
    world.server.turn(lambda _: effects)
    world.run(seconds)
    assert world.server.sizes() == EMPTY, world.story()
    world.internet.passes = lambda _: True


def speak(world: World, host: Host, seconds: float) -> bool:
    """Let the client send until it knows; tell whether it does."""
    for number in range(int(seconds)):
        if host.client.state != "up":
            return world.clock.run(60, lambda: host.client.state == "closed")
        host.send(number)
        world.run(1)
    return False


@PLACES
@CLIENTS
def test_a_client_whose_every_farewell_was_lost_is_told_again(profile: Profile, nat: bool) -> None:
    world = World()
    host = world.host(patient(profile), None if nat else world.internet)
    world.dial(host)
    exchange(world, host, range(5))
    part(world, 180)
    assert host.client.state == "up"
    assert speak(world, host, 20), world.story(host)
    world.run(400)
    assert world.server.sizes() == EMPTY, world.story(host)
    world.dial(host, seconds=10)
    exchange(world, host, range(5))


@CLIENTS
def test_it_is_told_at_its_new_place(profile: Profile) -> None:
    world = World()
    home = world.home()
    host = world.host(patient(profile), home)
    world.dial(host)
    part(world, 180)
    home.rebind()
    assert speak(world, host, 20), world.story(host)
