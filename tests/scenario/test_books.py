"""RADIUS accounting balances: whoever dies, one Start and one Stop for each session."""

from collections import defaultdict

import pytest

from radius.message import Message
from tests.network.world import World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.traffic import exchange

START, STOP, ON, OFF = 1, 2, 7, 8
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def told(world: World) -> dict[str, list[Message]]:
    """What RADIUS was told, by session; a record that was repeated counts once."""
    found: defaultdict[str, list[Message]] = defaultdict(list)
    for row in world.radius.records:
        plain = [item for item in row.attributes if item[0] != "Acct-Delay-Time"]
        session = found[row.text("Acct-Session-Id") or ""]
        if plain not in [list(known.attributes) for known in session]:
            session.append(Message(row.code, plain))
    return found


def statuses(world: World) -> list[list[int]]:
    sessions = told(world).values()
    return [[row.number("Acct-Status-Type") or 0 for row in session] for session in sessions]


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.25, 0.3, 0.34, 0.36, 0.38, 0.4, 0.45, 0.5, 1, 5])
def test_a_server_killed_at_any_moment_leaves_no_open_session(seconds: float) -> None:
    world = World()
    host = world.host(WINDOWS)
    host.dial()
    world.run(seconds)
    world.server.kill()
    world.run(60)
    world.restart_server()
    world.run(60)
    for row in statuses(world):
        assert row in ([ON], [START, STOP])
    assert world.radius.online == []
    assert world.server.ledger.waiting == 0


def test_a_killed_server_tells_what_its_session_was() -> None:
    world = World()
    host = world.host(WINDOWS)
    world.dial(host)
    exchange(world, host, range(10))
    world.run(700)
    world.server.kill()
    world.run(3600)
    world.restart_server()
    world.run(10)
    (stop,) = [row for row in world.radius.records if row.number("Acct-Status-Type") == STOP]
    assert stop.number("Acct-Terminate-Cause") == 11
    assert stop.number("Acct-Input-Packets") == 10
    assert 540 <= (stop.number("Acct-Session-Time") or 0) <= 700
    assert 3600 <= (stop.number("Acct-Delay-Time") or 0) <= 3800
    assert "1 sessions were open when the server died" in world.server.log


@CLIENTS
def test_days_without_a_radius_server(profile: Profile) -> None:
    world = World()
    host = world.host(profile)
    world.dial(host)
    world.radius.silent = True
    world.run(86_400)
    host.hang_up()
    world.run(100)
    world.server.kill()
    world.restart_server()
    world.run(3600)
    assert world.server.log.count("no RADIUS server takes accounting records") < 20
    world.radius.silent = False
    world.run(100)
    assert [START, STOP] in statuses(world)
    assert world.radius.online == []
    assert world.server.ledger.waiting == 0
    assert "accounting records are taken again" in world.server.log


def test_on_and_off_embrace_all_sessions() -> None:
    world = World()
    hosts = [world.host(WINDOWS) for _ in range(3)]
    world.dial(*hosts)
    world.server.stop()
    kinds = [row.number("Acct-Status-Type") for row in world.radius.records]
    assert kinds == [ON, START, START, START, STOP, STOP, STOP, OFF]
    assert world.site.file.count(b'"done"') == 8
    world.restart_server()
    assert world.server.ledger.waiting == 1, "nothing but its own Accounting-On"


def test_sessions_of_one_peer_have_an_id_in_common() -> None:
    world = World()
    host = world.host(WINDOWS, world.internet)
    world.dial(host)
    world.run(1)
    first, second = world.radius.records[:2]
    assert second.text("Acct-Multi-Session-Id") is not None
    assert first.text("Acct-Session-Id") != second.text("Acct-Session-Id")
    assert second.number("Event-Timestamp") is not None
