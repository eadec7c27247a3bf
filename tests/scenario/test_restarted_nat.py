"""A NAT that restarts gives one client's port to another that is alike in all but its keys."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from radius.message import Attribute
from tests.network.host import Host
from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.nat import Nat
from tests.network.world import World
from tests.peers.profiles import ANDROID, MACOS, NETWORK_MANAGER, PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY, reauthenticate, rekey

CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["0", "5", "20"])
LIKE_TO_LIKE, FLOATED_TO_FIRST = 2, 1
"""Each client holds two mappings, of its port 500 and then of 4500."""


def nothing(world: World, host: Host) -> None:
    """Let the client's next packet be the first from its new port."""


Renewal = Callable[[World, Host], None]
RENEWALS = pytest.mark.parametrize("renew", [nothing, rekey, reauthenticate])


class Street:
    """Homes behind one carrier, clients of one inner address, and the numbers of their packets."""

    def __init__(self, quality: Quality, profile: Profile, homes: int, seed: int = 3) -> None:
        self.world = World(seed)
        self.quality = quality
        self.outside = Nat(
            self.world.clock, self.world.internet, "203.0.113.200", first_port=50_000
        )
        self.hosts = [
            self.world.host(profile, self.world.home(outside=self.outside)) for _ in range(homes)
        ]
        self._numbers: Iterator[int] = count(1)
        self._own: dict[Host, set[int]] = {host: set() for host in self.hosts}

    def dial(self, *hosts: Host) -> None:
        """Let them dial in turn; how the network is begins to matter then."""
        for host in hosts:
            self.world.internet.quality = CLEAN
            self.world.dial(host)
        self.world.internet.quality = self.quality

    def settled(self, host: Host) -> bool:
        """Wait until the client is connected; only packets that were lost may make it dial again.

        A minute of losses ends sessions without any NAT.
        """
        if self.world.clock.run(60, lambda: self.world.up(host)) or self.quality is CLEAN:
            return self.world.up(host)
        self.world.clock.run(600, lambda: host.client.state == "closed")
        self.dial(host)
        return True

    def talk(self, host: Host, packets: int = 6) -> None:
        """Send both ways, the client first: nothing reaches it before its NAT knows it."""
        assert self.settled(host), self.world.story(host)
        heard = self.world.server.inside.heard[host.client.inner_address]
        before = len(heard), len(host.numbers)
        for _ in range(packets if self.quality is CLEAN else 60):
            number = self._number(host)
            host.send(number)
            self.world.run(0.1)
            self.world.server.inside.send(host.client.inner_address, number)
            if len(heard) - before[0] >= packets and len(host.numbers) - before[1] >= packets:
                break
        self.world.run(0.3)
        assert len(heard) - before[0] >= packets, self.world.story(host)
        assert len(host.numbers) - before[1] >= packets, self.world.story(host)

    def _number(self, host: Host) -> int:
        number = next(self._numbers)
        self._own[host].add(number)
        return number

    def pour(self) -> None:
        """Send to every client, wherever that leads."""
        for host in self.hosts:
            self.world.server.inside.send(host.client.inner_address, self._number(host))
        self.world.run(0.1)

    def keep_apart(self, *, mains: int = 1) -> None:
        """Assert that nobody had another's packets, and nobody had to dial again."""
        for host in self.hosts:
            inner = host.client.inner_address
            assert set(host.numbers) <= self._own[host]
            assert set(self.world.server.inside.heard[inner]) <= self._own[host]
            if self.quality is CLEAN:
                assert host.client.ipsec.mains <= mains, self.world.story(host)
                assert not host.client.failure, self.world.story(host)
        assert len(self.world.server.concentrator.subscribers) == len(self.hosts)


@QUALITIES
@RENEWALS
@CLIENTS
def test_two_clients_swap_their_ports(profile: Profile, renew: Renewal, quality: Quality) -> None:
    street = Street(quality, profile, 2)
    first, second = street.hosts
    street.dial(first, second)
    street.outside.rotate(LIKE_TO_LIKE)
    street.pour()
    renew(street.world, first)
    street.pour()
    renew(street.world, second)
    for host in (first, second, first):
        street.talk(host)
    street.keep_apart(mains=2)


@QUALITIES
@pytest.mark.parametrize("places", [LIKE_TO_LIKE, FLOATED_TO_FIRST])
@pytest.mark.parametrize("profile", [WINDOWS, MACOS, ANDROID], ids=lambda profile: profile.name)
def test_three_clients_rotate_time_and_again(
    profile: Profile, places: int, quality: Quality
) -> None:
    street = Street(quality, profile, 3)
    street.dial(*street.hosts)
    for renew in (nothing, reauthenticate, rekey):
        street.outside.rotate(places)
        for host in street.hosts:
            street.pour()
            renew(street.world, host)
        for host in reversed(street.hosts):
            street.talk(host)
    street.keep_apart(mains=2)


@QUALITIES
@CLIENTS
def test_a_newcomer_gets_the_port_of_one_that_lives(profile: Profile, quality: Quality) -> None:
    street = Street(quality, profile, 2)
    first, second = street.hosts
    street.dial(first)
    street.outside.restart()
    second.client = second.client.fresh()
    street.dial(second)
    street.pour()
    for host in (first, second):
        street.talk(host)
        rekey(street.world, host)
        street.talk(host)
        reauthenticate(street.world, host)
        street.talk(host)
    street.keep_apart(mains=2)
    second.hang_up()
    assert street.world.clock.run(60, lambda: second.client.state == "closed")
    street.world.run(100)
    street.talk(first)
    assert len(street.world.server.concentrator.subscribers) == 1


@CLIENTS
def test_a_newcomer_at_the_port_of_one_that_is_silent_does_not_end_it(profile: Profile) -> None:
    street = Street(CLEAN, profile, 2)
    first, second = street.hosts
    street.dial(first)
    street.outside.restart()
    second.client = second.client.fresh()
    street.dial(second)
    street.world.run(35)
    for host in (first, second):
        street.talk(host)
    street.keep_apart()


@QUALITIES
@CLIENTS
def test_a_newcomer_gets_the_port_of_one_that_is_gone(profile: Profile, quality: Quality) -> None:
    street = Street(quality, profile, 2)
    first, second = street.hosts
    street.dial(first)
    first.kill()
    street.outside.restart()
    street.dial(second)
    street.talk(second)
    reauthenticate(street.world, second)
    street.talk(second)
    for _ in range(8):
        street.world.run(50)
        street.talk(second)
    street.world.run(120)
    assert len(street.world.server.concentrator.subscribers) <= 1, street.world.story()
    second.hang_up()
    street.world.run(10_000)
    assert street.world.server.sizes() == EMPTY


@pytest.mark.parametrize(
    ("profile", "quality"),
    [
        (MACOS, CLEAN),
        (MACOS, ROUGH),
        (NETWORK_MANAGER, CLEAN),
        (NETWORK_MANAGER, ROUGH),
        (ANDROID, CLEAN),
        (ANDROID, ROUGH),
    ],
    ids=lambda row: getattr(row, "name", None),
)
def test_liveness_is_answered_to_the_one_that_asks(profile: Profile, quality: Quality) -> None:
    street = Street(quality, profile, 3)
    street.dial(*street.hosts)
    for _ in range(4):
        street.outside.rotate(LIKE_TO_LIKE)
        street.world.run(profile.dpd_seconds * 6)
    for host in street.hosts:
        street.talk(host)
    street.keep_apart()


@QUALITIES
@CLIENTS
def test_one_hangs_up_at_the_place_of_the_other(profile: Profile, quality: Quality) -> None:
    street = Street(quality, profile, 2)
    first, second = street.hosts
    street.dial(first, second)
    street.outside.rotate(LIKE_TO_LIKE)
    first.hang_up()
    assert street.world.clock.run(60, lambda: first.client.state == "closed")
    street.talk(second)
    second.hang_up()
    street.world.run(10_000)
    assert street.world.server.sizes() == EMPTY


@QUALITIES
@CLIENTS
def test_a_silent_client_that_authenticates_again_is_recognized(
    profile: Profile, quality: Quality
) -> None:
    street = Street(quality, profile, 2)
    first, second = street.hosts
    street.dial(first, second)
    for host in street.hosts:
        reauthenticate(street.world, host)
    street.world.run(20)
    before = len(first.numbers)
    for _ in range(10):
        street.pour()
    assert len(first.numbers) - before >= (10 if quality is CLEAN else 3)
    street.keep_apart(mains=2)


@CLIENTS
def test_who_reboots_at_its_place_soon_has_one_session(profile: Profile) -> None:
    street = Street(CLEAN, profile, 2)
    first, second = street.hosts
    street.dial(first, second)
    subscribers = street.world.server.concentrator.subscribers
    for same_tunnel in (False, True):
        first.kill()
        street.world.run(5)
        if same_tunnel:
            first.revive()
        first.alive = True
        street.dial(first)
        assert street.world.clock.run(50, lambda: len(subscribers) == 2)
        street.talk(first)
        street.talk(second)
        street.keep_apart()


@CLIENTS
@pytest.mark.parametrize("attribute", [("Port-Limit", 1), ("Framed-IP-Address", "10.99.0.77")])
def test_what_one_user_may_have_once_waits_for_no_dead_session(
    profile: Profile, attribute: Attribute
) -> None:
    street = Street(CLEAN, profile, 1)
    (host,) = street.hosts
    street.world.radius.grants["alice"] = [attribute]
    street.dial(host)
    street.talk(host)
    host.kill()
    street.world.run(1)
    host.revive()
    street.world.dial(host, seconds=10)
    street.talk(host)
    street.keep_apart()
