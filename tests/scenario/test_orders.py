"""A RADIUS server ends and changes the sessions of whole clients (RFC 5176)."""

import pytest

from radius.message import Attribute, Code
from tests.network.host import Host
from tests.network.server import EPOCH, ORDER_SECRET
from tests.network.world import World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.boss import Boss
from tests.scenario.traffic import EMPTY

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def online(profile: Profile = WINDOWS) -> tuple[World, Host, Boss]:
    world = World()
    host = world.host(profile)
    world.dial(host)
    return world, host, Boss(world)


@CLIENTS
def test_a_user_is_disconnected(profile: Profile) -> None:
    world, host, boss = online(profile)
    now = int(EPOCH + world.clock.now)
    answer = boss.order(
        Code.DISCONNECT_REQUEST,
        ("User-Name", "alice"),
        ("Event-Timestamp", now),
        ("Proxy-State", b"way back"),
    )
    assert answer.code is Code.DISCONNECT_ACK
    assert answer.get("Proxy-State") == b"way back"
    world.run(30)
    assert not world.up(host)
    assert world.server.sizes() == EMPTY
    (stop,) = [row for row in world.radius.records if row.number("Acct-Status-Type") == 2]
    assert stop.number("Acct-Terminate-Cause") == 6
    assert "DISCONNECT_REQUEST from 198.51.100.54" in world.server.log


def test_the_session_is_named_as_accounting_names_it() -> None:
    world, host, boss = online()
    world.run(1)
    (start,) = [row for row in world.radius.records if row.number("Acct-Status-Type") == 1]
    names = ("User-Name", "Acct-Session-Id", "Framed-IP-Address", "NAS-Port", "NAS-Identifier")
    more = ("Calling-Station-Id", "Called-Station-Id", "NAS-IP-Address", "Acct-Multi-Session-Id")
    found = [(name, value) for name in (*names, *more) if (value := start.get(name)) is not None]
    assert len(found) == 9
    wrong = [
        ("User-Name", "bob") if name == "User-Name" else (name, value) for name, value in found
    ]
    answer = boss.order(Code.DISCONNECT_REQUEST, *wrong)
    assert (answer.code, answer.number("Error-Cause")) == (Code.DISCONNECT_NAK, 503)
    assert world.up(host)
    assert boss.order(Code.DISCONNECT_REQUEST, *found).code is Code.DISCONNECT_ACK
    world.run(30)
    assert not world.up(host)


def test_a_copy_gets_the_same_answer_and_ends_nothing_more() -> None:
    world, host, boss = online()
    request = boss.request(Code.DISCONNECT_REQUEST, ("User-Name", "alice"), secret=ORDER_SECRET)
    boss.send(request)
    world.run(30)
    world.dial(host)
    boss.send(request)
    assert boss.replies[0] == boss.replies[1]
    assert world.up(host)


def test_limits_change_while_the_session_goes_on() -> None:
    world, host, boss = online()
    world.run(100)
    limits: list[Attribute] = [("Acct-Interim-Interval", 60), ("Session-Timeout", 400)]
    answer = boss.order(Code.COA_REQUEST, ("Framed-IP-Address", "10.99.0.2"), *limits)
    assert answer.code is Code.COA_ACK
    assert "changed by RADIUS: session timeout 400 s, interim interval 60 s" in world.server.log
    world.run(280)
    assert world.up(host)
    interims = [row for row in world.radius.records if row.number("Acct-Status-Type") == 3]
    assert len(interims) >= 3
    world.run(60)
    assert not world.up(host)
    (stop,) = [row for row in world.radius.records if row.number("Acct-Status-Type") == 2]
    assert stop.number("Acct-Terminate-Cause") == 5
    assert stop.number("Acct-Session-Time") == 400


def test_a_limit_is_taken_away() -> None:
    world = World()
    world.radius.grants["alice"] = [("Session-Timeout", 100)]
    host, boss = world.host(WINDOWS), Boss(world)
    world.dial(host)
    answer = boss.order(Code.COA_REQUEST, ("User-Name", "alice"), ("Session-Timeout", 0))
    assert answer.code is Code.COA_ACK
    world.run(600)
    assert world.up(host)


def test_what_is_not_signed_with_the_secret_or_old_is_not_answered() -> None:
    world, host, boss = online()
    alice: Attribute = ("User-Name", "alice")
    boss.send(boss.request(Code.DISCONNECT_REQUEST, alice, secret=b"guessed"))
    long_ago: Attribute = ("Event-Timestamp", int(EPOCH + world.clock.now) - 301)
    boss.send(boss.request(Code.DISCONNECT_REQUEST, alice, long_ago, secret=ORDER_SECRET))
    assert boss.replies == []
    assert world.up(host)
    assert "the shared secrets differ" in world.server.log
    assert "its Event-Timestamp is too far from our clock" in world.server.log


def test_a_renewal_is_ordered() -> None:
    world, host, boss = online()
    limits: list[Attribute] = [("Session-Timeout", 100), ("Termination-Action", 1)]
    named: Attribute = ("User-Name", "alice")
    answer = boss.order(Code.COA_REQUEST, named, *limits, ("State", b"for later"))
    assert (answer.code, answer.octets("State")) == (Code.COA_ACK, b"for later")
    assert "changed by RADIUS: session timeout 100 s, renewal" in world.server.log
    assert "for later" not in world.server.log
    world.run(200)
    assert world.up(host)
    assert "renewed by RADIUS without a timeout" in world.server.log


def test_the_stop_has_the_class_of_the_order() -> None:
    world, _, boss = online()
    answer = boss.order(Code.DISCONNECT_REQUEST, ("User-Name", "alice"), ("Class", b"over"))
    assert answer.code is Code.DISCONNECT_ACK
    assert answer.number("Acct-Terminate-Cause") == 6
    world.run(30)
    (stop,) = [row for row in world.radius.records if row.number("Acct-Status-Type") == 2]
    assert stop.all("Class") == [b"over"]
