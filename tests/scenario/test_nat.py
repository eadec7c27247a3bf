"""Network address translation: many behind one, mappings that change, the server behind it."""

from dataclasses import replace

import pytest

from l2tpsec.concentrator import security
from tests.network.host import Host
from tests.network.internet import ROUGH
from tests.network.nat import Nat
from tests.network.world import IKE, SETTINGS, World
from tests.peers.profiles import ANDROID, MACOS, NETWORK_MANAGER, PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY, exchange, rekey

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def carrier(world: World) -> Nat:
    """A carrier's NAT, behind which homes have NATs of their own."""
    return Nat(world.clock, world.internet, "203.0.113.200", first_port=50_000)


@CLIENTS
def test_clients_behind_one_address_that_are_alike_in_everything(profile: Profile) -> None:
    world = World(settings=replace(SETTINGS, ike=replace(IKE, half_open_per_address=64)))
    outside = carrier(world)
    hosts = [world.host(profile, world.home(outside=outside)) for _ in range(20)]
    world.dial(*hosts)
    assert len({host.client.inner_address for host in hosts}) == 20
    assert {(host.address, host.client.tunnel) for host in hosts} == {("192.168.1.10", 1)}
    for host in hosts:
        exchange(world, host, range(5))

    hosts[7].hang_up()
    world.run(10)
    assert hosts[7].client.state == "closed"
    world.dial(hosts[7])
    for host in hosts:
        exchange(world, host, range(10, 15))
        assert host.client.ipsec.mains == 1, "nobody else had to dial again"
    assert world.server.sizes() == (20,) * 9


def test_a_crowd_with_a_key_and_no_user_has_no_more_than_its_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(security, "MOST_STRANGERS", 2)
    world = World(radius_secret=b"so that RADIUS never answers")
    outside = carrier(world)
    for _ in range(6):
        world.host(WINDOWS, world.home(outside=outside)).dial()
        world.run(3)
    box = world.server.concentrator
    assert (len(box.peers), box.tunnels, len(box.subscribers)) == (2, 2, 2)


def test_users_behind_one_address_are_no_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "MOST_STRANGERS", 1)
    world = World()
    outside = carrier(world)
    hosts = [world.host(WINDOWS, world.home(outside=outside)) for _ in range(4)]
    for host in hosts:
        world.dial(host)
    assert world.up(*hosts)


def test_different_clients_in_one_home() -> None:
    world = World(5, ROUGH)
    home = world.home()
    profiles = (WINDOWS, MACOS, ANDROID, NETWORK_MANAGER, WINDOWS)
    hosts = [world.host(p, home, f"192.168.1.{n}") for n, p in enumerate(profiles, 10)]
    world.dial(*hosts)
    for host in hosts:
        exchange(world, host, range(20))
        rekey(world, host)
    for host in hosts:
        exchange(world, host, range(20, 40))


@CLIENTS
def test_a_client_that_reboots_behind_a_shared_address_takes_only_its_own_place(
    profile: Profile,
) -> None:
    world = World()
    outside = carrier(world)
    hosts = [world.host(profile, world.home(outside=outside)) for _ in range(3)]
    world.dial(*hosts)
    hosts[1].kill()
    world.run(5)
    hosts[1].revive()
    world.dial(hosts[1], seconds=10)
    assert hosts[1].client.ipsec.mains == 1
    for host in hosts:
        exchange(world, host, range(10))
    world.run(400)
    assert world.up(*hosts), world.story(*hosts)
    # Windows tells by a Vendor ID only, which it sends as well when its tunnel lives.
    most = 4 if profile.contact == "vendor-id" else 3
    assert world.server.concentrator.peers.pairs <= most, world.story()
    assert len(world.server.concentrator.subscribers) == 3, world.story()


@CLIENTS
def test_the_nat_forgets_its_mappings(profile: Profile) -> None:
    world = World()
    home = world.home()
    host = world.host(profile, home)
    world.dial(host)
    home.rebind()
    exchange_after_move(world, host)
    rekey(world, host)
    exchange(world, host, range(20, 40))
    host.hang_up()
    world.run(400)
    assert world.server.sizes() == EMPTY


@CLIENTS
def test_a_telephone_changes_networks(profile: Profile) -> None:
    world = World()
    home = world.home()
    host = world.host(profile, home)
    world.dial(host)
    home.move("203.0.113.99")
    exchange_after_move(world, host)
    rekey(world, host)
    exchange(world, host, range(20, 40))
    assert "the client's address or port changed to 203.0.113.99" in world.server.log


def exchange_after_move(world: World, host: Host) -> None:
    host.send(0)  # nothing reaches the client before something came from it
    world.run(0.1)
    exchange(world, host, range(1, 20))


def test_several_clients_keep_apart_when_their_nat_restarts() -> None:
    world = World()
    outside = carrier(world)
    hosts = [world.host(WINDOWS, world.home(outside=outside)) for _ in range(5)]
    world.dial(*hosts)
    outside.rebind()
    for host in reversed(hosts):
        host.send(0)
    world.run(0.2)
    for host in hosts:
        exchange(world, host, range(1, 10))
        rekey(world, host)
    for host in hosts:
        exchange(world, host, range(10, 20))
    assert world.server.sizes() == (5,) * 9


@CLIENTS
def test_keepalives_outlive_a_nat_that_forgets_after_30_seconds(profile: Profile) -> None:
    world = World()
    home = world.home(idle_seconds=30)
    host = world.host(profile, home)
    world.dial(host)
    first = home._port
    world.run(900)
    assert world.up(host), world.story(host)
    world.server.inside.send(host.client.inner_address, 1)
    world.run(1)
    assert host.numbers == [1]
    assert home._port <= first + 1, "the mapping of port 500 may have gone, that of 4500 not"


@CLIENTS
@pytest.mark.parametrize("at_home", [True, False], ids=["both", "server-only"])
def test_the_server_behind_a_one_to_one_nat(profile: Profile, at_home: bool) -> None:
    world = World(server_behind_nat=True)
    knowing = replace(profile, knows_nat_rule=True)
    host = world.host(knowing, None if at_home else world.internet)
    world.dial(host)
    exchange(world, host, range(20))
    rekey(world, host)
    exchange(world, host, range(20, 40))
    assert "server yes" in world.server.log


def test_untouched_windows_refuses_a_server_behind_a_nat() -> None:
    world = World(server_behind_nat=True)
    host = world.host(WINDOWS)
    host.dial()
    world.run(60)
    assert host.client.failure == "809: the server is behind a NAT"
    assert "message 5 never came" in world.server.log


@pytest.mark.parametrize("at_home", [True, False], ids=["both", "server-only"])
def test_echoing_its_hash_lets_untouched_windows_in(at_home: bool) -> None:
    ike = replace(IKE, echo_nat_d=True)
    world = World(settings=replace(SETTINGS, ike=ike), server_behind_nat=True)
    host = world.host(WINDOWS, None if at_home else world.internet)
    world.dial(host, seconds=10)
    exchange(world, host, range(20))
    rekey(world, host)
    exchange(world, host, range(20, 40))
    assert host.client.ipsec.current is not None
    assert host.client.ipsec.current.agreed.encapsulated


def test_encapsulation_may_be_forced_where_no_nat_is() -> None:
    ike = replace(IKE, force_encapsulation=True)
    world = World(settings=replace(SETTINGS, ike=ike))
    for number, profile in enumerate(PROFILES):
        host = world.host(profile, world.internet, f"203.0.113.{100 + number}")
        world.dial(host)
        exchange(world, host, range(5))
        pair = host.client.ipsec.current
        assert pair is not None
        assert pair.agreed.encapsulated


def test_a_hundred_clients_behind_one_address_dial_at_once() -> None:
    world = World(7, ROUGH)
    outside = carrier(world)
    hosts = [world.host(WINDOWS, world.home(outside=outside)) for _ in range(100)]
    world.dial(*hosts, seconds=120)
    assert len({host.client.inner_address for host in hosts}) == 100
    for host in hosts[::10]:
        exchange(world, host, range(3))
    for host in hosts:
        host.hang_up()
    world.run(700)
    assert world.server.sizes() == EMPTY
