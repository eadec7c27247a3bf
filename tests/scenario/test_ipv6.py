"""A dual-stack client makes an address in its prefix, asks for name servers, and leaks nothing."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest
from scapy.layers.dhcp6 import DHCP6_InfoRequest, DHCP6_Reply, DHCP6OptDNSServers
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, IPv6

from l2tpsec.concentrator.settings import AddressSettings
from tests.network.host import Host
from tests.network.internet import CLEAN, ROUGH, Quality
from tests.network.world import SETTINGS, World
from tests.peers.profiles import PROFILES, WINDOWS, Profile
from tests.scenario.traffic import EMPTY

POOL = IPv6Network("2001:db8:99::/56")
FIRST = IPv6Network("2001:db8:99:1::/64")
FAR = "2001:db8:77::9"
CLIENT = "fe80::5"
DUAL_STACK = [profile for profile in PROFILES if profile.ppp.ipv6]
CLIENTS = pytest.mark.parametrize("profile", DUAL_STACK, ids=lambda profile: profile.name)
QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH], ids=["clean", "5%"])


def world(quality: Quality = CLEAN, outer_mtu: int = 1500) -> World:
    address = AddressSettings(ipv6_pool=POOL, ipv6_dns=(IPv6Address("2001:db8::53"),))
    return World(5, quality, replace(SETTINGS, address=address, outer_mtu=outer_mtu))


def heard(host: Host) -> list[IPv6]:
    return [IPv6(packet) for packet in host.client.packets if packet[0] >> 4 == 6]


def advertised(world: World, host: Host) -> IPv6:
    """Return an advertisement: the first comes of itself, and if it is lost, another."""

    def found() -> list[IPv6]:
        return [packet for packet in heard(host) if ICMPv6ND_RA in packet]

    assert world.clock.run(30, lambda: bool(found())), world.story(host)
    return found()[0]


def say(world: World, host: Host, packet: IPv6) -> None:
    host._send(host.client.send(bytes(packet), world.clock.now))
    world.run(0.5)


@QUALITIES
@CLIENTS
def test_a_prefix_and_traffic(profile: Profile, quality: Quality) -> None:
    net = world(quality)
    host = net.host(profile)
    net.dial(host)
    prefix = advertised(net, host)[ICMPv6ND_RA][ICMPv6NDOptPrefixInfo]
    assert (prefix.prefix, prefix.prefixlen) == (str(FIRST[0]), 64)
    address, server = str(FIRST[5]), net.server
    out = IPv6(src=address, dst=FAR) / UDP(sport=1, dport=2) / b"out"
    back = IPv6(src=FAR, dst=address) / UDP(sport=2, dport=1) / b"back"
    for _ in range(20):
        say(net, host, out)
        server.inside.post(bytes(back))
        net.run(0.5)
    assert bytes(out) in server.inside.ipv6
    assert bytes(back) in [bytes(packet) for packet in heard(host)]
    (subscriber,) = server.concentrator.subscribers
    assert subscriber.counters.input_packets == len(server.inside.ipv6)
    host.hang_up()
    assert net.clock.run(120, lambda: host.client.state == "closed")
    net.run(700)
    assert server.sizes() == EMPTY


@CLIENTS
def test_questions_of_the_link(profile: Profile) -> None:
    net = world()
    host = net.host(profile)
    net.dial(host)
    advertised(net, host)
    before = len(heard(host))
    say(net, host, IPv6(src=CLIENT, dst="ff02::2", hlim=255) / ICMPv6ND_RS())
    say(
        net,
        host,
        IPv6(src=CLIENT, dst="ff02::1:2") / UDP(sport=546, dport=547) / DHCP6_InfoRequest(trid=7),
    )
    answers = [packet for packet in heard(host)[before:] if packet.dst == CLIENT]
    assert any(ICMPv6ND_RA in packet for packet in answers)
    (reply,) = (packet[DHCP6_Reply] for packet in answers if DHCP6_Reply in packet)
    assert (reply.trid, reply[DHCP6OptDNSServers].dnsservers) == (7, ["2001:db8::53"])
    assert net.server.inside.ipv6 == []


def test_nobody_speaks_for_another() -> None:
    net = world()
    hosts = [net.host(WINDOWS) for _ in range(2)]
    net.dial(*hosts)
    prefixes = {advertised(net, host)[ICMPv6NDOptPrefixInfo].prefix for host in hosts}
    assert len(prefixes) == 2
    drops = sum(net.server.plane.drops.values())
    for source in (prefixes.pop(), prefixes.pop()):
        say(net, hosts[0], IPv6(src=source, dst=FAR) / UDP())
    assert len(net.server.inside.ipv6) == 1
    assert sum(net.server.plane.drops.values()) == drops + 1


def test_without_a_pool_nothing_is_advertised_or_forwarded() -> None:
    net = World()
    host = net.host(WINDOWS)
    net.dial(host)
    net.run(20)
    say(net, host, IPv6(src=CLIENT, dst="ff02::2", hlim=255) / ICMPv6ND_RS())
    say(net, host, IPv6(src=str(FIRST[5]), dst=FAR) / UDP())
    assert heard(host) == []
    assert net.server.inside.ipv6 == []


@pytest.mark.parametrize(("outer_mtu", "carried"), [(1420, True), (1360, False)])
def test_the_width_of_the_path(outer_mtu: int, carried: bool) -> None:
    """A link narrower than 1,280 octets carries no IPv6, and its log says why."""
    net = world(outer_mtu=outer_mtu)
    host = net.host(WINDOWS)
    net.dial(host)
    net.run(20)
    (subscriber,) = net.server.concentrator.subscribers
    assert (subscriber.mtu >= 1280) is carried
    if carried:
        assert advertised(net, host)[ICMPv6NDOptMTU].mtu == subscriber.mtu
    else:
        assert heard(host) == []
        assert "no IPv6: it needs an MTU of 1280" in net.server.log
