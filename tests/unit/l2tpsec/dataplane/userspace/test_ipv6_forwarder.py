from collections import Counter
from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrRouting,
)

from l2tpsec.dataplane.userspace import ipv6_forwarder as rules
from l2tpsec.dataplane.userspace.carrier import NO_SESSION, TUN_FAILED
from l2tpsec.dataplane.userspace.ipv6_forwarder import Ipv6Forwarder
from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.model.identifiers import PeerId, SessionIds
from tests.unit.l2tpsec.dataplane.userspace.sent import Sent

OURS, THEIRS = "2001:db8:99:2::5", "2001:db8:99:3::5"
FAR = "2001:db8:1::9"
ROUTED = IPv6ExtHdrRouting(type=0, addresses=["2001:db8::7"])


def prefix(address: str) -> bytes:
    return IPv6Address(address).packed[:8]


class Rig:
    def __init__(self, *, client_to_client: bool = False) -> None:
        self.written: list[bytes] = []
        self.sent = Sent()
        self.heard: list[bytes] = []
        self.drops: Counter[str] = Counter()
        self.now = 0.0
        self.forwarder = Ipv6Forwarder(
            self._write,
            lambda _, packet: self.heard.append(packet),
            self.drops,
            lambda: self.now,
            client_to_client=client_to_client,
        )
        carriers = self.forwarder, self.forwarder
        first, second = SessionIds(1, 2, 3, 4, 1701), SessionIds(5, 6, 7, 8, 1701)
        self.session = Session(PeerId(1), first, self.sent, carriers)
        self.other = Session(PeerId(2), second, self.sent, carriers)
        self.forwarder.start(self.session, prefix(OURS), 1300)
        self.forwarder.start(self.other, prefix(THEIRS), 1280)
        self.broken = False

    def _write(self, packet: bytes) -> None:
        if self.broken:
            raise OSError(5, "Input/output error")
        self.written.append(packet)

    def up(self, packet: IPv6, padding: bytes = b"") -> None:
        self.forwarder.up(self.session, bytes(packet) + padding)

    def down(self, packet: IPv6) -> None:
        self.forwarder.down(bytes(packet))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def udp(source: str = OURS, destination: str = FAR, octets: int = 9) -> IPv6:
    return IPv6(src=source, dst=destination) / UDP(sport=1, dport=2) / bytes(octets)


def test_a_packet_goes_out_without_its_padding(rig: Rig) -> None:
    rig.up(udp(), b"padding")
    assert rig.written == [bytes(udp())]
    assert (rig.session.input_packets, rig.session.input_octets) == (1, 57)
    assert not rig.drops


@pytest.mark.parametrize("destination", [FAR, "fd00::1", "64:ff9b::c000:201"])
def test_where_a_client_may_send(rig: Rig, destination: str) -> None:
    rig.up(udp(destination=destination))
    assert len(rig.written) == 1


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (udp(source=THEIRS), rules.FORGED_SOURCE),
        (udp(source="::1"), rules.FORGED_SOURCE),
        (udp(source="fe80::5"), rules.FORGED_SOURCE),
        (udp(destination=THEIRS), rules.CLIENT_TO_CLIENT),
        (udp(destination="2001:db8:99:2::6"), rules.CLIENT_TO_CLIENT),
        (udp(destination="ff0e::1"), rules.NOT_ROUTED),
        (udp(destination="ff02::fb"), rules.NOT_ROUTED),
        (udp(destination="fe80::1"), rules.NOT_ROUTED),
        (udp(destination="fec0::ffff:1"), rules.NOT_ROUTED),
        (udp(destination="::"), rules.NOT_ROUTED),
        (udp(destination="::1"), rules.NOT_ROUTED),
        (udp(destination="::ffff:192.0.2.1"), rules.NOT_ROUTED),
        (IPv6(src=OURS, dst=FAR) / ROUTED / UDP(), rules.SOURCE_ROUTED),
        (IPv6(src="fe80::5", dst="ff02::2") / TCP(), rules.NOT_ROUTED),
        (IPv6(src="fe80::5", dst="ff02::fb") / UDP(dport=5353), rules.NOT_ROUTED),
        (bytes(udp())[:-1], rules.NOT_IPV6),
        (b"\x45" + bytes(udp())[1:], rules.NOT_IPV6),
        (b"", rules.NOT_IPV6),
    ],
    ids=repr,
)
def test_what_a_client_may_not_send_is_dropped_and_counted(
    rig: Rig, packet: IPv6, reason: str
) -> None:
    rig.up(packet)
    assert rig.drops == {reason: 1}
    assert not rig.written
    assert not rig.heard
    assert rig.session.input_packets == 0


def test_what_is_for_the_link_goes_up(rig: Rig) -> None:
    asked = [
        IPv6(src="fe80::5", dst="ff02::2") / ICMPv6EchoRequest(),
        IPv6(src="::", dst="ff02::1:ff00:1") / ICMPv6EchoRequest(),
        IPv6(src="fe80::5", dst="ff02::1:2") / UDP(dport=547),
        IPv6(src="fe80::5", dst="fe80::1") / ICMPv6EchoRequest(),
    ]
    for packet in asked:
        rig.up(packet)
    assert rig.heard == [bytes(packet) for packet in asked]
    assert not rig.drops


def test_a_session_without_prefix_sends_and_hears_nothing(rig: Rig) -> None:
    rig.forwarder.stop(rig.session)
    rig.forwarder.stop(rig.session)
    rig.up(udp())
    rig.up(IPv6(src="fe80::5", dst="ff02::2") / ICMPv6EchoRequest())
    rig.down(udp(FAR, OURS))
    assert rig.drops == {rules.NOT_FORWARDED: 2, NO_SESSION: 1}
    assert not rig.heard


def test_clients_talk_to_one_another_only_where_that_is_wanted() -> None:
    rig = Rig(client_to_client=True)
    rig.up(udp(destination=THEIRS))
    assert len(rig.written) == 1


def test_a_prefix_belongs_to_its_last_session(rig: Rig) -> None:
    rig.forwarder.start(rig.other, prefix(OURS), 1300)
    rig.up(udp())
    assert rig.drops == {rules.NOT_FORWARDED: 1}
    rig.forwarder.up(rig.other, bytes(udp()))
    assert len(rig.written) == 1


def test_to_the_client(rig: Rig) -> None:
    packet = udp(FAR, OURS)
    rig.down(packet)
    (sent,) = rig.sent.whole
    assert sent[:4] == b"\x06\xa5\x06\xa5"
    assert sent[4:6] == len(sent).to_bytes(2)
    assert sent[8:] == b"\x00\x02\x00\x03\x00\x04\xff\x03\x00\x57" + bytes(packet)
    assert (rig.session.output_packets, rig.session.output_octets) == (1, 57)


@pytest.mark.parametrize("packet", [udp(FAR, "2001:db8:99:4::1"), b"\x45" + bytes(60), b"\x60"])
def test_packets_for_nobody(rig: Rig, packet: IPv6) -> None:
    rig.down(packet)
    assert rig.drops == {NO_SESSION: 1}


def test_maximum_segment_size_both_ways(rig: Rig) -> None:
    syn = TCP(flags="S", options=[("MSS", 1440)])
    rig.up(IPv6(src=OURS, dst=FAR) / syn)
    rig.down(IPv6(src=FAR, dst=OURS) / syn)
    out, back = IPv6(rig.written[0]), IPv6(rig.sent.whole[0][18:])
    assert out[TCP].options == back[TCP].options == [("MSS", 1240)]


def test_too_big_packets_are_complained_about(rig: Rig) -> None:
    packet = udp(FAR, OURS, 1300 - 47)
    rig.down(packet)
    assert not rig.sent.whole
    (complaint,) = rig.written
    read = IPv6(complaint)
    assert (read.src, read.dst, read[ICMPv6PacketTooBig].mtu) == (OURS, FAR, 1300)
    assert rig.drops == {rules.TOO_BIG: 1}
    rig.down(udp(FAR, OURS, 1300 - 48))
    assert len(rig.sent.whole) == 1


def test_errors_are_not_complained_about(rig: Rig) -> None:
    for error in (ICMPv6TimeExceeded(), ICMPv6ParamProblem()):
        rig.down(IPv6(src=FAR, dst=OURS) / error / bytes(1300))
    assert not rig.written
    assert rig.drops == {rules.TOO_BIG_QUIET: 2}


def test_complaints_have_an_end(rig: Rig) -> None:
    for _ in range(200):
        rig.down(udp(FAR, OURS, 1300))
    assert len(rig.written) == 100
    rig.now += 0.5
    rig.down(udp(FAR, OURS, 1300))
    assert len(rig.written) == 101


def test_an_impossible_packet_of_the_kernel(rig: Rig) -> None:
    rig.forwarder.down(b"\x60\0\0\0\xff\xff" + bytes(18) + IPv6Address(OURS).packed + bytes(1300))
    assert rig.drops == {rules.NOT_IPV6: 1}


def test_a_tun_that_refuses(rig: Rig) -> None:
    rig.broken = True
    rig.up(udp())
    assert rig.drops == {TUN_FAILED: 1}


@given(st.binary(max_size=100), st.booleans())
def test_any_octets(data: bytes, ours: bool) -> None:
    rig = Rig()
    if ours:
        data = data[:8].ljust(8, b"\0") + prefix(OURS) + data[8:]
    rig.forwarder.up(rig.session, data)
    for packet in rig.written:
        assert IPv6Address(packet[8:24]) in IPv6Network("2001:db8:99:2::/64")
        assert not IPv6Address(packet[24:40]).is_multicast
    assert len(rig.written) + len(rig.heard) + sum(rig.drops.values()) == 1
