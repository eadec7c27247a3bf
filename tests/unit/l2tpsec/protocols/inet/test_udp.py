import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import udp

HERE, THERE = b"\x0a\x63\x00\x02", b"\xc0\x00\x02\x01"
ports = st.integers(0, 0xFFFF)


@given(ports, ports, st.binary(max_size=100))
def test_scapy_agrees(source: int, destination: int, payload: bytes) -> None:
    datagram = udp.encode(udp.Udp(source, destination, payload), HERE, THERE)
    ours = IP(src="10.99.0.2", dst="192.0.2.1") / UDP(sport=source, dport=destination) / payload
    assert datagram == bytes(IP(bytes(ours)).payload)
    assert udp.decode(datagram) == udp.Udp(source, destination, payload)


def test_a_sum_of_zero_is_sent_as_ones() -> None:
    plain = udp.encode(udp.Udp(0, 0, bytes(2)), HERE, THERE)
    zero = udp.encode(udp.Udp(0, 0, plain[6:8]), HERE, THERE)
    assert zero[6:8] == b"\xff\xff"


@given(st.binary(max_size=40))
def test_any_octets(data: bytes) -> None:
    try:
        fields = udp.decode(data)
    except Malformed:
        return
    assert len(fields.payload) <= len(data) - 8


@pytest.mark.parametrize(
    "data", [b"", bytes(7), bytes(8), b"\0\0\0\0\0\x07\0\0", b"\0\0\0\0\0\x09\0\0"]
)
def test_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match="UDP"):
        udp.decode(data)
