"""A session carries what RADIUS allows it to, and no more."""

from tests.network.world import World
from tests.scenario.traffic import exchange

NAS_REQUEST = 10


def test_a_session_ends_when_its_quota_is_used_up() -> None:
    world = World()
    world.radius.grants["alice"] = [("L2tpsec-Octet-Quota", 36 * 100)]
    host = world.host()
    world.dial(host)
    exchange(world, host, range(40))
    world.run(20)
    assert world.up(host), "80 of 100 packets"
    for number in range(40, 60):
        host.send(number)
    world.run(20)
    assert not world.server.concentrator.subscribers
    assert "its octet quota is used up" in world.server.log
    (stop,) = (row for row in world.radius.records if row.number("Acct-Status-Type") == 2)
    assert stop.number("Acct-Terminate-Cause") == NAS_REQUEST
    assert stop.number("Acct-Input-Octets") == 60 * 36


def test_a_session_without_a_quota_is_not_looked_at() -> None:
    world = World()
    host = world.host()
    world.dial(host)
    exchange(world, host, range(40))
    world.run(60)
    assert world.up(host)
