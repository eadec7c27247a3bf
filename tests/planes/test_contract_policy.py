"""What every data plane must do with filters and rates, run against each of them."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.protocols.inet import icmpv6, ipv4, ipv6, udp
from tests.planes.rig import (
    ADDRESS,
    ALICE,
    FAR,
    IDS,
    OTHER,
    PREFIX,
    SECOND,
    SERVICE,
    Rig,
    packet,
    packet_ipv6,
    policy,
    up,
)


@pytest.fixture
def dual(rig: Rig) -> Rig:
    """Alice's session has an address and a prefix."""
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    return rig


OUT, BACK = packet(ADDRESS, SERVICE), packet(SERVICE, ADDRESS)


OUT_IPV6, BACK_IPV6 = packet_ipv6(PREFIX[5], FAR), packet_ipv6(FAR, PREFIX[5])


def test_a_filter_judges_both_directions_of_both_versions(dual: Rig) -> None:
    told = policy("permit in udp from assigned to 192.0.2.1 2", "deny out 17 from any 1 to any")
    dual.plane.set_policy(ALICE, IDS, told)
    up(dual, OUT, OUT_IPV6, packet(ADDRESS, IPv4Address("192.0.2.2")))
    assert dual.to_kernel == [OUT]
    dual.from_kernel(BACK)
    dual.from_kernel(BACK_IPV6)
    assert dual.sent == []
    assert dual.plane.counters(ALICE, IDS) == Counters(1, len(OUT), 0, 0)
    assert dual.plane.refusals(ALICE, IDS) == Refusals(4, 0)
    assert sum(dual.drops.values()) == 4


def test_a_policy_is_of_one_session_and_comes_before_or_after_the_address(rig: Rig) -> None:
    rig.plane.set_policy(ALICE, IDS, policy("permit in ip from assigned to any"))
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, SECOND, 1400)
    rig.plane.set_policy(ALICE, OTHER, policy("deny out ip from any to any"))
    rig.from_kernel(packet(SERVICE, SECOND))
    assert rig.sent == []
    up(rig, OUT)
    rig.from_kernel(BACK)
    assert rig.to_kernel == [OUT]
    assert len(rig.sent) == 1
    assert rig.plane.refusals(ALICE, OTHER) == Refusals(1, 0)


def test_a_policy_replaces_the_former_and_may_free(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy("deny in ip from any to any"))
    up(dual, OUT)
    dual.plane.set_policy(ALICE, IDS, policy("deny out ip from any to any"))
    up(dual, OUT)
    dual.from_kernel(BACK)
    assert (dual.to_kernel, dual.sent) == ([OUT], [])
    dual.plane.set_policy(ALICE, IDS, policy())
    up(dual, OUT_IPV6)
    dual.from_kernel(BACK)
    assert dual.to_kernel == [OUT, OUT_IPV6]
    assert len(dual.sent) == 1
    assert dual.plane.refusals(ALICE, IDS) == Refusals(2, 0)


def test_what_is_for_the_link_and_of_the_box_itself_is_not_filtered(dual: Rig) -> None:
    none = policy("deny in ip from any to any", "deny out ip from any to any", up=1, down=1)
    dual.plane.set_policy(ALICE, IDS, none)
    everyone = IPv4Address("255.255.255.255")
    body = udp.encode(udp.Udp(68, 67, b"inform"), ADDRESS.packed, everyone.packed)
    inform = ipv4.encode(ipv4.Ipv4(17, ADDRESS.packed, everyone.packed, body))
    here, routers = IPv6Address("fe80::5").packed, IPv6Address("ff02::2").packed
    asked = icmpv6.encode(icmpv6.Icmpv6(133, 0, bytes(4)), here, routers)
    solicitation = ipv6.encode(ipv6.Ipv6(58, here, routers, asked, 255))
    up(dual, inform, solicitation)
    assert [heard[-1] for heard in dual.heard] == [inform, solicitation]
    for answer in (BACK, BACK_IPV6):
        dual.plane.send_packet(ALICE, IDS, answer)
    assert [sent.body[2:] for sent in dual.sent] == [BACK, BACK_IPV6]


def test_a_rate_lets_a_burst_through_and_then_so_much_a_second(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy(up=80_000, down=160_000))
    large = packet(ADDRESS, SERVICE, bytes(972))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 32
    dual.now = 1.0
    up(dual, *[large] * 20)
    assert len(dual.to_kernel) == 32 + 10
    for _ in range(40):
        dual.from_kernel(packet(SERVICE, ADDRESS, bytes(972)))
    dual.from_kernel(packet_ipv6(FAR, PREFIX[5], bytes(952)))
    assert dual.plane.counters(ALICE, IDS).output_packets == 32
    dual.now = 1.5
    dual.from_kernel(packet_ipv6(FAR, PREFIX[5], bytes(952)))
    assert dual.plane.counters(ALICE, IDS) == Counters(42, 42_000, 33, 33_000)
    assert dual.plane.refusals(ALICE, IDS) == Refusals(0, 8 + 10 + 9)


def test_a_rate_that_stays_is_not_filled_anew(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy(up=80_000))
    large = packet(ADDRESS, SERVICE, bytes(972))
    up(dual, *[large] * 40)
    dual.plane.set_policy(ALICE, IDS, policy("permit in ip from any to any", up=80_000))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 32
    dual.plane.set_policy(ALICE, IDS, policy(up=160_000))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 64
