"""A long time in a client's life: renewals with packets in flight at every step, idleness."""

from dataclasses import replace
from itertools import count

import pytest

from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.network.host import Host
from tests.network.internet import UDP, Packet
from tests.network.server import MARKER
from tests.network.world import SETTINGS, World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY, ONE, exchange

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
DAY = 86_400
QUIET = replace(
    SETTINGS,
    l2tp=L2tpSettings(hello_seconds=0),
    ppp=PppSettings(echo_seconds=1e9),
)
SILENT_WINDOWS = replace(WINDOWS, name="windows without HELLO", hello_seconds=0)


class Stream:
    """Numbers both ways: now and then, and around every ISAKMP message that is under way."""

    def __init__(self, world: World, host: Host) -> None:
        self.world = world
        self.host = host
        self.sent: list[int] = []
        self._numbers = count()
        world.internet.seen = self._seen

    def _seen(self, packet: Packet) -> None:
        nat = packet.payload[:4] == MARKER and 4500 in (packet.source.port, packet.destination.port)
        if packet.protocol == UDP and (nat or packet.destination.port == 500):
            # as it leaves, while it is on its way, as it arrives, and when it has its effect
            for seconds in (0, 0.01, 0.02, 0.021):
                self.world.clock.later(seconds, self.send)

    def send(self) -> None:
        """Send one number each way."""
        assert self.world.up(self.host), self.world.story(self.host)
        number = next(self._numbers)
        self.sent.append(number)
        self.host.send(number)
        self.world.server.inside.send(self.host.client.inner_address, number)

    def run(self, seconds: float, every: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds / every)):
            self.send()
            self.world.run(every)

    def check(self) -> None:
        """Assert that nothing was lost."""
        self.world.run(1)
        self.world.internet.seen = lambda _: None
        heard = self.world.server.inside.heard[self.host.client.inner_address]
        assert sorted(set(self.sent) - set(heard)) == [], self.world.story(self.host)
        assert sorted(set(self.sent) - set(self.host.numbers)) == [], self.world.story(self.host)
        assert len(heard) == len(self.host.numbers) == len(self.sent)


@CLIENTS
def test_a_day(profile: Profile) -> None:
    live_a_day(profile, nat=True)


def test_a_day_without_nat() -> None:
    live_a_day(WINDOWS, nat=False)


def live_a_day(profile: Profile, *, nat: bool) -> None:
    world = World()
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    stream = Stream(world, host)
    stream.run(DAY + 7200, every=60)
    stream.check()
    ipsec = host.client.ipsec
    assert ipsec.mains >= 3
    assert ipsec.quicks >= DAY // profile.rekey_seconds
    assert world.up(host)
    assert host.client.ppp.echoes or not profile.ppp.echo_seconds
    assert "WARNING" not in world.server.log
    assert world.server.concentrator.peers.pairs <= 3
    assert world.server.log.count("up as") == 1
    host.hang_up()
    world.run(100)
    assert host.client.state == "closed"
    world.run(DAY)
    assert world.server.sizes() == EMPTY


@pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])
def test_a_fast_transfer_renews_by_volume(nat: bool) -> None:
    world = World()
    profile = replace(WINDOWS, life_kilobytes=40)
    host = world.host(profile, None if nat else world.internet)
    world.dial(host)
    stream = Stream(world, host)
    stream.run(30, every=0.005)
    stream.check()
    assert host.client.ipsec.quicks > 10
    assert world.server.concentrator.peers.pairs <= 2


@pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])
def test_an_idle_pair_goes_and_comes_back_with_the_next_packet(nat: bool) -> None:
    world = World(settings=QUIET)
    host = world.host(SILENT_WINDOWS, None if nat else world.internet)
    world.dial(host)
    world.run(299)
    assert world.server.concentrator.peers.pairs == 1
    world.run(60)
    assert world.server.concentrator.peers.pairs == 0
    assert world.up(host)
    host.send(0)
    world.run(1)
    exchange(world, host, range(1, 10))
    assert world.server.inside.heard[host.client.inner_address] == list(range(10))
    assert host.client.ipsec.mains == 1
    assert world.server.sizes() == ONE


@pytest.mark.parametrize("nat", [True, False], ids=["nat", "no-nat"])
def test_nothing_of_ipsec_is_left_and_the_tunnel_lives(nat: bool) -> None:
    world = World(settings=QUIET)
    host = world.host(SILENT_WINDOWS, None if nat else world.internet)
    world.dial(host)
    world.run(30_000)
    peers = world.server.concentrator.peers
    assert (peers.pairs, peers.ike_sas) == (0, 0)
    assert world.up(host)
    host.send(0)
    world.run(1)
    exchange(world, host, range(1, 10))
    assert world.server.inside.heard[host.client.inner_address] == list(range(10))
    assert host.client.ipsec.mains == 2
    assert world.server.sizes() == ONE
    assert world.server.log.count("up as") == 1
