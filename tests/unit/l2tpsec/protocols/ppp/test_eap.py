"""The packet of EAP, with scapy as an independent reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.eap import EAP, EAP_MD5

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ppp import eap
from l2tpsec.protocols.ppp.packet import Packet

# RFC 3748 section 4: code, identifier, length, and a Type where there is one
IDENTITY_REQUEST = "0107000501"
IDENTITY_RESPONSE = "0207000a01616c696365"
NAK = "02080006031a"
SUCCESS, FAILURE = "03090004", "04090004"


@pytest.mark.parametrize(
    ("octets", "packet"),
    [
        (IDENTITY_REQUEST, Packet(1, 7, b"\x01")),
        (IDENTITY_RESPONSE, Packet(2, 7, b"\x01alice")),
        (NAK, Packet(2, 8, b"\x03\x1a")),
        (SUCCESS, Packet(3, 9, b"")),
        (FAILURE, Packet(4, 9, b"")),
        (SUCCESS + "00ff", Packet(3, 9, b"")),
    ],
)
def test_packets_and_the_padding_behind_them(octets: str, packet: Packet) -> None:
    assert eap.decode(bytes.fromhex(octets)) == packet


@pytest.mark.parametrize(
    ("octets", "match"),
    [
        ("", "wanted"),
        ("010700", "wanted"),
        ("01070003", "length field 3"),
        ("01070004", "without its Type"),
        ("02070004", "without its Type"),
        ("0107000601", "wanted"),
        ("0007000501", "EAP code 0"),
        ("0507000501", "EAP code 5"),
        ("0309000501", "with data"),
        ("0409000501", "with data"),
        ("0107ffff01", "length field 65535"),
    ],
)
def test_what_is_no_packet(octets: str, match: str) -> None:
    with pytest.raises(Malformed, match=match):
        eap.decode(bytes.fromhex(octets))


@given(st.binary(max_size=40))
def test_any_octets_are_a_packet_or_malformed(data: bytes) -> None:
    try:
        packet = eap.decode(data)
    except Malformed:
        return
    assert data.startswith(packet.encode())
    assert packet.code in (1, 2, 3, 4)


names = st.text("abcdefghij.@\\-", min_size=1, max_size=60).map(str.encode)


@given(st.integers(0, 255), names)
def test_scapy_reads_the_same(identifier: int, name: bytes) -> None:
    theirs = EAP(Packet(2, identifier, b"\x01" + name).encode())
    assert (theirs.code, theirs.id, theirs.len) == (2, identifier, len(name) + 5)
    assert (theirs.type, theirs.identity) == (1, name)


@pytest.mark.parametrize("code", [3, 4])
def test_scapy_reads_the_same_end(code: int) -> None:
    theirs = EAP(Packet(code, 7, b"").encode())
    assert (theirs.code, theirs.id, theirs.len) == (code, 7, 4)


@given(st.integers(0, 255), names)
def test_what_scapy_writes_is_read(identifier: int, name: bytes) -> None:
    theirs = bytes(EAP(code=2, id=identifier, type=1, identity=name))
    assert eap.decode(theirs) == Packet(2, identifier, b"\x01" + name)
    value = bytes(range(16))
    theirs = bytes(EAP_MD5(code=2, id=identifier, value=value, optional_name=name))
    assert eap.decode(theirs) == Packet(2, identifier, b"\x04\x10" + value + name)
