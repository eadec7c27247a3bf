"""What every data plane must do with packets of IPv4 and IPv6, run against each of them."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from l2tpsec.dataplane.contract import PlaneSize
from l2tpsec.model.counters import Counters
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.inet import icmpv6, ipv4, ipv6, udp
from tests.planes.client import HOME
from tests.planes.recording import Sent
from tests.planes.rig import (
    ADDRESS,
    ALICE,
    FAR,
    IDS,
    NEW,
    OLD,
    OTHER,
    PREFIX,
    SECOND,
    SECOND_PREFIX,
    SERVICE,
    Planes,
    Rig,
    packet,
    packet_ipv6,
)


def test_forwarding(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    out, back = packet(ADDRESS, SERVICE, b"12345"), packet(SERVICE, ADDRESS, b"123")
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + out)
    rig.from_kernel(back)
    assert rig.to_kernel == [out]
    assert rig.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x21" + back)]
    assert rig.heard == []
    expected = Counters(1, 33, 1, 31)
    assert rig.plane.counters(ALICE, IDS) == expected
    assert rig.plane.close_session(ALICE, IDS) == expected
    assert rig.plane.close_session(ALICE, IDS) == rig.plane.counters(ALICE, IDS) == Counters()
    rig.from_kernel(back)
    assert rig.plane.size == PlaneSize(1, 1, 0)


def test_no_forwarding_before_ipcp(rig: Rig) -> None:
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SERVICE))
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert rig.to_kernel == []
    assert rig.sent == []
    assert sum(rig.drops.values()) == 2


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (SECOND, SERVICE),
        (SERVICE, ADDRESS),
        (IPv4Address("0.0.0.0"), SERVICE),
        (ADDRESS, SECOND),
        (ADDRESS, ADDRESS),
        (ADDRESS, IPv4Address("127.0.0.1")),
        (ADDRESS, IPv4Address("224.0.0.251")),
    ],
)
def test_not_forwarded(rig: Rig, source: IPv4Address, destination: IPv4Address) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, SECOND, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(source, destination))
    assert rig.to_kernel == []
    assert rig.plane.counters(ALICE, IDS) == Counters()
    assert sum(rig.drops.values()) == 1


def test_client_to_client_when_allowed(planes: Planes, newer: SaPair) -> None:
    rig = planes(client_to_client=True)
    rig.install(ALICE, newer)
    for ids, address in ((IDS, ADDRESS), (OTHER, SECOND)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding(ALICE, ids, address, 1400)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SECOND))
    assert rig.to_kernel == [packet(ADDRESS, SECOND)]


def test_an_address_has_one_holder(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, ADDRESS, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SERVICE))
    assert rig.to_kernel == []
    rig.plane.close_session(ALICE, IDS)
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert [sent.ids for sent in rig.sent] == [(0x0303, 0x0606)]


def test_dhcpinform_goes_up(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    everyone = IPv4Address("255.255.255.255")
    body = udp.encode(udp.Udp(68, 67, b"inform"), ADDRESS.packed, everyone.packed)
    inform = ipv4.encode(ipv4.Ipv4(17, ADDRESS.packed, everyone.packed, body))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + inform)
    assert rig.heard == [("local", ALICE, IDS.tunnel, IDS.session, inform)]
    answer = packet(SERVICE, ADDRESS)
    rig.plane.send_packet(ALICE, IDS, answer)
    assert [sent.body for sent in rig.sent] == [b"\x00\x21" + answer]
    assert rig.plane.counters(ALICE, IDS) == Counters()


def test_ipv6_of_a_session_without_prefix_is_dropped(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + bytes(40))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + packet_ipv6(PREFIX[5], FAR))
    assert rig.heard == []
    assert rig.to_kernel == []
    assert sum(rig.drops.values()) == 2


def test_forwarding_ipv6(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    out, back = packet_ipv6(PREFIX[5], FAR, b"12345"), packet_ipv6(FAR, PREFIX[7], b"123")
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + out)
    rig.from_kernel(back)
    assert rig.to_kernel == [out]
    assert rig.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x57" + back)]
    assert rig.plane.counters(ALICE, IDS) == Counters(1, 53, 1, 51)
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert rig.plane.close_session(ALICE, IDS) == Counters(1, 53, 2, 51 + 29)
    rig.from_kernel(back)
    assert sum(rig.drops.values()) == 1


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (SECOND_PREFIX[5], FAR),
        (FAR, PREFIX[5]),
        (IPv6Address("::"), FAR),
        (IPv6Address("fe80::5"), FAR),
        (IPv6Address("fe80::5"), IPv6Address("ff05::1:3")),
        (PREFIX[5], SECOND_PREFIX[5]),
        (PREFIX[5], PREFIX[6]),
        (PREFIX[5], IPv6Address("::1")),
        (PREFIX[5], IPv6Address("fe80::1")),
        (PREFIX[5], IPv6Address("ff02::fb")),
        (IPv6Address("fe80::5"), IPv6Address("ff02::fb")),
    ],
)
def test_ipv6_not_forwarded(rig: Rig, source: IPv6Address, destination: IPv6Address) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding_ipv6(ALICE, OTHER, SECOND_PREFIX, 1400)
    frame = b"\x00\x57" + packet_ipv6(source, destination)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, frame)
    assert rig.to_kernel == []
    assert rig.heard == []
    assert rig.plane.counters(ALICE, IDS) == Counters()
    assert sum(rig.drops.values()) == 1


def test_client_to_client_by_ipv6_when_allowed(planes: Planes, newer: SaPair) -> None:
    rig = planes(client_to_client=True)
    rig.install(ALICE, newer)
    for ids, prefix in ((IDS, PREFIX), (OTHER, SECOND_PREFIX)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding_ipv6(ALICE, ids, prefix, 1400)
    direct = packet_ipv6(PREFIX[5], SECOND_PREFIX[5])
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, b"\x00\x57" + direct)
    assert rig.to_kernel == [direct]


def test_a_prefix_has_one_holder(rig: Rig) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding_ipv6(ALICE, OTHER, PREFIX, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + packet_ipv6(PREFIX[5], FAR))
    assert rig.to_kernel == []
    rig.plane.close_session(ALICE, IDS)
    rig.from_kernel(packet_ipv6(FAR, PREFIX[5]))
    assert [sent.ids for sent in rig.sent] == [(0x0303, 0x0606)]


@pytest.mark.parametrize("source", ["fe80::5", "::"])
@pytest.mark.parametrize("destination", ["ff02::2", "fe80::1"])
@pytest.mark.parametrize("dhcp", [False, True])
def test_what_is_for_the_link_goes_up(rig: Rig, source: str, destination: str, dhcp: bool) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    ends = IPv6Address(source).packed, IPv6Address(destination).packed
    asked = icmpv6.packet(icmpv6.Icmpv6(133, 0, bytes(4)), *ends, 255)
    if dhcp:
        asked = ipv6.encode(ipv6.Ipv6(17, *ends, udp.encode(udp.Udp(546, 547, b"ask"), *ends)))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + asked)
    assert rig.heard == [("local", ALICE, IDS.tunnel, IDS.session, asked)]
    rig.plane.send_packet(ALICE, IDS, asked)
    assert [sent.body for sent in rig.sent] == [b"\x00\x57" + asked]
    assert rig.plane.counters(ALICE, IDS) == Counters()


def test_compression_of_ipv6(rig: Rig) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    back = packet_ipv6(FAR, PREFIX[5])
    for pfc in (False, True):
        for acfc in (False, True):
            rig.plane.set_compression(ALICE, IDS, pfc=pfc, acfc=acfc)
            rig.from_kernel(back)
    assert [sent.body for sent in rig.sent] == [b"\x00\x57" + back] * 4
