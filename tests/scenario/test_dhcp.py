"""Addresses of the site's DHCP servers, and DHCPINFORM; whatever is lost, DHCP's packets too."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from scapy.layers.inet import IP, UDP

from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.protocols.dhcp import packet, routes
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.packet import Message
from tests.network.host import Host
from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.leasing import LeasingHost
from tests.network.world import IKE, SERVER, SERVER_PRIVATE, SETTINGS, World
from tests.peers.dhcp_server import FIRST, SECOND, SiteServer
from tests.peers.profiles import PROFILES, Profile
from tests.scenario.traffic import EMPTY, exchange

QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["clean", "5%", "20%"])
CLIENTS = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
LEASING = AddressSettings(
    sources=("radius", "dhcp"),
    dhcp_servers=(FIRST, SECOND),
    domain="corp.example",
    routes=(IPv4Network("10.0.0.0/8"), IPv4Network(f"{SERVER}/24", strict=False)),
)
LEASED = IPv4Address("10.99.0.100")


def site(
    quality: Quality = CLEAN, seed: int = 5, settings: AddressSettings = LEASING
) -> tuple[World, LeasingHost]:
    """Return a world with one of its two DHCP servers running."""
    world = World(seed, quality, replace(SETTINGS, address=settings))
    return world, LeasingHost(world.internet, SiteServer())


def inform(world: World, host: Host, seconds: float = 0.5) -> Message | None:
    """Send a DHCPINFORM as Windows does; return the answer, if one comes in time."""
    client = host.client
    question = Message(
        packet.REQUEST,
        77,
        {Code.TYPE: bytes([Type.INFORM]), Code.WANTED: bytes((1, 15, 3, 6, 44, 46, 121, 249, 43))},
        8,
        b"RAS \1\2",
        ciaddr=client.inner_address,
    )
    head = IP(src=str(client.inner_address), dst="255.255.255.255") / UDP(sport=68, dport=67)
    host._send(client.send(bytes(head / packet.encode(question)), world.clock.now))
    world.clock.run(seconds, lambda: bool(client.packets))
    if not client.packets:
        return None
    seen = IP(client.packets.pop())
    assert (seen.src, seen.dst) == ("10.99.0.1", str(client.inner_address))
    assert (seen[UDP].sport, seen[UDP].dport) == (67, 68)
    return packet.decode(bytes(seen[UDP].payload))


@QUALITIES
@CLIENTS
def test_a_leased_address(profile: Profile, quality: Quality) -> None:
    world, leasing = site(quality)
    host = world.host(profile)
    world.dial(host)
    assert host.client.inner_address in leasing.server.leases.values()
    exchange(world, host, range(10))
    host.hang_up()
    assert world.clock.run(120, lambda: host.client.state == "closed"), world.story(host)
    world.run(700)
    assert world.server.sizes() == EMPTY
    assert leasing.heard(Type.RELEASE) >= (quality is CLEAN)
    assert leasing.server.leases == {} or quality is not CLEAN


@CLIENTS
def test_no_client_gives_up_while_the_address_is_awaited(profile: Profile) -> None:
    world, leasing = site()
    leasing.server.silent = True
    host = world.host(profile)
    host.dial()
    assert not world.clock.run(12, lambda: host.client.state == "up")
    [waiting] = world.server.concentrator.subscribers
    assert waiting.stage.value == "awaiting an address"
    leasing.server.silent = False
    assert world.clock.run(12, lambda: world.up(host)), world.story(host)
    assert host.client.ipsec.mains == 1
    assert host.client.complaints == []


def test_the_pool_steps_in_for_a_dead_server() -> None:
    settings = replace(LEASING, sources=("dhcp", "pool"))
    world, leasing = site(settings=settings)
    leasing.server.silent = True
    host = world.host()
    host.dial()
    assert world.clock.run(30, lambda: world.up(host)), world.story(host)
    assert host.client.inner_address == IPv4Address("10.99.0.2")
    assert "no address from a DHCP server (10.0.0.1, 10.0.0.2) within 18 s" in world.server.log
    assert "10.99.0.2 from pool" in world.server.log


def test_without_any_server_the_log_names_the_cause() -> None:
    world, leasing = site()
    leasing.server.silent = True
    host = world.host()
    host.dial()
    assert world.clock.run(60, lambda: host.client.state == "closed"), world.story(host)
    assert "no address from a DHCP server" in world.server.log
    assert "no address is free" in world.server.log
    world.run(700)
    assert world.server.sizes() == EMPTY


@pytest.mark.parametrize("quality", [CLEAN, ROUGH], ids=["clean", "5%"])
def test_a_day_on_one_lease(quality: Quality) -> None:
    world, leasing = site(quality)
    leasing.server.seconds = 7200
    host = world.host()
    world.dial(host)
    first = host.client.inner_address
    renewed = leasing.heard(Type.REQUEST)
    assert not world.clock.run(86400, lambda: host.client.state != "up"), world.story(host)
    assert host.client.inner_address == first
    assert leasing.heard(Type.REQUEST) - renewed >= 23


def test_a_lease_that_is_not_renewed_ends_the_session() -> None:
    world, leasing = site()
    leasing.server.seconds = 600
    host = world.host()
    world.dial(host)
    leasing.server.silent = True
    ended = world.clock.run(599, lambda: host.client.state != "up")
    assert not ended, world.story(host)
    assert world.clock.run(10, lambda: host.client.state == "closed"), world.story(host)
    assert "the lease expired: no DHCP server renewed it" in world.server.log
    assert "the lease of its address ended" in world.server.log
    assert world.clock.run(10, lambda: world.radius.online == [])


def test_a_refused_renewal_ends_the_session() -> None:
    world, leasing = site()
    leasing.server.seconds = 600
    host = world.host()
    world.dial(host)
    leasing.server.refuses = True
    assert world.clock.run(310, lambda: host.client.state == "closed"), world.story(host)
    assert "the DHCP server refused the lease (DHCPNAK" in world.server.log


def test_an_address_in_use_is_declined() -> None:
    world, leasing = site()
    world.radius.people.add("bob", "secret", address=str(LEASED))
    holder, host = world.host(user="bob"), world.host()
    world.dial(holder)
    assert holder.client.inner_address == LEASED
    world.dial(host)
    assert host.client.inner_address == LEASED + 1
    assert leasing.server.spoilt == {LEASED}
    assert leasing.heard(Type.DECLINE) == 1
    exchange(world, holder, range(5))
    exchange(world, host, range(5))


def test_each_session_of_a_user_has_its_own_lease() -> None:
    world, leasing = site()
    hosts = [world.host() for _ in range(3)]
    world.dial(*hosts)
    assert len({host.client.inner_address for host in hosts}) == 3
    hosts[1].hang_up()
    assert world.clock.run(60, lambda: hosts[1].client.state == "closed")
    assert len(leasing.server.leases) == 2
    world.dial(hosts[1])
    assert len(leasing.server.leases) == 3


def test_the_second_server_serves_where_the_first_is_dead() -> None:
    world, leasing = site()
    leasing.server.silent = True
    second = LeasingHost(world.internet, SiteServer(SECOND, next_host=200))
    host = world.host()
    host.dial()
    assert world.clock.run(5, lambda: world.up(host)), world.story(host)
    assert host.client.inner_address in second.server.leases.values()


def test_the_server_s_end_gives_every_lease_back() -> None:
    world, leasing = site()
    hosts = [world.host() for _ in range(3)]
    world.dial(*hosts)
    world.server.stop()
    world.run(1)
    assert leasing.server.leases == {}


@CLIENTS
def test_a_client_asks_for_the_rest(profile: Profile) -> None:
    """DHCPINFORM, answered by the site and filled in by us; then, the site being deaf, by us."""
    world, leasing = site()
    leasing.server.extra = {Code.DNS: b"\x0a\0\0\x35", Code.DOMAIN: b"site.example"}
    host = world.host(profile)
    world.dial(host)
    answer = inform(world, host)
    assert answer is not None
    assert (answer.type, answer.options[Code.DOMAIN]) == (Type.ACK, b"site.example")
    assert answer.options[Code.CLASSLESS_ROUTES] == answer.options[Code.MICROSOFT_ROUTES]
    given = routes.decode(answer.options[Code.CLASSLESS_ROUTES])
    assert IPv4Network("10.0.0.0/8") in given
    assert not any(IPv4Address(SERVER) in route for route in given)
    assert leasing.server.heard[-1].options[Code.RELAY_AGENT].endswith(b"alice")

    leasing.server.silent = True
    assert inform(world, host, 1.9) is None
    world.clock.run(0.5, lambda: bool(host.client.packets))
    late = packet.decode(bytes(IP(host.client.packets.pop())[UDP].payload))
    # What the server said with the lease still holds.
    assert late.options[Code.DOMAIN] == b"site.example"


@CLIENTS
def test_no_route_holds_the_address_that_the_client_dialled(profile: Profile) -> None:
    """The server stands behind a NAT: its own address is another one."""
    split = AddressSettings(routes=(IPv4Network("198.51.100.0/24"), IPv4Network("10.0.0.0/8")))
    settings = replace(SETTINGS, ike=replace(IKE, echo_nat_d=True), address=split)
    world = World(settings=settings, server_behind_nat=True)
    host = world.host(profile)
    world.dial(host)
    answer = inform(world, host)
    assert answer is not None
    given = routes.decode(answer.options[Code.CLASSLESS_ROUTES])
    for address in (SERVER, SERVER_PRIVATE):
        assert not any(IPv4Address(address) in route for route in given)
    assert sum(route.num_addresses for route in given) == (1 << 24) + (1 << 8) - 2


def test_without_dhcp_servers_the_answer_is_our_own() -> None:
    split = AddressSettings(domain="corp.example", routes=(IPv4Network("10.0.0.0/8"),))
    world = World(settings=replace(SETTINGS, address=split))
    host = world.host()
    world.dial(host)
    answer = inform(world, host)
    assert answer is not None
    assert answer.options[Code.DOMAIN] == b"corp.example"
    assert "DHCPINFORM answered: 1 routes, domain corp.example" in world.server.log


def test_junk_for_the_dhcp_server_is_dropped() -> None:
    world = World()
    host = world.host()
    world.dial(host)
    head = IP(src=str(host.client.inner_address), dst="255.255.255.255") / UDP(sport=68, dport=67)
    for junk in (b"", b"x" * 300):
        host._send(host.client.send(bytes(head / junk), world.clock.now))
    world.run(1)
    assert ("dhcp", "malformed") in world.server.journal.drops
    assert world.up(host)
    assert host.client.packets == []
