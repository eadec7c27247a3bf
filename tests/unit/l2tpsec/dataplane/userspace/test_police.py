from collections import Counter

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from l2tpsec.dataplane.userspace import police as reasons
from l2tpsec.dataplane.userspace.police import Police, PolicedIpv4, PolicedIpv6
from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.model.counters import Refusals
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.policy import Filter, Policy, Rate
from tests.unit.l2tpsec.dataplane.userspace.sent import Sent

NOTHING = tuple(map(parse, ("deny in ip from any to any", "deny out ip from any to any")))


class Forwarder:
    """Writes down what came through."""

    def __init__(self) -> None:
        self.ups: list[bytes] = []
        self.wides: list[bytes] = []

    def up(self, session: Session, packet: bytes) -> None:
        self.ups.append(packet)

    def wide(self, session: Session, packet: bytes) -> None:
        self.wides.append(packet)


class Rig:
    def __init__(self, policy: Policy) -> None:
        self.drops: Counter[str] = Counter()
        self.now = 0.0
        self.forwarder = Forwarder()
        free = self.forwarder, self.forwarder
        ids = SessionIds(1, 2, 3, 4, 1701)
        self.session = Session(PeerId(1), ids, Sent(), free)
        self.session.address = bytes((10, 99, 0, 2))
        self.police = Police(self.session.owns, self.drops, lambda: self.now)
        self.police.obey(policy)
        policed = PolicedIpv4(self.forwarder), PolicedIpv6(self.forwarder)
        self.session.obey(self.police, policed)

    def up(self, packet: Packet | bytes) -> list[bytes]:
        octets = bytes(packet)
        carrier = self.session.ipv6 if octets[:1] == b"\x60" else self.session.ipv4
        carrier.up(self.session, octets)
        return self.forwarder.ups


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x45",
        bytes(IP(src="10.99.0.2", dst="255.255.255.255") / UDP(sport=68, dport=67)),
        bytes(IP(src="10.99.0.2", dst="224.0.0.251") / UDP()),
        bytes(IPv6(src="fe80::5", dst="ff02::2")),
        bytes(IPv6(src="fe80::5", dst="fe80::1")),
        b"\x60",
        b"\x60" + bytes(38),
    ],
    ids=range(8),
)
def test_what_the_forwarder_carries_nowhere_is_its_own_affair(packet: bytes) -> None:
    rig = Rig(Policy(Filter("", NOTHING), Rate(8), Rate(8)))
    (passed,) = rig.up(packet)
    assert packet.startswith(passed)
    assert rig.police.refusals == Refusals()


@pytest.mark.parametrize(
    "packet",
    [
        IP(dst="1.1.1.1"),
        IP(dst="223.255.255.254") / UDP(),
        IPv6(dst="::1:2:3", nh=59),
        IPv6(dst="fdff::1") / UDP(),
    ],
    ids=lambda packet: packet.dst,
)
def test_all_that_could_be_routed_is_judged(packet: Packet) -> None:
    rig = Rig(Policy(Filter("", NOTHING)))
    assert rig.up(packet) == []
    assert rig.drops == {reasons.FILTERED: 1}


def test_a_change_of_addresses_is_judged_anew() -> None:
    rig = Rig(Policy(Filter("", (parse("permit in ip from assigned to any"),))))
    rig.police.forget()
    packet = IP(src="10.99.0.2", dst="192.0.2.1") / UDP() / bytes(8)
    assert len(rig.up(packet)) == 1
    rig.session.address = bytes((10, 99, 0, 3))
    rig.police.forget()
    assert len(rig.up(packet)) == 1
    assert rig.drops == {reasons.FILTERED: 1}
    Rig(Policy()).police.forget()


def test_padding_is_neither_read_nor_paid_for() -> None:
    rig = Rig(Policy(up=Rate(8)))
    for version in (IP(dst="192.0.2.1"), IPv6(dst="2001:db8::1")):
        packet = bytes(version / UDP(dport=7) / bytes(1000))
        assert rig.up(packet + bytes(40_000))[-1] == packet
    assert rig.drops == {}


def test_what_cannot_be_read_is_refused() -> None:
    rig = Rig(Policy(Filter("", (parse("permit in ip from any to any"),))))
    assert rig.up(IP(dst="192.0.2.1", frag=1, proto=6) / bytes(40)) == []
    assert rig.up(IP(dst="192.0.2.1", proto=6, flags="MF") / bytes(8)) == []
    assert rig.drops == {reasons.UNREADABLE: 2}
    assert rig.police.refusals == Refusals(2, 0)


def test_a_refused_packet_costs_nothing_of_the_rate() -> None:
    rig = Rig(Policy(Filter("", (parse("deny in tcp from any to any"),)), up=Rate(8)))
    for _ in range(100):
        rig.up(IP(dst="192.0.2.1") / TCP() / bytes(1000))
    assert rig.drops == {reasons.FILTERED: 100}
    assert len(rig.up(IP(dst="192.0.2.1") / UDP() / bytes(1400))) == 1


@pytest.mark.parametrize(
    ("rate", "octets"),
    [(Rate(8), 32_000), (Rate(80_000_000), 2_000_000), (Rate(8_000, 500_000), 500_000)],
)
def test_a_burst_is_a_fifth_of_a_second_or_what_was_said(rate: Rate, octets: int) -> None:
    rig = Rig(Policy(down=rate))
    packet = bytes(1000)
    for _ in range(octets // 1000 + 7):
        rig.session.ipv4.wide(rig.session, packet)
    assert len(rig.forwarder.wides) == octets // 1000
    assert rig.drops == {reasons.TOO_FAST: 7}
    assert rig.police.refusals == Refusals(0, 7)


def test_over_a_long_time_it_is_the_rate() -> None:
    rig = Rig(Policy(up=Rate(1_000_000)))
    packet = bytes(IP(dst="192.0.2.1") / UDP() / bytes(972))
    for _ in range(5_000):
        rig.now += 0.004
        rig.up(packet)
    octets = len(rig.forwarder.ups) * 1000
    assert 2_500_000 <= octets <= 2_500_000 + 32_000


def test_freed_and_held_again() -> None:
    rig = Rig(Policy(Filter("", NOTHING)))
    rig.up(IP(dst="192.0.2.1") / UDP())
    rig.police.obey(Policy())
    assert rig.police.free
    assert rig.police.admits(bytes(20))
    assert rig.police.refusals == Refusals(1, 0)
