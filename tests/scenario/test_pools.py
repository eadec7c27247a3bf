"""RADIUS names the pool of a client's address."""

from dataclasses import replace
from ipaddress import IPv4Network

from l2tpsec.concentrator.settings import AddressSettings, NamedPool
from radius.message import Attribute
from tests.network.world import SETTINGS, World
from tests.scenario.traffic import exchange

OFFICE = IPv4Network("10.98.0.0/30")
OFFICE_SETTINGS = replace(SETTINGS, address=AddressSettings(pools={"office": NamedPool((OFFICE,))}))


def granting(*attributes: Attribute) -> World:
    world = World(settings=OFFICE_SETTINGS)
    world.radius.grants["alice"] = list(attributes)
    return world


def test_an_address_of_the_pool_that_radius_names() -> None:
    world = granting(("Framed-Pool", "office"))
    world.radius.people.add("bob", "secret")
    alice, bob = world.host(), world.host(user="bob")
    world.dial(alice, bob)
    assert alice.client.inner_address in OFFICE
    assert bob.client.inner_address not in OFFICE
    exchange(world, alice, range(5))
    assert "10.98.0.1 from pool office" in world.server.log
    assert world.server.inside.routes == [], "the pool's own route leads there"
    alice.hang_up()
    world.run(10)
    assert world.server.concentrator.chain.leased == 1


def test_an_unknown_pool_refuses_the_dial_in() -> None:
    world = granting(("Framed-Pool", "attic"))
    host = world.host()
    host.dial()
    assert world.clock.run(60, lambda: host.client.state == "closed")
    assert "RADIUS names the pool 'attic', and there is no [pools.attic]" in world.server.log
    assert world.server.concentrator.dial_ins == {"no_address": 1}


def test_an_empty_pool_refuses_the_dial_in_and_the_others_stay() -> None:
    world = granting(("Framed-Pool", "office"))
    hosts = [world.host() for _ in range(3)]
    world.dial(*hosts)
    late = world.host()
    late.dial()
    assert world.clock.run(60, lambda: late.client.state == "closed")
    assert "no address is free in the pool 'office'" in world.server.log
    assert world.up(*hosts)
    hosts[0].hang_up()
    world.run(10)
    world.dial(late)
    assert late.client.inner_address in OFFICE
