"""What the user-space plane does with packets that it forwards beyond the contract."""

import os
from ipaddress import IPv4Address, IPv4Network

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, defragment

from l2tpsec.dataplane.userspace import carrier, forwarder, plane
from tests.planes.client import datagram, message
from tests.planes.userspace import UserspaceRig
from tests.unit.l2tpsec.dataplane.userspace.rig import (
    ADDRESS,
    CONTROL,
    IDS,
    LCP,
    PEER,
    SERVICE,
    arrive,
    forwarding,
    ip,
)


@pytest.fixture
def rig() -> UserspaceRig:
    return forwarding()


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", forwarder.NOT_IPV4),
        (b"\x45", forwarder.NOT_IPV4),
        (ip()[:19], forwarder.NOT_IPV4),
        (ip()[:-1], forwarder.NOT_IPV4),
        (b"\x65" + ip()[1:], forwarder.NOT_IPV4),
        (b"\x44" + ip()[1:], forwarder.NOT_IPV4),
        (b"\x4f" + ip()[1:], forwarder.NOT_IPV4),
        (ip()[:2] + b"\x00\x13" + ip()[4:], forwarder.NOT_IPV4),
        (ip(options=b"\x83\x03\x04\x00"), forwarder.SOURCE_ROUTED),
        (ip(options=b"\x01\x89\x03\x04"), forwarder.SOURCE_ROUTED),
        (ip(options=b"\x94\x04\x00\x00\x83\x03\x04\x00"), forwarder.SOURCE_ROUTED),
        (ip(options=b"\x07\x00\x83\x03"), forwarder.SOURCE_ROUTED),
        (ip(destination=IPv4Address("0.0.0.0")), forwarder.NOT_ROUTED),
        (ip(destination=IPv4Address("127.1.2.3")), forwarder.NOT_ROUTED),
        (ip(destination=IPv4Address("239.255.255.250")), forwarder.NOT_ROUTED),
        (ip(destination=IPv4Address("255.255.255.255")), forwarder.NOT_ROUTED),
        (ip(source=SERVICE), forwarder.FORGED_SOURCE),
        (ip(destination=ADDRESS), forwarder.CLIENT_TO_CLIENT),
    ],
)
def test_dropped_on_the_way_up(rig: UserspaceRig, packet: bytes, reason: str) -> None:
    arrive(rig, datagram(message(7, 8, b"\x21" + packet)))
    assert rig.drops == {reason: 1}
    assert rig.to_kernel == []


@pytest.mark.parametrize(
    "options", [b"\x94\x04\0\0", b"\x01\x01\x01\x00", b"\x07\x07\x04" + bytes(5)]
)
def test_harmless_options_pass(rig: UserspaceRig, options: bytes) -> None:
    arrive(rig, datagram(message(7, 8, b"\x21" + ip(options=options))))
    assert rig.to_kernel == [ip(options=options)]


def test_octets_behind_the_packet_are_dropped(rig: UserspaceRig) -> None:
    arrive(rig, datagram(message(7, 8, b"\x21" + ip() + b"padding")))
    assert rig.to_kernel == [ip()]


@pytest.mark.parametrize("source", ["0.0.0.0", "10.99.0.2", "10.99.0.3"])
def test_dhcp_on_the_link(rig: UserspaceRig, source: str) -> None:
    inform = bytes(IP(src=source, dst="255.255.255.255") / UDP(sport=68, dport=67) / b"inform")
    arrive(rig, datagram(message(7, 8, b"\x21" + inform)))
    if source == "10.99.0.3":
        assert rig.drops == {forwarder.FORGED_SOURCE: 1}
    else:
        assert rig.heard == [("local", PEER, 7, 8, inform)]


def test_other_broadcasts_stay(rig: UserspaceRig) -> None:
    for packet in (
        IP(src="10.99.0.2", dst="255.255.255.255") / UDP(dport=137),
        IP(src="10.99.0.2", dst="255.255.255.255") / TCP(dport=67),
        IP(src="10.99.0.2", dst="255.255.255.255", frag=1) / UDP(dport=67),
        IP(src="10.99.0.2", dst="255.255.255.255", proto=17),
    ):
        arrive(rig, datagram(message(7, 8, b"\x21" + bytes(packet))))
    assert rig.drops == {forwarder.NOT_ROUTED: 4}
    assert rig.heard == []


def test_a_broken_tun_loses_packets_only(rig: UserspaceRig) -> None:
    rig.device.broken = True
    arrive(rig, datagram(message(7, 8, b"\x21" + ip())))
    assert rig.drops == {carrier.TUN_FAILED: 1}


def test_segments_fit_both_ways(rig: UserspaceRig) -> None:
    syn = TCP(flags="S", options=[("MSS", 1460)])
    arrive(
        rig, datagram(message(7, 8, b"\x21" + bytes(IP(src="10.99.0.2", dst="192.0.2.1") / syn)))
    )
    rig.from_kernel(bytes(IP(src="192.0.2.1", dst="10.99.0.2") / syn))
    (up,), (down,) = rig.to_kernel, rig.sent
    assert [IP(packet)[TCP].options for packet in (up, down.body[2:])] == [[("MSS", 1360)]] * 2


def test_what_the_kernel_sends_to_nobody(rig: UserspaceRig) -> None:
    for packet in (b"\x60" + bytes(39), b"x", ip(SERVICE, IPv4Address("10.99.0.9"))):
        rig.from_kernel(packet)
    v6 = bytearray(ip(SERVICE, ADDRESS))
    v6[0] = 0x65
    rig.from_kernel(bytes(v6))
    assert rig.drops == {carrier.NO_SESSION: 4}


def test_too_big_and_not_to_be_cut(rig: UserspaceRig) -> None:
    big = bytes(IP(src="192.0.2.1", dst="10.99.0.2", flags="DF") / UDP() / bytes(1373))
    fits = bytes(IP(src="192.0.2.1", dst="10.99.0.2", flags="DF") / UDP() / bytes(1372))
    rig.from_kernel(fits)
    rig.from_kernel(big)
    (complaint,) = (IP(packet) for packet in rig.to_kernel)
    assert (complaint.src, complaint.dst) == ("10.99.0.2", "192.0.2.1")
    assert complaint[ICMP].nexthopmtu == 1400
    assert len(rig.sent) == 1
    assert rig.drops == {forwarder.TOO_BIG: 1}


def test_complaints_are_limited(rig: UserspaceRig) -> None:
    big = bytes(IP(src="192.0.2.1", dst="10.99.0.2", flags="DF") / UDP() / bytes(1400))
    for _ in range(300):
        rig.from_kernel(big)
    assert len(rig.to_kernel) == 100
    rig.now = 1.0
    rig.from_kernel(big)
    assert len(rig.to_kernel) == 101
    assert rig.drops == {forwarder.TOO_BIG: 101, forwarder.TOO_BIG_QUIET: 200}


def test_no_complaint_about_a_complaint(rig: UserspaceRig) -> None:
    big = IP(src="192.0.2.1", dst="10.99.0.2", flags="DF") / ICMP(type=3) / bytes(1400)
    rig.from_kernel(bytes(big))
    assert rig.to_kernel == []
    assert rig.drops == {forwarder.TOO_BIG_QUIET: 1}


def test_too_big_is_cut(rig: UserspaceRig) -> None:
    big = IP(src="192.0.2.1", dst="10.99.0.2", id=5) / UDP() / os.urandom(3000)
    rig.from_kernel(bytes(big))
    pieces = [sent.body[2:] for sent in rig.sent]
    assert max(map(len, pieces)) <= 1400
    (whole,) = defragment([IP(piece) for piece in pieces])
    assert bytes(whole[UDP]) == bytes(big[UDP])
    assert rig.plane.counters(PEER, IDS).output_packets == 3


def test_too_big_and_broken(rig: UserspaceRig) -> None:
    rig.from_kernel(ip(SERVICE, ADDRESS)[:2] + b"\xff\xff" + ip(SERVICE, ADDRESS)[4:] + bytes(1400))
    assert rig.drops == {forwarder.NOT_IPV4: 1}


def test_addresses_outside_the_pool_get_a_route(rig: UserspaceRig) -> None:
    outside = IPv4Address("172.16.5.5")
    rig.plane.start_forwarding(PEER, IDS, outside, 1400)
    assert rig.device.routes == [outside]
    rig.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
    assert rig.device.routes == []
    rig.plane.start_forwarding(PEER, IDS, outside, 1400)
    rig.plane.close_session(PEER, IDS)
    assert rig.device.routes == []


def test_reopening_starts_anew(rig: UserspaceRig) -> None:
    arrive(rig, datagram(message(7, 8, b"\x21" + ip())))
    rig.plane.open_session(PEER, IDS)
    assert rig.plane.counters(PEER, IDS).input_packets == 0
    assert rig.plane.size == (1, 1, 1)


def test_one_batch_a_wake_up(rig: UserspaceRig) -> None:
    rig.device.incoming = [ip(SERVICE, ADDRESS)] * (plane.BATCH_PACKETS + 1)
    rig.plane.tun_readable()
    assert len(rig.sent) == plane.BATCH_PACKETS
    rig.plane.tun_readable()
    assert len(rig.sent) == 1


def test_the_first_of_a_batch_leaves_before_more_is_asked_for(rig: UserspaceRig) -> None:
    rig.device.incoming = [ip(SERVICE, ADDRESS)] * 3
    flushed_at_reads: list[int] = []
    read = rig.device.read

    def counted() -> bytes:
        flushed_at_reads.append(rig.flushed)
        return read()

    rig.device.read = counted  # type: ignore[method-assign] # the same, counted
    rig.plane.tun_readable()
    assert flushed_at_reads == [0, 1, 1, 1]
    assert rig.flushed == 3


def test_nothing_stays_held_back(rig: UserspaceRig) -> None:
    rig.plane.send_control(PEER, 1701, CONTROL)
    assert rig.flushed == 1
    rig.plane.send_frame(PEER, IDS, LCP)
    assert rig.flushed == 2
    rig.plane.send_packet(PEER, IDS, ip(SERVICE, ADDRESS))
    assert rig.flushed == 3
    rig.from_kernel(ip(SERVICE, ADDRESS))
    assert rig.flushed == 4


def test_the_device_is_passed_on(rig: UserspaceRig) -> None:
    assert rig.plane.fileno() == 99
    assert rig.plane.notes == ()
    rig.plane.close()
    assert rig.device.closed


def test_a_network_behind_a_client_gets_a_route_unless_the_host_has_its_own(
    rig: UserspaceRig,
) -> None:
    free, theirs = IPv4Network("192.168.7.0/24"), IPv4Network("192.168.8.0/24")
    rig.device.claimed_elsewhere = [theirs]
    (refused,) = rig.plane.route(PEER, IDS, [free, theirs])
    assert "192.168.8.0/24" in refused
    assert rig.device.routes == [free]
    rig.plane.route(PEER, IDS, [free])
    assert rig.device.routes == [free], "it leads here already"
    arrive(rig, datagram(message(7, 8, b"\x21" + ip(theirs[9]))))
    assert rig.drops == {forwarder.FORGED_SOURCE: 1}
    rig.plane.close_session(PEER, IDS)
    assert rig.device.routes == []


def test_tcp_to_a_network_behind_a_client_is_clamped(rig: UserspaceRig) -> None:
    rig.plane.route(PEER, IDS, [IPv4Network("192.168.7.0/24")])
    syn = IP(src=str(SERVICE), dst="192.168.7.9") / TCP(flags="S", options=[("MSS", 1460)])
    rig.from_kernel(bytes(syn))
    (sent,) = rig.sent
    assert IP(sent.body[2:])[TCP].options[0] == ("MSS", 1360)


def test_rules_come_and_go_with_their_session(rig: UserspaceRig) -> None:
    own, site = IPv4Network(ADDRESS), IPv4Network("192.168.7.0/24")
    assert rig.plane.use_table(PEER, IDS, [own, site], 100) == ""
    assert rig.device.rules == [(own, 100), (site, 100)]
    rig.device.tables_missing = [7]
    assert rig.plane.use_table(PEER, IDS, [own], 7) == "no table 7"
    rig.plane.close_session(PEER, IDS)
    assert rig.device.rules == []
