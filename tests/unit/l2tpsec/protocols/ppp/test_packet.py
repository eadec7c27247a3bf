import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.ppp import PPP_LCP_Configure

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ppp.packet import (
    MAX_OPTIONS,
    Code,
    Packet,
    RawOption,
    decode_options,
    encode_options,
)

options = st.lists(
    st.builds(RawOption, st.integers(0, 255), st.binary(max_size=20)), max_size=MAX_OPTIONS
)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=1496), st.binary(max_size=9))
def test_a_packet_survives_the_wire_and_padding(
    code: int, identifier: int, data: bytes, padding: bytes
) -> None:
    packet = Packet(code, identifier, data)
    assert Packet.decode(packet.encode() + padding) == packet


@pytest.mark.parametrize(
    "data",
    ["", "01", "0101", "010100", "01010000", "01010003", "01010005", "0101ffff", "010105dd"],
)
def test_bad_lengths_are_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        Packet.decode(bytes.fromhex(data))


def test_a_packet_longer_than_any_peer_takes_is_malformed() -> None:
    with pytest.raises(Malformed):
        Packet.decode(bytes((1, 1)) + (1501).to_bytes(2) + bytes(1497))


@given(st.binary(max_size=64))
def test_any_octets_are_a_packet_or_malformed(data: bytes) -> None:
    try:
        packet = Packet.decode(data)
    except Malformed:
        return
    assert data.startswith(packet.encode())


@given(options)
def test_options_survive_the_wire(wanted: list[RawOption]) -> None:
    assert decode_options(encode_options(wanted)) == wanted


@given(st.binary(max_size=300))
def test_any_octets_are_options_or_malformed(data: bytes) -> None:
    try:
        found = decode_options(data)
    except Malformed:
        return
    assert encode_options(found) == data


@pytest.mark.parametrize("data", ["01", "0100", "0101", "01ff", "0103", "010405dc05", "05060000"])
def test_option_lengths_are_checked(data: str) -> None:
    with pytest.raises(Malformed):
        decode_options(bytes.fromhex(data))


def test_two_hundred_options_are_too_many() -> None:
    with pytest.raises(Malformed, match="more than 64 options"):
        decode_options(b"\x07\x02" * 200)


def test_scapy_reads_our_options() -> None:
    data = encode_options([RawOption(1, b"\x05\x78"), RawOption(7, b"")])
    seen = PPP_LCP_Configure(Packet(Code.CONFIGURE_REQUEST, 7, data).encode())
    assert (seen.id, seen.options[0].max_recv_unit, seen.options[1].type) == (7, 1400, 7)
