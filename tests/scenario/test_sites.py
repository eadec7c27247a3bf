"""Networks behind a client, and tables of routes for what comes from it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from l2tpsec.concentrator.settings import AddressSettings
from radius.message import Attribute
from tests.network.inside import HOST, numbered
from tests.network.world import SETTINGS, World
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import exchange

SITE, PRINTER = IPv4Network("192.168.7.0/24"), IPv4Address("192.168.7.9")
ROUTE: Attribute = ("Framed-Route", "192.168.7.0/24 0.0.0.0 1")
GROUPED = replace(SETTINGS, address=AddressSettings(groups={"blue": 100}))


def granting(*attributes: Attribute, world: World | None = None) -> World:
    world = world or World()
    world.radius.grants["alice"] = list(attributes)
    return world


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_site_behind_a_client(profile: Profile) -> None:
    world = granting(ROUTE)
    host = world.host(profile)
    world.dial(host)
    world.run(1)
    host._send(host.client.send(numbered(PRINTER, HOST, 7), world.clock.now))
    world.server.inside.send(PRINTER, 8)
    world.run(1)
    assert world.server.inside.heard[PRINTER] == [7]
    assert host.numbers == [8]
    assert "routed to the client: 192.168.7.0/24" in world.server.log
    assert world.server.inside.routes == [SITE]
    host.hang_up()
    world.run(10)
    assert world.server.inside.routes == []
    assert len(world.server.concentrator.sites) == 0


def test_the_network_around_a_fixed_address() -> None:
    world = granting(("Framed-IP-Address", "172.16.5.1"), ("Framed-IP-Netmask", "255.255.255.240"))
    host = world.host()
    world.dial(host)
    world.run(1)
    world.server.inside.send(IPv4Address("172.16.5.9"), 3)
    world.run(1)
    assert host.numbers == [3]
    exchange(world, host, range(4, 7))


def test_another_users_site_stays_its_own() -> None:
    world = granting(ROUTE)
    world.radius.people.add("bob", "secret")
    world.radius.grants["bob"] = [ROUTE]
    alice, bob = world.host(), world.host(user="bob")
    world.dial(alice)
    world.dial(bob)
    world.run(1)
    assert "192.168.7.0/24 leads to 'alice'" in world.server.log
    bob._send(bob.client.send(numbered(PRINTER, HOST, 7), world.clock.now))
    world.server.inside.send(PRINTER, 8)
    world.run(1)
    assert world.server.inside.heard[PRINTER] == []
    assert (alice.numbers, bob.numbers) == ([8], [])


def test_a_router_that_dials_again_has_its_site_back() -> None:
    world = granting(ROUTE)
    first, second = world.host(), world.host()
    world.dial(first)
    first.kill()
    world.dial(second)
    world.run(1)
    world.server.inside.send(PRINTER, 8)
    world.run(1)
    assert second.numbers == [8]


def test_what_the_host_reaches_itself_stays_there() -> None:
    world = World()
    world.server.inside.taken.append(SITE)
    granting(ROUTE, world=world)
    host = world.host()
    world.dial(host)
    world.run(1)
    assert "no route to 192.168.7.0/24 here" in world.server.log
    exchange(world, host, range(3))
    world.server.inside.send(PRINTER, 8)
    world.run(1)
    assert host.numbers == [0, 1, 2]


def test_a_group_has_its_table_of_routes() -> None:
    group: Attribute = ("Tunnel-Private-Group-Id", "blue")
    world = granting(group, ROUTE, world=World(settings=GROUPED))
    host = world.host()
    world.dial(host)
    world.run(1)
    own = IPv4Network(host.client.inner_address)
    assert world.server.inside.rules == [(own, 100), (SITE, 100)]
    exchange(world, host, range(3))
    host.hang_up()
    world.run(10)
    assert world.server.inside.rules == []


def test_an_unknown_group_refuses_the_dial_in() -> None:
    world = granting(("Tunnel-Private-Group-Id", "red"), world=World(settings=GROUPED))
    host = world.host()
    host.dial()
    assert world.clock.run(60, lambda: host.client.state == "closed")
    assert "RADIUS names the group 'red', and there is no [groups.red]" in world.server.log


def test_framed_mtu_is_the_width_of_the_link() -> None:
    world = granting(("Framed-MTU", 1000))
    host = world.host()
    world.dial(host)
    (subscriber,) = world.server.concentrator.subscribers
    assert subscriber.mtu == 1000
    (session,) = world.server.plane._forwarder.by_address.values()
    assert (session.width, session.mss) == (1000, 960)
