import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import ipv6, udp

addresses = st.binary(min_size=16, max_size=16)
packets = st.builds(
    ipv6.Ipv6,
    st.integers(0, 255),
    addresses,
    addresses,
    st.binary(max_size=60),
    st.integers(0, 255),
    st.integers(0, 0xFFFFFFF),
)


@given(packets, st.binary(max_size=9))
def test_round_trip(fields: ipv6.Ipv6, padding: bytes) -> None:
    assert ipv6.decode(ipv6.encode(fields) + padding) == fields


@given(st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    try:
        fields = ipv6.decode(data)
    except Malformed:
        return
    assert ipv6.encode(fields) == data[: 40 + len(fields.payload)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x60" + bytes(38), "cut short"),
        (b"\x45" + bytes(39), "not an IPv6"),
        (b"\x60\0\0\0\0\x01" + bytes(34), "payload length"),
    ],
)
def test_malformed(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        ipv6.decode(data)


def test_scapy_agrees() -> None:
    theirs = IPv6(src="fe80::1", dst="2001:db8::2", tc=5, fl=77, hlim=9) / UDP(sport=1, dport=2)
    source, destination = (
        bytes.fromhex(h) for h in ("fe80" + "0" * 27 + "1", "20010db8" + "0" * 23 + "2")
    )
    body = udp.encode(udp.Udp(1, 2, b""), source, destination)
    ours = ipv6.Ipv6(17, source, destination, body, 9, 5 << 20 | 77)
    assert ipv6.encode(ours) == bytes(theirs)
    assert ipv6.decode(bytes(theirs)) == ours


@pytest.mark.parametrize(
    ("address", "verdict"), [("fe80", True), ("febf", True), ("fec0", False), ("2001", False)]
)
def test_link_local(address: str, verdict: bool) -> None:
    assert ipv6.is_link_local(bytes.fromhex(address) + bytes(14)) is verdict
