import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.packet import Packet, Raw

from l2tpsec.dataplane.userspace import vnet
from l2tpsec.dataplane.userspace.segmentation import segments
from l2tpsec.protocols.inet.checksum import partial
from tests.unit.l2tpsec.dataplane.userspace.transfer import OPTIONS, cut_payloads
from tests.unit.l2tpsec.dataplane.userspace.transfer import segments as by_scapy


def large(packet: Packet, kind: int, size: int) -> bytes:
    """A packet as the kernel gives it: the checksum is that of the pseudo-header."""
    raw = bytes(packet)
    layer, offset = (TCP, 16) if TCP in packet else (UDP, 6)
    start = len(raw) - len(bytes(packet[layer]))
    addresses = raw[12:20] if raw[0] >> 4 == 4 else raw[8:40]
    protocol = 6 if layer is TCP else 17
    pseudo = partial(addresses + protocol.to_bytes(2) + (len(raw) - start).to_bytes(4))
    headers = len(raw) - len(packet[layer].payload)
    at = start + offset
    raw = raw[:at] + pseudo.to_bytes(2) + raw[at + 2 :]
    return vnet.HEADER.pack(vnet.NEEDS_CSUM, kind, headers, size, start, offset) + raw


def tcp(data: bytes, flags: str = "A", ip: Packet | None = None) -> Packet:
    base = ip or IP(src="10.0.0.1", dst="10.99.0.2", id=5, flags="DF")
    return base / TCP(sport=4000, dport=80, seq=7, ack=99, flags=flags, options=OPTIONS) / Raw(data)


def test_a_packet_that_is_as_on_the_wire() -> None:
    packet = bytes(tcp(b"x"))
    assert segments(vnet.WHOLE + packet) == [packet]


@given(st.binary(max_size=99), st.sampled_from([TCP, UDP]), st.sampled_from([IP, IPv6]))
def test_a_checksum_is_completed(data: bytes, layer: type[Packet], network: type[Packet]) -> None:
    packet = network() / layer(sport=4000, dport=80) / Raw(data)
    assert segments(large(packet, vnet.GSO_NONE, 0)) == [bytes(packet)]


@pytest.mark.parametrize("network", [IP, IPv6])
def test_a_udp_checksum_is_never_zero(network: type[Packet]) -> None:
    """Zero says that there is none (RFC 768); the payload makes up for the rest of the sum."""
    packet = network() / UDP(sport=4000, dport=80, chksum=0) / Raw(bytes(2))
    summed = network(bytes(network() / UDP(sport=4000, dport=80) / Raw(bytes(2))))[UDP].chksum
    packet[Raw].load = summed.to_bytes(2)
    (whole,) = segments(large(packet, vnet.GSO_NONE, 0))
    assert whole[-4:-2] == b"\xff\xff"
    pieces = network() / UDP(sport=4000, dport=80, chksum=0) / Raw(summed.to_bytes(2) * 2)
    for piece in segments(large(pieces, vnet.GSO_UDP_L4, 2)):
        assert piece[-4:-2] == b"\xff\xff"


@given(cut_payloads(2), st.sampled_from(["A", "PA", "FA", "FPA"]), st.sampled_from([4, 6]))
def test_tcp_is_cut_as_scapy_would_write_it(payloads: list[bytes], last: str, version: int) -> None:
    wanted = by_scapy(payloads, version, last=last, fragment=True)
    first = wanted[0]
    packet = IP(first) if version == 4 else IPv6(first)
    packet[Raw].load = b"".join(payloads)
    packet[TCP].flags = last
    for layer, names in ((TCP, ("chksum",)), (IP, ("chksum", "len")), (IPv6, ("plen",))):
        for name in names if layer in packet else ():
            delattr(packet[layer], name)
    kind = vnet.GSO_TCPV4 if version == 4 else vnet.GSO_TCPV6
    assert segments(large(packet, kind, len(payloads[0]))) == wanted


def test_congestion_window_reduced_is_said_once_and_echo_always() -> None:
    """RFC 3168 section 6.1.2: CWR belongs to the first segment of new data."""
    gso_ecn = 0x80  # VIRTIO 1.2: the first of the packets that were joined had CWR
    cut = segments(large(tcp(bytes(300), "AEC"), vnet.GSO_TCPV4 | gso_ecn, 100))
    assert [str(IP(packet)[TCP].flags) for packet in cut] == ["AEC", "AE", "AE"]


def test_class_and_hop_limit_are_those_of_the_large_packet() -> None:
    cut = segments(large(tcp(bytes(300), ip=IP(tos=0xB9, ttl=3, id=0xFFFF)), 1, 100))
    assert [(IP(each).tos, IP(each).ttl, IP(each).id) for each in cut] == [
        (0xB9, 3, 0xFFFF),
        (0xB9, 3, 0),
        (0xB9, 3, 1),
    ]
    cut = segments(large(tcp(bytes(300), ip=IPv6(tc=0xB9, hlim=3, fl=0x12345)), 4, 100))
    assert {(IPv6(each).tc, IPv6(each).hlim, IPv6(each).fl) for each in cut} == {(0xB9, 3, 0x12345)}


def test_extension_headers_are_repeated() -> None:
    packet = IPv6() / IPv6ExtHdrDestOpt() / UDP(sport=1, dport=2) / Raw(bytes(250))
    cut = [IPv6(each) for each in segments(large(packet, vnet.GSO_UDP_L4, 100))]
    assert [len(each[UDP].payload) for each in cut] == [100, 100, 50]
    assert [each.plen for each in cut] == [116, 116, 66]
    assert all(IPv6ExtHdrDestOpt in each for each in cut)


@pytest.mark.parametrize("size", [0, 300, 1000])
def test_what_needs_no_cut(size: int) -> None:
    packet = tcp(bytes(300))
    assert segments(large(packet, vnet.GSO_TCPV4, size)) == [bytes(packet)]
