import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP, defragment

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import ipv4

HERE, THERE = b"\x0a\x63\x00\x02", b"\xc0\x00\x02\x01"

packets = st.builds(
    ipv4.Ipv4,
    protocol=st.integers(0, 255),
    source=st.binary(min_size=4, max_size=4),
    destination=st.binary(min_size=4, max_size=4),
    payload=st.binary(max_size=100),
    ttl=st.integers(0, 255),
    identification=st.integers(0, 0xFFFF),
    flags_offset=st.integers(0, 0xFFFF),
    type_of_service=st.integers(0, 255),
    options=st.sampled_from([b"", b"\x94\x04\0\0", b"\x07\x27\x04" + bytes(37)]),
)


@given(packets)
def test_round_trip(fields: ipv4.Ipv4) -> None:
    assert ipv4.decode(ipv4.encode(fields)) == fields


@given(packets)
def test_scapy_agrees_on_the_header_checksum(fields: ipv4.Ipv4) -> None:
    packet = ipv4.encode(fields)
    read = IP(packet)
    written = read.chksum
    del read.chksum
    assert IP(bytes(read)).chksum == written


@given(st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    try:
        fields = ipv4.decode(data)
    except Malformed:
        return
    assert len(fields.source) == len(fields.destination) == 4


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", "IPv4 header cut short"),
        (b"\x45" + bytes(18), "IPv4 header cut short"),
        (b"\x65" + bytes(19), "not an IPv4 header"),
        (b"\x44" + bytes(19), "not an IPv4 header"),
        (b"\x45\0\0\x13" + bytes(16), "IPv4 total length wrong"),
        (b"\x45\0\0\x15" + bytes(16), "IPv4 total length wrong"),
        (b"\x46\0\0\x14" + bytes(20), "IPv4 total length wrong"),
    ],
)
def test_refused(packet: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        ipv4.decode(packet)


def test_octets_behind_the_total_length_are_dropped() -> None:
    packet = ipv4.encode(ipv4.Ipv4(17, HERE, THERE, b"payload"))
    assert ipv4.decode(packet + b"trailer").payload == b"payload"


@pytest.mark.parametrize("mtu", [68, 576, 1280, 1400])
def test_scapy_reassembles(mtu: int) -> None:
    whole = IP(src="10.99.0.2", dst="192.0.2.1", id=77, tos=8) / UDP() / (bytes(range(256)) * 10)
    pieces = ipv4.fragment(bytes(whole), mtu)
    assert all(len(piece) <= mtu for piece in pieces)
    assert all(len(piece) % 8 == 4 for piece in pieces[:-1])
    (again,) = defragment([IP(piece) for piece in pieces])
    assert bytes(again[UDP]) == bytes(whole[UDP])
    assert (again.id, again.tos, again.src) == (77, 8, "10.99.0.2")


def test_a_fragment_is_cut_again() -> None:
    whole = IP(src="10.99.0.2", dst="192.0.2.1", id=77) / UDP() / (bytes(range(256)) * 10)
    pieces = [p for piece in ipv4.fragment(bytes(whole), 1400) for p in ipv4.fragment(piece, 600)]
    (again,) = defragment([IP(piece) for piece in pieces])
    assert bytes(again[UDP]) == bytes(whole[UDP])


def test_options_stay_in_the_first_fragment() -> None:
    packet = ipv4.encode(ipv4.Ipv4(17, HERE, THERE, bytes(200), options=b"\x94\x04\0\0"))
    first, *rest = (ipv4.decode(piece) for piece in ipv4.fragment(packet, 100))
    assert first.options == b"\x94\x04\0\0"
    assert all(piece.options == b"" for piece in rest)
    assert b"".join(p.payload for p in (first, *rest)) == bytes(200)


def test_nothing_to_cut() -> None:
    packet = ipv4.encode(ipv4.Ipv4(17, HERE, THERE, bytes(80)))
    assert ipv4.fragment(packet, 100) == [packet]
    assert ipv4.fragment(packet, 27) == [packet]
