"""Whatever order messages come in: nothing without the key, nothing without an Access-Accept."""

import re
from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st

from radius.message import Code
from tests.network.world import World
from tests.peers.profiles import ANDROID, NETWORK_MANAGER, WINDOWS
from tests.scenario.adversary import Adversary, Choice
from tests.scenario.traffic import EMPTY

NUMBER = st.integers(0, 1 << 16)
MOVES = st.lists(st.tuples(NUMBER, NUMBER, NUMBER), min_size=20, max_size=120)
CLIENTS = {profile.name: profile for profile in (WINDOWS, ANDROID, NETWORK_MANAGER)}
NAMES = st.sampled_from(sorted(CLIENTS))
HONESTY = st.integers(0, 25)
ACCOUNTING_ON = 7
FEW = settings(max_examples=100)


def accepted(world: World, user: str) -> int:
    """How often RADIUS said yes to a user."""
    return sum(f'"{user}" at' in n and " accepted by " in n for n in world.radius.notices)


def leases(world: World, user: str) -> int:
    """How many sessions of a user have an address."""
    everyone = world.server.concentrator.subscribers
    return sum(s.user == user and s.lease is not None for s in everyone)


def settle(world: World, adversary: Adversary) -> None:
    """Let everything that is left arrive."""
    for _ in range(600):
        if not adversary.pending:
            world.clock.run(0.5)
        adversary.play((0, 0, 0))


@FEW
@given(MOVES, NAMES, HONESTY)
def test_nothing_without_the_pre_shared_key(moves: list[Choice], name: str, honest: int) -> None:
    world = World()
    host = world.host(CLIENTS[name], None if honest % 2 else world.internet, psk=b"a guess")
    adversary = Adversary(world, host)
    host.dial()
    for move in [(0, 3, 0)] * honest + moves:
        adversary.play(move)
        assert world.server.sizes() == EMPTY
        if host.client.state == "closed":
            host.dial()
    # all that RADIUS ever hears is that the server has started, however often it asks for an answer
    records = world.radius.records
    heard = {(record.code, record.number("Acct-Status-Type")) for record in records}
    assert heard <= {(Code.ACCOUNTING_REQUEST, ACCOUNTING_ON), (Code.STATUS_SERVER, None)}
    assert world.radius.requests == len(records)
    assert not world.server.inside.heard


@FEW
@given(MOVES, NAMES, HONESTY)
def test_nothing_without_an_access_accept(moves: list[Choice], name: str, honest: int) -> None:
    world = World()
    world.radius.people.add("bob", "secret")
    profile = CLIENTS[name]
    good, bad = world.host(profile), world.host(profile, user="bob", password="wrong")
    adversary = Adversary(world, bad)
    good.dial()
    bad.dial()
    for move in [(0, 3, 0)] * honest + moves:
        adversary.play(move)
        check(world)
        for host in (good, bad):
            if host.client.state == "closed":
                host.dial()
    settle(world, adversary)
    check(world)


def check(world: World) -> None:
    """Assert that bob, whose password is wrong, has nothing, and alice no more than is due."""
    assert accepted(world, "bob") == 0
    assert leases(world, "bob") == 0
    assert leases(world, "alice") <= accepted(world, "alice")
    assert len(world.server.plane._forwarder.by_address) <= leases(world, "alice")
    granted = re.findall(r"address alice \S+ (\S+) from pool", world.server.log)
    assert set(world.server.inside.heard) <= set(map(IPv4Address, granted))


def test_an_honest_carrier_lets_the_good_one_in() -> None:
    world = World()
    host = world.host(user="alice")
    adversary = Adversary(world, host)
    host.dial()
    settle(world, adversary)
    check(world)
    assert leases(world, "alice") == 1
