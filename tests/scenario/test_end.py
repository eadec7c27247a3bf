"""How a connection ends without its user: killed clients and servers, shutdown, bad networks."""

from dataclasses import replace

import pytest

from tests.network.internet import AWFUL, ROUGH, Quality
from tests.network.world import World
from tests.peers.profiles import ANDROID, PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY, ONE, exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
PLACES = pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])


@PLACES
@CLIENTS
def test_a_killed_client_is_let_go(profile: Profile, nat: bool) -> None:
    world = World()
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    exchange(world, host, range(10))
    host.kill()
    world.run(200)
    assert world.server.sizes() == EMPTY, world.story()
    assert world.radius.online == []
    assert "the client no longer answers" in world.server.log


@pytest.mark.parametrize("seconds", [0.03, 0.07, 0.11, 0.15, 0.19, 0.23, 0.27, 0.31, 0.35, 0.4])
@CLIENTS
def test_a_client_killed_at_any_step_leaves_nothing(profile: Profile, seconds: float) -> None:
    world = World()
    host = world.host(profile)
    host.dial()
    world.run(seconds)
    assert not world.up(host)
    host.kill()
    world.run(700)
    assert world.server.sizes() == EMPTY, world.story()
    assert len(world.server.concentrator._security._ike._sas) == 0
    assert world.radius.online == []


@pytest.mark.parametrize("seconds", [0.03, 0.07, 0.11, 0.15, 0.19, 0.23, 0.27, 0.31, 0.35, 0.4])
@CLIENTS
def test_a_user_who_changes_their_mind_leaves_nothing(profile: Profile, seconds: float) -> None:
    world = World()
    host = world.host(profile)
    host.dial()
    world.run(seconds)
    host.hang_up()
    world.run(700)
    assert host.client.state == "closed"
    assert world.server.sizes() == EMPTY, world.story()
    assert world.radius.online == []


@PLACES
@CLIENTS
def test_a_restarted_server_takes_the_same_client_at_once(profile: Profile, nat: bool) -> None:
    world = World()
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    world.server.kill()
    world.restart_server()
    host.kill()
    host.revive()
    world.dial(host, seconds=5)
    exchange(world, host, range(10))
    assert world.server.sizes() == ONE


@pytest.mark.parametrize(
    "profile", [row for row in PROFILES if row is not ANDROID], ids=lambda profile: profile.name
)
def test_a_client_notices_a_restarted_server_by_itself(profile: Profile) -> None:
    world = World()
    host = world.host(profile)
    world.dial(host)
    world.server.kill()
    world.run(3)
    world.restart_server()
    assert world.clock.run(120, lambda: host.client.state == "closed"), world.story(host)
    world.dial(host, seconds=10)
    exchange(world, host, range(10))


@PLACES
@CLIENTS
def test_shutdown_says_good_bye(profile: Profile, nat: bool) -> None:
    world = World()
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    exchange(world, host, range(10))
    before = world.clock.now
    world.server.stop()
    assert world.clock.now - before < 2, "nobody is kept waiting"
    world.run(0.1)
    assert host.client.state in ("leaving", "closed"), world.story(host)
    assert not host.client.ipsec.pairs
    assert not host.client.ipsec.established
    assert world.radius.online == []
    assert "the server is shutting down" in world.server.log
    assert world.server.sizes()[0] == world.server.sizes()[5] == 0


@CLIENTS
def test_shutdown_is_heard_on_a_bad_network(profile: Profile) -> None:
    world = World(7, AWFUL)
    hosts = [world.host(profile) for _ in range(10)]
    world.dial(*hosts, seconds=300)
    world.server.stop()
    world.run(1)
    unaware = [host for host in hosts if host.client.state not in ("leaving", "closed")]
    # All that Android takes for a leave is LCP's Terminate-Request, sent twice.
    assert len(unaware) <= (2 if profile is ANDROID else 0), world.story(*hosts)


def test_shutdown_has_patience_with_no_one_for_ever() -> None:
    world = World()
    hosts = [world.host(WINDOWS) for _ in range(5)]
    world.dial(*hosts)
    for host in hosts:
        host.kill()
    before = world.clock.now
    world.server.stop()
    assert world.clock.now - before <= 8
    assert world.radius.online == []
    assert world.server.concentrator.chain.leased == 0


@CLIENTS
def test_a_network_that_goes_away_and_comes_back(profile: Profile) -> None:
    world = World()
    host = world.host(profile)
    world.dial(host)
    world.internet.passes = lambda _: False
    world.run(15)
    world.internet.passes = lambda _: True
    world.run(20)
    exchange(world, host, range(10))
    assert world.server.log.count("up as") == 1


@CLIENTS
def test_a_bad_network_alone_ends_no_idle_session(profile: Profile) -> None:
    """A client's own DPD, with its few tries, is not ours to prolong: it asks for nothing here."""
    world = World(2)
    hosts = [world.host(replace(profile, dpd_seconds=0)) for _ in range(20)]
    world.dial(*hosts)
    world.internet.quality = AWFUL
    world.run(900)
    assert world.up(*hosts), world.story(*hosts)
    assert world.server.log.count("up as") == len(hosts)


@pytest.mark.parametrize("quality", [ROUGH, AWFUL], ids=["5%", "20%"])
@CLIENTS
def test_clients_come_and_go_on_a_bad_network(profile: Profile, quality: Quality) -> None:
    world = World(11, quality)
    hosts = [world.host(profile) for _ in range(10)]
    for _ in range(3):
        world.dial(*hosts, seconds=300)
        for host in hosts:
            host.hang_up()
        world.run(60)
    world.run(800)
    assert world.server.sizes() == EMPTY, world.story(*hosts)
    assert world.radius.online == []
    assert all(not host.client.complaints for host in hosts)


def test_a_user_keeps_their_address_over_many_dial_ins() -> None:
    world = World()
    host = world.host(WINDOWS)
    addresses = set()
    for _ in range(30):
        world.dial(host)
        addresses.add(host.client.inner_address)
        host.hang_up()
        world.run(6)
    assert len(addresses) == 1
    assert world.server.sizes() == EMPTY
    assert world.radius.requests == 1 + 30 * 3, "Accounting-On, and three a dial-in"


def test_dialling_again_without_hanging_up_replaces_the_session() -> None:
    world = World()
    host = world.host(WINDOWS, world.internet)
    world.dial(host)
    host.kill()
    host.revive()
    world.dial(host, seconds=10)
    exchange(world, host, range(10))
    assert len(world.server.concentrator.subscribers) == 1
    assert "the same client dialled again" in world.server.log
