"""How many sessions a user may have at once, and that a dead one locks nobody out."""

import pytest

from radius.message import Attribute
from tests.network.internet import AWFUL
from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import exchange

ONE: Attribute = ("Port-Limit", 1)
REPLACE: Attribute = ("L2tpsec-Simultaneous-Use", 2)
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def granting(*attributes: Attribute) -> World:
    world = World()
    world.radius.grants["alice"] = list(attributes)
    return world


def causes(world: World) -> list[int | None]:
    stops = (row for row in world.radius.records if row.number("Acct-Status-Type") == 2)
    return [row.number("Acct-Terminate-Cause") for row in stops]


@CLIENTS
def test_one_too_many_is_refused_while_the_first_lives(profile: Profile) -> None:
    world = granting(ONE)
    first, second = world.host(profile), world.host(profile)
    world.dial(first)
    second.dial()
    assert world.clock.run(30, lambda: second.client.state == "closed")
    assert world.up(first)
    exchange(world, first, range(3))
    assert "refused: all 1 sessions that the user may have are alive" in world.server.log
    assert world.server.concentrator.dial_ins == {"session_limit": 1}


@CLIENTS
def test_a_dead_one_makes_room_within_the_same_dial_in(profile: Profile) -> None:
    world = granting(ONE)
    first, second = world.host(profile), world.host(profile)
    world.dial(first)
    first.kill()
    second.dial()
    assert world.clock.run(30, lambda: world.up(second)), world.story(second)
    exchange(world, second, range(3))
    assert len(world.server.concentrator.subscribers) == 1
    world.run(10)
    assert causes(world) == [2]
    assert "no answer to the question whether it lives" in world.server.log


@CLIENTS
def test_the_oldest_makes_room_where_radius_says_so(profile: Profile) -> None:
    world = granting(ONE, REPLACE)
    first, second = world.host(profile), world.host(profile)
    world.dial(first)
    second.dial()
    assert world.clock.run(30, lambda: world.up(second)), world.story(second)
    assert world.clock.run(30, lambda: first.client.state == "closed")
    exchange(world, second, range(3))
    world.run(10)
    assert causes(world) == [13]
    assert "a newer session of the same user took its place" in world.server.log


def test_other_users_have_their_own_count() -> None:
    world = granting(ONE)
    world.radius.grants["bob"] = [ONE]
    world.radius.people.add("bob", "secret")
    alice, bob = world.host(), world.host(user="bob")
    world.dial(alice, bob)
    assert world.up(alice, bob)


def test_the_name_that_radius_returns_is_the_one_that_counts_and_is_accounted() -> None:
    world = granting(ONE, ("User-Name", "alice@corp.example"))
    world.radius.people.add("ally", "secret")
    world.radius.grants["ally"] = [ONE, ("User-Name", "Alice@corp.example")]
    first, second = world.host(), world.host(user="ally")
    world.dial(first)
    second.dial()
    assert world.clock.run(30, lambda: second.client.state == "closed")
    assert world.up(first)
    (start,) = (row for row in world.radius.records if row.number("Acct-Status-Type") == 1)
    assert start.text("User-Name") == "alice@corp.example"


def test_a_living_client_on_an_awful_line_is_not_taken_for_dead() -> None:
    world = granting(ONE)
    first, second = world.host(), world.host()
    world.dial(first)
    world.internet.quality = AWFUL
    second.dial()
    world.clock.run(60, lambda: second.client.state == "closed")
    assert world.up(first)


def test_ten_who_dial_at_once_leave_one() -> None:
    world = granting(ONE)
    hosts = [world.host() for _ in range(10)]
    for host in hosts:
        host.dial()
    assert world.clock.run(60, lambda: sum(h.client.state == "closed" for h in hosts) == 9)
    assert sum(world.up(host) for host in hosts) == 1
