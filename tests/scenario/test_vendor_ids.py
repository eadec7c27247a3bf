"""Vendor IDs of ours, switched while the server runs: every client still dials in."""

from dataclasses import replace

import pytest

from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def switch(world: World, vendor_ids: str) -> None:
    """Reload, as SIGHUP does."""
    settings = world.site.settings
    ike = replace(settings.ike, vendor_ids=vendor_ids)
    world.server.concentrator.reload(replace(settings, ike=ike))


@CLIENTS
def test_all_of_them_disturb_no_client_behind_a_nat(profile: Profile) -> None:
    world = World()
    switch(world, "all")
    host = world.host(profile)
    world.dial(host)
    exchange(world, host, range(20))
    assert "behind NAT (RFC 3947): client yes" in world.server.log


@CLIENTS
def test_without_any_a_client_with_an_address_of_its_own_dials_in(profile: Profile) -> None:
    world = World()
    switch(world, "none")
    host = world.host(profile, world.internet)
    world.dial(host)
    exchange(world, host, range(20))
    assert "no NAT traversal" in world.server.log


def test_a_switch_leaves_those_who_are_connected_alone() -> None:
    world = World()
    world.radius.people.add("bob", "secret")
    early, late = world.host(), world.host(place=world.internet, user="bob")
    world.dial(early)
    switch(world, "none")
    world.dial(late)
    exchange(world, early, range(20))
    switch(world, "minimal")
    early.rekey()
    world.run(5)
    exchange(world, early, range(100, 120))
    exchange(world, late, range(20))
    assert world.up(early, late)
