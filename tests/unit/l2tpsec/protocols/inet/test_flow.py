import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.sctp import SCTP
from scapy.packet import Packet

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet.flow import Flow, decode

V4, V6 = IP(src="10.0.0.1", dst="10.0.0.2"), IPv6(src="::1", dst="::2")
FLOW4, FLOW6 = Flow(4, 0x0A000001, 0x0A000002, 0), Flow(6, 1, 2, 0)


@pytest.mark.parametrize(
    ("packet", "fields"),
    [
        (TCP(sport=1, dport=2, flags="SA"), (6, False, 1, 2, 0x12, -1)),
        (UDP(sport=3, dport=65535), (17, False, 3, 65535, -1, -1)),
        (SCTP(sport=5, dport=6), (132, False, 5, 6, -1, -1)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_upper_headers(packet: Packet, fields: tuple[int, bool, int, int, int, int]) -> None:
    assert decode(bytes(V4 / packet)) == FLOW4[:3] + fields
    assert decode(bytes(V6 / packet)) == FLOW6[:3] + fields


def test_icmp_and_others() -> None:
    assert decode(bytes(V4 / ICMP(type=11))) == FLOW4._replace(protocol=1, icmp_type=11)
    assert decode(bytes(V6 / ICMPv6EchoRequest())) == FLOW6._replace(protocol=58, icmp_type=128)
    assert decode(bytes(V4)) == FLOW4
    assert decode(bytes(IPv6(src="::1", dst="::2", nh=59))) == FLOW6._replace(protocol=59)


def test_options_and_extension_headers_are_passed_over() -> None:
    recorded = IP(options=b"\x07\x04\x04\x00") / UDP(sport=7, dport=8)
    assert decode(bytes(recorded))[3:7] == (17, False, 7, 8)
    chain = V6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrDestOpt()
    whole = chain / IPv6ExtHdrFragment(m=1) / UDP(sport=7, dport=8)
    assert decode(bytes(whole))[3:7] == (17, False, 7, 8)
    authenticated = IPv6(nh=51) / (bytes((17, 4)) + bytes(22)) / UDP(sport=7, dport=8)
    assert decode(bytes(authenticated))[3:7] == (17, False, 7, 8)


def test_later_fragments_have_no_ports() -> None:
    later = IP(src="10.0.0.1", dst="10.0.0.2", frag=2, proto=6) / bytes(40)
    assert decode(bytes(later)) == FLOW4._replace(protocol=6, fragment=True)
    later = V6 / IPv6ExtHdrFragment(nh=60, offset=2) / bytes(40)
    assert decode(bytes(later)) == FLOW6._replace(protocol=60, fragment=True)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (IP(frag=1, proto=6) / bytes(40), "offset of one"),
        (V6 / IPv6ExtHdrFragment(nh=6, offset=1) / bytes(40), "offset of one"),
        (IP(flags="MF", proto=6) / bytes(8), "upper header cut short"),
        (IP(proto=17) / bytes(3), "upper header cut short"),
        (IP(proto=1), "upper header cut short"),
        (V6 / IPv6ExtHdrHopByHop(len=3), "extension header cut short"),
        (IPv6(nh=0) / bytes(7), "extension header cut short"),
        (IPv6(nh=60) / ((bytes((60, 0)) + bytes(6)) * 10), "too many"),
        (b"", "cut short"),
        (b"\x45", "cut short"),
        (b"\x60", "cut short"),
    ],
    ids=str,
)
def test_what_hides_anything_is_malformed(packet: Packet | bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        decode(bytes(packet))


@given(st.binary(max_size=120), st.sampled_from([0x45, 0x4F, 0x60]))
def test_any_octets_are_a_flow_or_malformed(tail: bytes, first: int) -> None:
    packet = bytes((first,)) + tail
    packet = packet[:2] + len(packet).to_bytes(2) + packet[4:]
    try:
        flow = decode(packet)
    except Malformed:
        return
    assert flow.version == (6 if first == 0x60 else 4)
    assert flow.fragment <= (flow.source_port == flow.icmp_type == flow.flags == -1)
