"""What every data plane must do with networks behind a client, run against each of them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from l2tpsec.model.counters import Counters, Refusals
from tests.planes.client import HOME
from tests.planes.recording import Sent
from tests.planes.rig import (
    ADDRESS,
    ALICE,
    FAR,
    IDS,
    OLD,
    OTHER,
    PREFIX,
    SECOND,
    SECOND_PREFIX,
    SERVICE,
    Rig,
    packet,
    packet_ipv6,
    policy,
    up,
)

SITE, SITE_HOST = IPv4Network("192.168.7.0/24"), IPv4Address("192.168.7.9")


SITE_IPV6, SITE_IPV6_HOST = IPv6Network("2001:db8:7::/48"), IPv6Address("2001:db8:7:1::9")


@pytest.fixture
def sited(rig: Rig) -> Rig:
    """Alice's client has networks behind it; another session of hers has none."""
    for ids, address, prefix in ((IDS, ADDRESS, PREFIX), (OTHER, SECOND, SECOND_PREFIX)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding(ALICE, ids, address, 1400)
        rig.plane.start_forwarding_ipv6(ALICE, ids, prefix, 1400)
    assert rig.plane.route(ALICE, IDS, [SITE, SITE_IPV6]) == []
    return rig


def test_networks_behind_a_client(sited: Rig) -> None:
    out, back = packet(SITE_HOST, SERVICE), packet(SERVICE, SITE_HOST)
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + out)
    sited.from_kernel(back)
    assert sited.to_kernel == [out]
    assert sited.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x21" + back)]
    assert sited.plane.counters(ALICE, IDS) == Counters(1, 29, 1, 29)


def test_networks_of_ipv6_behind_a_client(sited: Rig) -> None:
    out, back = packet_ipv6(SITE_IPV6_HOST, FAR), packet_ipv6(FAR, SITE_IPV6_HOST)
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + out)
    sited.from_kernel(back)
    assert sited.to_kernel == [out]
    assert [sent.body for sent in sited.sent] == [b"\x00\x57" + back]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x21" + packet(SITE_HOST, SERVICE),
        b"\x00\x57" + packet_ipv6(SITE_IPV6_HOST, FAR),
        b"\x00\x21" + packet(SECOND, SITE_HOST),
        b"\x00\x57" + packet_ipv6(SECOND_PREFIX[5], SITE_IPV6_HOST),
    ],
)
def test_a_network_is_behind_its_own_client_alone(sited: Rig, frame: bytes) -> None:
    sited.arrive_frame(OLD, OTHER.tunnel, OTHER.session, frame)
    assert sited.to_kernel == []
    assert sum(sited.drops.values()) == 1


def test_networks_behind_a_client_are_assigned_to_it_and_under_its_policy(sited: Rig) -> None:
    rules = ("permit in ip from assigned to any", "permit out ip from 192.0.2.1 to assigned")
    sited.plane.set_policy(ALICE, IDS, policy(*rules))
    sited.plane.set_policy(ALICE, OTHER, policy("permit in ip from !assigned to any"))
    elsewhere = IPv4Network("192.168.8.0/24")
    assert sited.plane.route(ALICE, IDS, [elsewhere]) == []
    hosts = [ADDRESS, SITE_HOST, elsewhere[9]]
    out = [packet(host, SERVICE) for host in hosts] + [packet_ipv6(SITE_IPV6_HOST, FAR)]
    up(sited, *out)
    assert sited.to_kernel == out
    back = [packet(SERVICE, host) for host in hosts]
    for one in (*back, packet(IPv4Address("192.0.2.2"), SITE_HOST)):
        sited.from_kernel(one)
    sited.from_kernel(packet_ipv6(FAR, SITE_IPV6_HOST))
    assert [sent.body for sent in sited.sent] == [b"\x00\x21" + one for one in back]
    assert sited.plane.refusals(ALICE, IDS) == Refusals(2, 0)


def test_a_network_has_one_holder(sited: Rig) -> None:
    sited.plane.route(ALICE, OTHER, [SITE])
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    assert [sent.ids for sent in sited.sent] == [(0x0303, 0x0606)]
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(SITE_HOST, SERVICE))
    assert sited.to_kernel == []
    sited.plane.close_session(ALICE, IDS)
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    assert sited.plane.counters(ALICE, OTHER).output_packets == 2


def test_a_network_goes_with_its_session(sited: Rig) -> None:
    sited.plane.close_session(ALICE, IDS)
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    sited.from_kernel(packet_ipv6(FAR, SITE_IPV6_HOST))
    assert sited.sent == []
    assert sum(sited.drops.values()) == 2
    assert sited.plane.route(ALICE, IDS, [SITE]) == []
    assert sited.plane.use_table(ALICE, IDS, [SITE], 100) == ""
