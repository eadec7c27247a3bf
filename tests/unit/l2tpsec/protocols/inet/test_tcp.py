import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop

from l2tpsec.protocols.inet.checksum import checksum
from l2tpsec.protocols.inet.tcp import clamp_mss, clamp_mss_ipv6


def syn(options: list[tuple[str, object]], flags: str = "S", **ip: object) -> bytes:
    return bytes(IP(src="192.0.2.1", dst="10.99.0.2", **ip) / TCP(flags=flags, options=options))


def mss_of(packet: bytes) -> int | None:
    return dict(IP(packet)[TCP].options).get("MSS")


def assert_sound(packet: bytes) -> None:
    segment = packet[(packet[0] & 15) * 4 :]
    pseudo = packet[12:20] + b"\0\x06" + len(segment).to_bytes(2)
    assert checksum(pseudo + segment) == 0


@pytest.mark.parametrize("flags", ["S", "SA"])
@pytest.mark.parametrize(
    "options",
    [
        [("MSS", 1460)],
        [("NOP", None), ("MSS", 1460), ("NOP", None)],
        [("SAckOK", b""), ("Timestamp", (1, 2)), ("NOP", None), ("MSS", 8960)],
        [("NOP", None), ("NOP", None), ("NOP", None), ("MSS", 65535), ("WScale", 7)],
    ],
)
def test_lowered(options: list[tuple[str, object]], flags: str) -> None:
    packet = syn(options, flags)
    clamped = clamp_mss(packet, 1360)
    assert mss_of(clamped) == 1360
    assert_sound(clamped)
    assert len(clamped) == len(packet)


def test_with_ip_options() -> None:
    packet = bytes(IP(options=b"\x94\x04\0\0") / TCP(flags="S", options=[("MSS", 1460)]))
    assert mss_of(clamp_mss(packet, 1360)) == 1360


@pytest.mark.parametrize(
    "packet",
    [
        syn([("MSS", 1360)]),
        syn([("MSS", 536)]),
        syn([]),
        syn([("WScale", 7)]),
        syn([("MSS", 1460)], "A"),
        syn([("MSS", 1460)], frag=3),
        bytes(IP() / UDP() / (b"\2" * 40)),
        syn([("MSS", 1460)])[:39],
        syn([("MSS", 1460)])[:42],
        syn([("EOL", None), ("MSS", 1460)]),
    ],
)
def test_left_alone(packet: bytes) -> None:
    assert clamp_mss(packet, 1360) == packet


@pytest.mark.parametrize(
    "options", [b"\x02\x00\x05\xb4", b"\x02\x03\x05\xb4", b"\x08\x01\x02\x04", b"\x03\xff\x02\x04"]
)
def test_broken_options_are_left_alone(options: bytes) -> None:
    packet = syn([])[:40] + options
    packet = packet[:32] + b"\x60" + packet[33:]
    assert clamp_mss(packet, 1360) == packet


@given(st.binary(min_size=20, max_size=80), st.integers(0, 1500))
def test_any_octets(data: bytes, limit: int) -> None:
    assert len(clamp_mss(data, limit)) == len(data)


@given(st.binary(max_size=40), st.integers(68, 1500))
def test_any_options(options: bytes, limit: int) -> None:
    options += bytes(-len(options) % 4)
    packet = bytes(IP() / TCP(flags="S", dataofs=5 + len(options) // 4) / options)
    clamped = clamp_mss(packet, limit)
    assert len(clamped) == len(packet)
    assert_sound(clamped)


def syn_ipv6(options: list[tuple[str, object]], flags: str = "S") -> bytes:
    return bytes(IPv6(src="2001:db8::1", dst="2001:db8:99::2") / TCP(flags=flags, options=options))


@pytest.mark.parametrize("flags", ["S", "SA"])
def test_lowered_in_ipv6(flags: str) -> None:
    packet = syn_ipv6([("NOP", None), ("MSS", 1440)], flags)
    clamped = clamp_mss_ipv6(packet, 1220)
    read = IPv6(clamped)
    assert dict(read[TCP].options)["MSS"] == 1220
    sound = read[TCP].chksum
    del read[TCP].chksum
    assert IPv6(bytes(read))[TCP].chksum == sound


@pytest.mark.parametrize(
    "packet",
    [
        syn_ipv6([("MSS", 1220)]),
        syn_ipv6([("MSS", 1440)], "A"),
        syn_ipv6([("MSS", 1440)])[:59],
        bytes(IPv6() / UDP() / (b"\2" * 40)),
        bytes(IPv6() / IPv6ExtHdrHopByHop() / TCP(flags="S", options=[("MSS", 1440)])),
    ],
)
def test_left_alone_in_ipv6(packet: bytes) -> None:
    assert clamp_mss_ipv6(packet, 1220) == packet


@given(st.binary(min_size=40, max_size=90), st.integers(0, 1500))
def test_any_octets_of_ipv6(data: bytes, limit: int) -> None:
    assert len(clamp_mss_ipv6(data[:6] + b"\x06" + data[7:], limit)) == len(data)
