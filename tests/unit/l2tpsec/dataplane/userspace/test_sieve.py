"""The compiled filter against the plain oracle, and what it remembers of flows."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.packet import Packet, Raw

from l2tpsec.dataplane.userspace.sieve import MOST_FLOWS, Direction, Sieve
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import Filter, Rule
from tests.planes import oracle

CLIENT, PREFIX = IPv4Address("10.99.0.2"), IPv6Network("2001:db8:99:2::/64")

US, US6 = str(CLIENT), str(PREFIX[5])


def assigned(version: int, address: int) -> bool:
    if version == 4:
        return IPv4Address(address) == CLIENT
    return IPv6Address(address) in PREFIX


def sieve(*rules: str) -> Sieve:
    return Sieve(Filter("test", tuple(map(parse, rules))), assigned)


def from_client(upper: Packet, to: str = "192.0.2.1") -> bytes:
    front = IPv6(src=str(PREFIX[5]), dst=to) if ":" in to else IP(src=str(CLIENT), dst=to)
    return bytes(front / upper)


def test_the_first_rule_that_matches_decides() -> None:
    inbound = sieve(
        "deny in tcp from any to 192.0.2.0/24 25",
        "permit in tcp from assigned to any",
        "permit in icmp from any to any icmptypes echo request",
    ).inbound
    assert inbound.passes(from_client(TCP(dport=80)))
    assert not inbound.passes(from_client(TCP(dport=25)))
    assert inbound.passes(from_client(TCP(dport=25), "198.51.100.1"))
    assert inbound.passes(from_client(TCP(dport=80), "2001:db8::1"))
    assert inbound.passes(from_client(ICMP(type=8)))
    assert not inbound.passes(from_client(ICMP(type=0)))
    assert not inbound.passes(from_client(UDP(dport=80)))


def test_without_a_match_it_is_the_opposite_of_the_directions_last_rule() -> None:
    packet = from_client(UDP(dport=80))
    assert not sieve("deny in 1 from any to any", "permit in tcp from any to any").inbound.passes(
        packet
    )
    assert sieve("permit in 1 from any to any", "deny in tcp from any to any").inbound.passes(
        packet
    )
    assert sieve("deny out ip from any to any").inbound.passes(packet)
    assert not sieve("deny out ip from any to any").outbound.passes(packet)


def test_connections_from_one_side_only() -> None:
    rules = sieve("permit in tcp from any to any", "permit out tcp from any to any established")
    syn, answer = TCP(dport=80, flags="S"), TCP(sport=80, flags="SA")
    back = {"src": "192.0.2.1", "dst": str(CLIENT)}
    assert rules.inbound.passes(from_client(syn))
    assert rules.outbound.passes(bytes(IP(**back) / answer))
    assert not rules.outbound.passes(bytes(IP(**back) / TCP(sport=80, flags="S")))


def test_a_list_of_ports_and_a_packet_without_flags() -> None:
    inbound = sieve("permit in udp from any to any 53,80-90").inbound
    ports = (52, 53, 79, 80, 90, 91)
    passed = [port for port in ports if inbound.passes(from_client(UDP(dport=port)))]
    assert passed == [53, 80, 90]
    null = from_client(TCP(flags=0))
    assert sieve("permit in tcp from any to any tcpflags !syn").inbound.passes(null)
    assert not sieve("permit in tcp from any to any established").inbound.passes(null)


def test_later_fragments_match_no_ports_but_frag() -> None:
    later = bytes(IP(src=str(CLIENT), dst="192.0.2.1", frag=64, proto=17) / bytes(64))
    ports = "permit in udp from any to any 53"
    assert not sieve(ports).inbound.passes(later)
    assert sieve(ports, "permit in udp from any to any frag").inbound.passes(later)
    assert not sieve("permit in udp from any to any frag").inbound.passes(from_client(UDP()))


def test_an_address_that_comes_later_is_judged_anew() -> None:
    known: set[int] = set()
    rows = "permit in ip from assigned to any", "permit out ip from any to assigned"
    chosen = Filter("", tuple(map(parse, rows)))
    rules = Sieve(chosen, lambda _, address: address in known)
    packet = from_client(UDP(dport=1) / bytes(20))
    back = bytes(IP(src="192.0.2.1", dst=str(CLIENT)) / UDP() / bytes(20))
    assert not rules.inbound.passes(packet)
    assert not rules.outbound.passes(back)
    known.add(int(CLIENT))
    rules.forget()
    assert rules.inbound.passes(packet)
    assert rules.outbound.passes(back)


@pytest.mark.parametrize("to", ["192.0.2.1", "2001:db8::1"])
def test_flows_are_remembered_within_bounds(to: str) -> None:
    inbound: Direction = sieve("deny in udp from any to any 7").inbound
    for port in range(MOST_FLOWS + 10):
        packet = from_client(UDP(sport=port, dport=7 + port % 2) / Raw(bytes(20)), to)
        assert inbound.passes(packet) is inbound.passes(packet) is bool(port % 2)
    assert len(inbound._flows) == 10
    inbound.passes(from_client(ICMP()))
    assert len(inbound._flows) == 10


def ipv4(upper: Packet, **fields: object) -> bytes:
    return bytes(IP(**{"src": US, "dst": "192.0.2.1"} | fields) / upper)


def ipv6(upper: Packet, **fields: object) -> bytes:
    return bytes(IPv6(**{"src": US6, "dst": "2001:db8::1"} | fields) / upper)


DATA = Raw(bytes(range(40)))
DNS = UDP(sport=5, dport=53) / DATA
TWINS = {
    "source": ("ip from assigned to any", ipv4(DNS), ipv4(DNS, src="11.99.0.2")),
    "destination": ("ip from any to 192.0.2.1", ipv4(DNS), ipv4(DNS, dst="192.0.2.2")),
    "source port": ("udp from any 5 to any", ipv4(DNS), ipv4(UDP(sport=6, dport=53) / DATA)),
    "port": ("udp from any to any 53", ipv4(DNS), ipv4(UDP(sport=5, dport=54) / DATA)),
    "protocol": ("udp from any to any", ipv4(DNS), ipv4(TCP(sport=5, dport=53) / DATA)),
    "neither": ("47 from any to any", ipv4(DATA, proto=47), ipv4(DATA, proto=50)),
    "icmp type": (
        "icmp from any to any icmptypes 8",
        ipv4(ICMP(type=8) / DATA),
        ipv4(ICMP(type=0) / DATA),
    ),
    "later fragment": ("udp from any to any 53", ipv4(DNS), ipv4(DNS, frag=2, proto=17)),
    "much later fragment": ("udp from any to any 53", ipv4(DNS), ipv4(DNS, frag=256, proto=17)),
    "flags": (
        "tcp from any to any tcpflags syn",
        ipv4(TCP(flags="S") / DATA),
        ipv4(TCP(flags="A") / DATA),
    ),
    "source of IPv6": ("ip from assigned to any", ipv6(DNS), ipv6(DNS, src="3001:db8:99:2::5")),
    "destination of IPv6": ("ip from any to 2001:db8::1", ipv6(DNS), ipv6(DNS, dst="2001:db8::2")),
    "port in IPv6": ("udp from any to any 53", ipv6(DNS), ipv6(UDP(sport=5, dport=54) / DATA)),
    "protocol in IPv6": ("udp from any to any", ipv6(DNS), ipv6(TCP(sport=5, dport=53) / DATA)),
    "flags in IPv6": (
        "tcp from any to any tcpflags syn",
        ipv6(TCP(flags="S") / DATA),
        ipv6(TCP(flags="A") / DATA),
    ),
}
"""What differs: a rule, and two packets of which it matches the first one."""


@pytest.mark.parametrize("name", TWINS)
def test_no_packet_is_taken_for_one_that_was_judged_before(name: str) -> None:
    rule, fit, unfit = TWINS[name]
    for packets in ((fit, unfit, fit), (unfit, fit, unfit)):
        inbound = sieve("permit in 99 from any to any", f"permit in {rule}").inbound
        assert [inbound.passes(packet) for packet in packets] == [each is fit for each in packets]


@pytest.mark.parametrize("whole", [ipv4(TCP(dport=80)), ipv6(TCP(dport=80))], ids=["4", "6"])
def test_a_header_cut_short_is_of_no_flow_that_was_judged(whole: bytes) -> None:
    inbound = sieve("permit in tcp from any to any 80").inbound
    assert inbound.passes(whole)
    with pytest.raises(Malformed):
        inbound.passes(whole[:-7])


def test_sessions_share_the_compiled_rules() -> None:
    first, second = sieve("deny in ip from any to any"), sieve("deny in ip from any to any")
    assert first.inbound._rules is second.inbound._rules


PLACES = st.sampled_from(
    ["any", "assigned", "!assigned", "192.0.2.0/24", "!192.0.2.1", "2001:db8::/32", "!2001:db8::1"]
)
PORTS = st.sampled_from(["", " 1", " 2-3", " 1,4-65535"])
ACTIONS = st.sampled_from(["permit in", "deny in", "permit out", "deny out"])
WITH_PORTS = st.tuples(
    ACTIONS, st.sampled_from(["tcp", "udp"]), PLACES, PORTS, PLACES, PORTS, st.just("")
)
WITH_FLAGS = st.tuples(
    ACTIONS,
    st.just("tcp"),
    PLACES,
    PORTS,
    PLACES,
    PORTS,
    st.sampled_from([" established", " setup", " tcpflags fin,!ack"]),
)
OTHERS = st.tuples(
    ACTIONS,
    st.sampled_from(["ip", "icmp", "icmpv6", "47"]),
    PLACES,
    st.just(""),
    PLACES,
    st.just(""),
    st.sampled_from(["", " frag"]),
)
TYPES = st.tuples(
    ACTIONS,
    st.sampled_from(["icmp", "icmpv6"]),
    PLACES,
    st.just(""),
    PLACES,
    st.just(""),
    st.sampled_from([" icmptypes 8", " icmptypes 0-11,128"]),
)


def of_one_version(row: tuple[str, ...]) -> bool:
    return not ("." in row[2] + row[4] and ":" in row[2] + row[4])


RULES = st.lists(
    st.one_of(WITH_PORTS, WITH_FLAGS, OTHERS, TYPES)
    .filter(of_one_version)
    .map(lambda row: parse(f"{row[0]} {row[1]} from {row[2]}{row[3]} to {row[4]}{row[5]}{row[6]}")),
    max_size=5,
)
UPPERS = st.one_of(
    st.builds(
        TCP,
        sport=st.integers(0, 5),
        dport=st.integers(0, 5),
        flags=st.sampled_from(["S", "SA", "F"]),
    ),
    st.builds(UDP, sport=st.integers(0, 5), dport=st.integers(0, 5)).map(lambda u: u / bytes(12)),
)
FAR = st.sampled_from(["192.0.2.1", "192.0.2.9", "198.51.100.1"])
FAR_IPV6 = st.sampled_from(["2001:db8::1", "2001:db8::2", "2001:db9::1"])
PACKETS = st.one_of(
    st.builds(lambda far, upper: IP(src=US, dst=far) / upper, FAR, UPPERS),
    st.builds(lambda far, kind: IP(src=US, dst=far) / ICMP(type=kind), FAR, st.integers(0, 12)),
    st.builds(
        lambda far, at, proto: IP(src=US, dst=far, frag=at, proto=proto) / bytes(48),
        FAR,
        st.integers(2, 9),
        st.sampled_from([1, 6, 17, 47]),
    ),
    st.builds(lambda far, upper: IPv6(src=US6, dst=far) / upper, FAR_IPV6, UPPERS),
    st.builds(lambda far: IPv6(src=US6, dst=far) / ICMPv6EchoRequest(), FAR_IPV6),
    st.builds(
        lambda far, at: IPv6(src=US6, dst=far) / IPv6ExtHdrFragment(nh=17, offset=at) / bytes(48),
        FAR_IPV6,
        st.integers(2, 9),
    ),
).map(bytes)


@given(RULES, st.lists(PACKETS, min_size=1, max_size=6))
def test_it_says_what_the_oracle_says(rules: list[Rule], packets: list[bytes]) -> None:
    compiled = Sieve(Filter("", tuple(rules)), assigned)
    for packet in packets + packets:
        for inbound, direction in ((True, compiled.inbound), (False, compiled.outbound)):
            expected = oracle.passes(tuple(rules), packet, inbound, [IPv4Network(CLIENT), PREFIX])
            assert direction.passes(packet) is expected
