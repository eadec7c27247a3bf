"""RADIUS holds whole clients to filters and rates, from their dial-in on or later."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, TCP

from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import Filter
from radius.message import Attribute, Code
from radius.server.users.profile import checked
from tests.network.host import Host
from tests.network.inside import HOST
from tests.network.world import SETTINGS, World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.boss import Boss
from tests.scenario.traffic import exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
FILTERS = {
    "inside": Filter(
        "inside",
        (
            parse(f"permit in udp from assigned to {HOST} 12345"),
            parse(f"permit out udp from {HOST} to assigned"),
        ),
    ),
    "nothing": Filter(
        "nothing", (parse("deny in ip from any to any"), parse("deny out ip from any to any"))
    ),
}
WITH_FILTERS = replace(SETTINGS, filters=FILTERS)
OCTETS = 36


def granting(*attributes: Attribute, profile: Profile = WINDOWS) -> tuple[World, Host]:
    world = World(settings=WITH_FILTERS)
    world.radius.grants["alice"] = list(attributes)
    host = world.host(profile)
    return world, host


def send(world: World, host: Host, count: int) -> tuple[int, int]:
    """Send so many packets both ways; return how many arrived inside, and at the client."""
    address = host.client.inner_address
    heard, before = world.server.inside.heard[address], len(host.numbers)
    already = len(heard)
    for number in range(count):
        host.send(number)
        world.server.inside.send(address, number)
    world.run(0.2)
    return len(heard) - already, len(host.numbers) - before


@CLIENTS
def test_what_the_filter_permits_goes_and_nothing_else(profile: Profile) -> None:
    world, host = granting(("Filter-Id", "inside"), profile=profile)
    world.dial(host)
    exchange(world, host, range(5))
    world.server.inside.post(bytes(IP(src=str(HOST), dst=str(host.client.inner_address)) / TCP()))
    assert world.server.plane.drops["refused by the session's filter"] == 1
    world, host = granting(("Filter-Id", "nothing"), profile=profile)
    world.dial(host)
    assert send(world, host, 3) == (0, 0)
    assert world.server.plane.drops["refused by the session's filter"] == 6
    (session,) = world.server.concentrator.subscribers
    assert session.counters.input_packets == session.counters.output_packets == 0
    world.run(300)
    assert world.up(host), "links are kept up by what no filter sees"


def test_rules_that_radius_sends_itself() -> None:
    rules = f"permit in 17 from any to {HOST}/32 1-12344\0deny out ip from {HOST} to any"
    world, host = granting(("NAS-Filter-Rule", rules[:20]), ("NAS-Filter-Rule", rules[20:]))
    world.dial(host)
    assert send(world, host, 3) == (0, 0)


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (("Filter-Id", "attic"), "Filter-Id attic: there is no [filters.attic]"),
        (("NAS-Filter-Rule", "permit in ip from any"), "expected to at the end"),
        (("Mikrotik-Rate-Limit", "much"), "is not of the form"),
    ],
)
def test_what_cannot_be_obeyed_refuses_the_dial_in(attribute: Attribute, words: str) -> None:
    world, host = granting(attribute)
    host.dial()
    assert world.clock.run(60, lambda: host.client.state == "closed")
    assert words in world.server.log
    assert not world.server.concentrator.dial_ins["up"]
    assert [row.number("Acct-Status-Type") for row in world.radius.records] == [7]


def test_a_users_settings_in_the_server_inside_are_obeyed() -> None:
    world, host = granting()
    people = world.radius.people
    given = {"filter": "nothing", "rate": checked("rate", "1M/2M")}
    people._users["alice"] = replace(people._users["alice"], settings=given)
    world.dial(host)
    assert send(world, host, 3) == (0, 0)
    (session,) = world.server.concentrator.subscribers
    assert (session.policy.filter.name, session.policy.rates) == ("nothing", "1M/2M")


def test_a_rate_is_a_burst_and_then_so_much_a_second() -> None:
    up: Attribute = ("WISPr-Bandwidth-Max-Up", 8 * 10 * OCTETS)
    world, host = granting(up, ("WISPr-Bandwidth-Max-Down", 8 * 20 * OCTETS))
    world.dial(host)
    burst = 32_000 // OCTETS
    assert send(world, host, burst + 200) == pytest.approx((burst, burst), abs=20)
    world.run(10)
    arrived = send(world, host, 400)
    assert arrived == pytest.approx((100, 200), abs=10)
    (session,) = world.server.concentrator.subscribers
    assert session.counters.input_octets == OCTETS * (session.counters.input_packets)
    assert session.counters.input_octets <= 32_000 + 12 * 10 * OCTETS
    assert session.policy.rates == "2880/5760"


def test_an_order_changes_filter_rate_and_class_of_the_session_that_goes_on() -> None:
    world, host = granting(("Class", b"silver"))
    world.dial(host)
    boss = Boss(world)
    exchange(world, host, range(3))
    alice: Attribute = ("User-Name", "alice")
    order = boss.order(Code.COA_REQUEST, alice, ("Filter-Id", "nothing"), ("Class", b"gold"))
    assert order.code is Code.COA_ACK
    assert "changed by RADIUS: filter nothing, class" in world.server.log
    assert send(world, host, 3) == (0, 0)
    assert boss.order(Code.COA_REQUEST, alice, ("Filter-Id", "inside")).code is Code.COA_ACK
    exchange(world, host, range(3, 6))
    assert boss.order(Code.COA_REQUEST, alice, ("NAS-Filter-Rule", " ")).code is Code.COA_ACK
    slow = boss.order(Code.COA_REQUEST, alice, ("Mikrotik-Rate-Limit", "8/0"))
    assert slow.code is Code.COA_ACK
    arrived = send(world, host, 1000)
    assert arrived == pytest.approx((32_000 // OCTETS, 1000), abs=1)
    host.hang_up()
    world.run(10)
    classes = [(row.number("Acct-Status-Type"), row.get("Class")) for row in world.radius.records]
    assert classes == [(7, None), (1, b"silver"), (2, b"gold")]


def test_an_order_that_cannot_be_obeyed_changes_nothing() -> None:
    world, host = granting()
    world.dial(host)
    boss = Boss(world)
    alice: Attribute = ("User-Name", "alice")
    for wrong in (("Filter-Id", "attic"), ("NAS-Filter-Rule", "deny"), ("Mikrotik-Rate-Limit", "")):
        answer = boss.order(Code.COA_REQUEST, alice, ("Session-Timeout", 5), wrong)
        assert (answer.code, answer.number("Error-Cause")) == (Code.COA_NAK, 407)
    world.run(60)
    exchange(world, host, range(5))


def named(name: str, like: str) -> ConcentratorSettings:
    """The settings with another filter, or with another one of that name."""
    return replace(WITH_FILTERS, filters={**FILTERS, name: replace(FILTERS[like], name=name)})


def test_filters_read_again_hold_for_dial_ins_and_orders_to_come() -> None:
    world, host = granting(("Filter-Id", "later"))
    world.server.reload(named("later", "nothing"))
    world.dial(host)
    assert send(world, host, 3) == (0, 0)
    world.server.reload(WITH_FILTERS)
    assert send(world, host, 3) == (0, 0), "no session is free because its filter is gone"
    gone = "Filter-Id later: there is no [filters.later] in the configuration"
    assert f"{gone}; the old rules stay for 1 session" in world.server.log
    answer = Boss(world).order(Code.COA_REQUEST, ("User-Name", "alice"), ("Filter-Id", "later"))
    assert answer.number("Error-Cause") == 407


@pytest.mark.parametrize("name", ["later", "later.in"])
def test_filters_read_again_hold_for_sessions_that_are_under_them(name: str) -> None:
    world, host = granting(("Filter-Id", name))
    world.radius.people.add("bob", "secret")
    world.radius.grants["bob"] = [("Filter-Id", "inside")]
    other = world.host(user="bob")
    world.server.reload(named("later", "nothing"))
    world.dial(host, other)
    assert send(world, host, 3)[0] == 0
    world.server.reload(named("later", "inside"))
    assert f"the new rules of filter {name} hold for 1 session" in world.server.log
    exchange(world, host, range(3, 6))
    exchange(world, other, range(3))
    world.server.reload(WITH_FILTERS)
    world.server.reload(named("later", "nothing"))
    assert send(world, host, 3)[0] == 0, "its name has come back"
    assert "inside" not in world.server.log.rpartition("new rules")[2]


def test_a_client_that_is_judged_after_a_reload_finds_the_filters_of_then() -> None:
    world, host = granting(("Filter-Id", "later"))
    world.server.reload(named("later", "inside"))
    host.dial()
    subscribers = world.server.concentrator.subscribers
    assert world.clock.run(60, lambda: len(subscribers) > 0)
    world.server.reload(named("later", "nothing"))
    assert world.clock.run(60, lambda: world.up(host))
    assert send(world, host, 3) == (0, 0)
