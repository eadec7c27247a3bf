import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.ppp import PPP

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Phase
from l2tpsec.protocols.ppp import frame

PROTOCOLS = sorted(frame.PROTOCOL_NAMES)


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        ("ff03c0210100", frame.LCP),
        ("c0210100", frame.LCP),
        ("ff0300210100", frame.IP),
        ("ff03210100", frame.IP),
        ("00210100", frame.IP),
        ("210100", frame.IP),
        ("570100", frame.IPV6),
        ("80210100", frame.IPCP),
    ],
)
def test_address_control_and_protocol_may_be_compressed_in_any_mix(
    data: str, protocol: int
) -> None:
    assert frame.decode(bytes.fromhex(data)) == (protocol, b"\x01\x00")


@pytest.mark.parametrize("data", ["", "ff03", "00", "c0", "ff03c0", "c020", "0020", "ff038020ab"])
def test_what_is_no_protocol_field_is_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        frame.decode(bytes.fromhex(data))


@given(st.binary(max_size=40))
def test_any_octets_are_a_frame_or_malformed(data: bytes) -> None:
    try:
        protocol, information = frame.decode(data)
    except Malformed:
        return
    assert protocol & 1
    assert data.endswith(information)


@given(
    st.sampled_from(PROTOCOLS),
    st.binary(max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_round_trip(protocol: int, information: bytes, pfc: bool, acfc: bool) -> None:
    assert frame.decode(frame.encode(protocol, information)) == (protocol, information)
    short = frame.header(protocol, pfc=pfc, acfc=acfc)
    assert frame.decode(short + information) == (protocol, information)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scapy_reads_our_frames(protocol: int) -> None:
    data = frame.header(protocol, pfc=False, acfc=False) + b"\x01\x01\x00\x04"
    assert PPP(data).proto == protocol


def test_unknown_protocols_print_as_numbers() -> None:
    assert frame.protocol_name(0x80FD) == "CCP"
    assert frame.protocol_name(0x8029) == "0x8029"


def test_every_known_protocol_belongs_to_a_phase_and_an_unknown_one_to_lcp() -> None:
    phases = {protocol: frame.phase_of(protocol) for protocol in PROTOCOLS}
    assert {name for name in (frame.PAP, frame.CHAP, frame.EAP)} == {
        protocol for protocol, phase in phases.items() if phase is Phase.AUTHENTICATION
    }
    assert phases[frame.IPCP] is Phase.IPCP
    assert frame.phase_of(0x4021) is Phase.LCP
