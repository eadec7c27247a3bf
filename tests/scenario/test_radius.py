"""What RADIUS grants is what the client gets, and what RADIUS is told is what happened."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from radius.client.settings import Server as RadiusServer
from radius.message import Attribute, Message
from tests.network.accounts import SECRET, Accounts
from tests.network.internet import AWFUL
from tests.network.server import Server
from tests.network.world import RADIUS, SERVER, World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY, exchange

START, STOP, INTERIM = 1, 2, 3
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def granting(*attributes: Attribute) -> World:
    world = World()
    world.radius.grants["alice"] = list(attributes)
    return world


def records(world: World, status: int) -> list[Message]:
    """The accounting records of one kind, copies left out."""
    found = [row for row in world.radius.records if row.number("Acct-Status-Type") == status]
    return list(
        {
            (row.text("Acct-Session-Id"), row.number("Acct-Session-Time")): row for row in found
        }.values()
    )


@CLIENTS
def test_session_timeout(profile: Profile) -> None:
    world = granting(("Session-Timeout", 100))
    host = world.host(profile)
    world.dial(host)
    world.run(90)
    assert world.up(host)
    assert world.clock.run(30, lambda: not world.server.concentrator.subscribers)
    assert "the session timeout passed" in world.server.log
    world.run(60)
    (stop,) = records(world, STOP)
    assert stop.number("Acct-Terminate-Cause") == 5
    assert stop.number("Acct-Session-Time") == 100


@CLIENTS
def test_idle_timeout(profile: Profile) -> None:
    world = granting(("Idle-Timeout", 300))
    host = world.host(profile)
    world.dial(host)
    for number in range(10):
        world.run(200)
        exchange(world, host, range(number, number + 1))
    assert world.up(host)
    world.run(420)
    assert not world.server.concentrator.subscribers
    assert "no traffic for the idle timeout" in world.server.log
    (stop,) = records(world, STOP)
    assert stop.number("Acct-Terminate-Cause") == 4


@CLIENTS
def test_accounting_tells_the_traffic(profile: Profile) -> None:
    world = granting(("Acct-Interim-Interval", 60), ("Class", b"gold"))
    host = world.host(profile)
    world.dial(host)
    exchange(world, host, range(100))
    world.run(150)
    host.hang_up()
    world.run(30)
    (start,), (stop,) = records(world, START), records(world, STOP)
    interims = records(world, INTERIM)
    first, second = (row.number("Acct-Session-Time") or 0 for row in interims)
    assert 53 <= first <= 66, "within a tenth"
    assert 53 <= second - first <= 66
    for row in (start, stop, *interims):
        assert row.octets("Class") == b"gold"
        assert row.text("User-Name") == "alice"
        assert row.text("Framed-IP-Address") == "10.99.0.2"
        assert row.text("Calling-Station-Id") == "203.0.113.1"
        assert row.text("Acct-Session-Id") == start.text("Acct-Session-Id")
    for row in (stop, *interims):
        for counter in ("Acct-Input-Packets", "Acct-Output-Packets"):
            assert row.number(counter) == 100
        for counter in ("Acct-Input-Octets", "Acct-Output-Octets"):
            assert row.number(counter) == 3600
    assert stop.number("Acct-Terminate-Cause") == 1


def test_interim_updates_can_be_forbidden_and_are_never_too_many() -> None:
    # within a tenth at random: of 60 seconds 9 to 11 fit, of 100 seconds 5 or 6
    for seconds, least, most in ((0, 0, 0), (5, 9, 11), (100, 5, 6)):
        world = granting(("Acct-Interim-Interval", seconds))
        world.dial(world.host())
        world.run(610)
        assert least <= len(records(world, INTERIM)) <= most


@CLIENTS
def test_name_servers_of_a_user(profile: Profile) -> None:
    world = granting(
        ("MS-Primary-DNS-Server", "192.0.2.1"), ("MS-Secondary-DNS-Server", "192.0.2.2")
    )
    host = world.host(profile)
    world.dial(host)
    assert list(map(str, host.client.ppp.dns)) == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    "framed",
    ["10.99.0.1", "127.0.0.1", "239.1.1.1", SERVER, "203.0.113.1"],
    ids=["the gateway", "loopback", "multicast", "the server", "the client's own outside"],
)
def test_framed_address_that_no_client_can_have(framed: str) -> None:
    world = granting(("Framed-IP-Address", framed))
    host = world.host()
    host.dial()
    world.run(30)
    assert host.client.state == "closed"
    assert f"{framed}, which RADIUS wants, " in world.server.log
    assert world.server.inside.routes == []
    assert world.server.concentrator.dial_ins == {"no_address": 1}


@pytest.mark.parametrize(
    ("framed", "given"),
    [
        ("255.255.255.254", "10.99.0.2"),
        ("255.255.255.255", "10.99.0.2"),
        ("192.0.2.77", "192.0.2.77"),
        ("10.99.0.200", "10.99.0.200"),
    ],
)
def test_framed_address(framed: str, given: str) -> None:
    world = granting(("Framed-IP-Address", framed))
    host = world.host()
    world.dial(host)
    assert str(host.client.inner_address) == given
    exchange(world, host, range(5))
    host.hang_up()
    world.run(30)
    assert world.server.sizes() == EMPTY
    assert world.server.inside.routes == []


@pytest.mark.parametrize(("wish", "given"), [("10.99.0.40", "10.99.0.40"), ("10.98.0.1", "")])
def test_a_client_that_may_choose_its_address(wish: str, given: str) -> None:
    world = granting(("Framed-IP-Address", "255.255.255.255"))
    hosts = [world.host() for _ in range(2)]
    for host in hosts:
        host.client.ppp.ipcp.wishes[3] = IPv4Address(wish).packed
        world.dial(host)
    addresses = [str(host.client.inner_address) for host in hosts]
    assert addresses == [given or "10.99.0.2", "10.99.0.2" if given else "10.99.0.3"]
    exchange(world, hosts[0], range(5))


def test_a_client_that_may_not_choose_its_address() -> None:
    world = granting(("Framed-IP-Address", "255.255.255.254"))
    host = world.host()
    host.client.ppp.ipcp.wishes[3] = IPv4Address("10.99.0.40").packed
    world.dial(host)
    assert str(host.client.inner_address) == "10.99.0.2"


def test_the_second_server_takes_over() -> None:
    world = World()
    world.server.kill()
    other = Accounts(world.internet, "198.51.100.54", bytes, SECRET)
    other.people.add("alice", "secret")
    servers = (RadiusServer(RADIUS, SECRET), RadiusServer("198.51.100.54", SECRET))
    world.site.radius = replace(world.site.radius, servers=servers)
    world.server = Server(world.site)
    world.radius.silent = True
    host = world.host()
    world.dial(host)
    assert other.requests > 0
    assert f"RADIUS server {RADIUS}:1812 is taken for dead" in world.server.log
    second = world.host(WINDOWS)
    before = world.clock.now
    world.dial(second)
    assert world.clock.now - before < 2, "nobody waits for the dead one again"


def test_every_record_arrives_on_a_bad_network() -> None:
    world = World(4, AWFUL)
    hosts = [world.host() for _ in range(10)]
    world.dial(*hosts)
    for host in hosts:
        host.hang_up()
    world.run(900)
    ups = world.server.log.count("up as")
    assert ups >= 10
    assert len({row.text("Acct-Session-Id") for row in records(world, START)}) == ups
    assert len({row.text("Acct-Session-Id") for row in records(world, STOP)}) == ups
    assert world.radius.online == []


def test_what_radius_asks_for_in_vain_is_named_once() -> None:
    world = granting(("Callback-Number", "555"), ("Framed-IPX-Network", 1))
    host = world.host(WINDOWS)
    world.dial(host)
    assert world.up(host)
    again = world.host(WINDOWS, world.home())
    world.dial(again)
    line = "what is not obeyed here: Callback-Number, Framed-IPX-Network"
    assert world.server.log.count(line) == 1
