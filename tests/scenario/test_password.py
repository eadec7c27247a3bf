"""A person at a Windows client: wrong passwords, expired ones, and what the server's log says."""

import random
from dataclasses import replace

import pytest

from tests.network.host import Host
from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.world import World
from tests.peers.ppp_person import Person

QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["clean", "5%", "20%"])


def expire(world: World, *, enabled: bool = True) -> None:
    users = world.radius.people._users
    users["alice"] = replace(users["alice"], expired=True, enabled=enabled)


def at(world: World, *passwords: str, thinks_seconds: float = 20) -> tuple[Host, Person]:
    """Sit a person down at a Windows client and dial."""
    host = world.host(password=passwords[0])
    profile, entropy = host.client.profile.ppp, random.Random(7).randbytes
    host.client.ppp = person = Person(profile, b"alice", passwords, entropy, thinks_seconds)
    host.dial()
    return host, person


def settle(world: World, host: Host, seconds: float = 400) -> str:
    world.clock.run(seconds, lambda: world.up(host) or host.client.state == "closed")
    return host.client.state


@QUALITIES
def test_an_expired_password_is_changed_in_the_dialog(quality: Quality) -> None:
    world = World(5, quality)
    expire(world)
    host, person = at(world, "secret", "next year", thinks_seconds=100)
    assert settle(world, host) == "up", world.story(host)
    assert person.read == [(648, 0)]
    assert person.proven
    log = world.server.log
    assert "refused by the RADIUS server (mschapv2): the password has expired (E=648 R=0" in log
    assert "accepted by mschapv2, change of password" in log
    assert world.radius.people._users["alice"].password == "next year"
    assert world.clock.run(30, lambda: world.radius.online == ["alice"])
    assert "next year" not in log + " ".join(world.radius.notices)


@QUALITIES
def test_a_wrong_password_may_be_typed_again(quality: Quality) -> None:
    world = World(7, quality)
    host, person = at(world, "sceret", "secret")
    assert settle(world, host) == "up", world.story(host)
    assert person.read == [(691, 1)]
    assert "wrong user name or password (E=691 R=1" in world.server.log
    assert "the client may answer that on this link" in world.server.log


@pytest.mark.parametrize("seed", [6, 12, 16])
def test_a_failure_that_is_lost_is_said_again(seed: int) -> None:
    world = World(seed, AWFUL)
    host, person = at(world, "sceret", "secret")
    assert settle(world, host) == "up", world.story(host)
    assert person.read == [(691, 1)], "however often it was said"


def test_three_wrong_passwords_are_enough() -> None:
    world = World()
    host, person = at(world, "one", "two", "three", "secret")
    assert settle(world, host) == "closed"
    assert person.read == [(691, 1), (691, 1), (691, 0)]
    assert "authentication failed" in world.server.lines[-1] + world.server.log
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}


@pytest.mark.parametrize(
    ("typed", "enabled", "read", "said"),
    [
        (("sceret", "x"), True, [(691, 1), (691, 1)], "wrong password"),
        (("secret", "x"), False, [(647, 0)], "the user is disabled"),
        (("secret", "secret"), True, [(648, 0), (709, 0)], "the new password is the old one"),
    ],
)
def test_what_cannot_be_changed(
    typed: tuple[str, ...], enabled: bool, read: list[tuple[int, int]], said: str
) -> None:
    world = World()
    expire(world, enabled=enabled)
    host, person = at(world, *typed)
    assert settle(world, host) == "closed", world.story(host)
    assert person.read == read
    assert said in world.radius.notices[-1]
    assert world.radius.people._users["alice"].password == "secret"
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}


def test_whoever_thinks_too_long_is_hung_up_on() -> None:
    world = World()
    expire(world)
    host, person = at(world, "secret", "next year", thinks_seconds=200)
    assert settle(world, host) == "closed"
    assert person.read == [(648, 0)]
    assert "the client did not send its mschapv2 credentials within 180 s" in world.server.log
    assert world.radius.people._users["alice"].password == "secret"


def test_a_person_who_leaves_the_dialog() -> None:
    world = World()
    expire(world)
    host, person = at(world, "secret")
    assert settle(world, host) == "closed"
    assert person.read == [(648, 0)]
    assert "authentication failed" in world.server.log
    world.run(60)
    assert len(world.server.concentrator.subscribers) == 0
