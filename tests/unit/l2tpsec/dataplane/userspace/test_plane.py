"""What the user-space plane does with ESP, L2TP and PPP beyond the contract."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP

from l2tpsec.dataplane.userspace import ipv6_forwarder, plane, sas
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.esp import inbound
from l2tpsec.protocols.esp.outbound import LAST_SEQUENCE
from l2tpsec.protocols.inet import ipv4
from tests.planes.client import HOME, SERVER, agreed, datagram, message
from tests.planes.userspace import UserspaceRig
from tests.unit.l2tpsec.dataplane.userspace.rig import (
    ADDRESS,
    CBC,
    CONTROL,
    ELSEWHERE,
    GCM,
    IDS,
    LCP,
    PEER,
    SERVICE,
    SPI,
    arrive,
    forwarding,
    ip,
)


@pytest.fixture
def rig() -> UserspaceRig:
    return forwarding()


# ESP


def test_unknown_spi(rig: UserspaceRig) -> None:
    rig.plane.receive_encapsulated(bytes(100), HOME)
    rig.plane.receive_encapsulated(b"", HOME)
    assert rig.drops == {plane.UNKNOWN_SPI: 2}
    assert rig.heard == [("stray", 0)] * 2
    assert rig.listener.strays == [(100, HOME), (0, HOME)]


def test_replays_are_counted(rig: UserspaceRig) -> None:
    packet = rig.clients[SPI].seal(CONTROL)
    for _ in range(3):
        rig.plane.receive_encapsulated(packet, HOME)
    assert rig.drops == {inbound.REPLAYED: 2}
    assert len(rig.heard) == 1


def test_forged_packets_move_and_confirm_nothing() -> None:
    rig = UserspaceRig()
    rig.install(PEER, agreed(CBC, SPI))
    packet = bytearray(rig.clients[SPI].seal(CONTROL))
    packet[-1] ^= 1
    rig.plane.receive_encapsulated(bytes(packet), ELSEWHERE)
    assert rig.heard == []
    assert rig.drops == {inbound.FORGED: 1}
    rig.plane.send_control(PEER, 1701, CONTROL)
    assert rig.sent == []


def test_only_the_newest_packet_moves_the_peer(rig: UserspaceRig) -> None:
    first, second, third = (rig.clients[SPI].seal(CONTROL) for _ in range(3))
    rig.plane.receive_encapsulated(second, HOME)
    rig.plane.receive_encapsulated(first, ELSEWHERE)
    assert [heard[0] for heard in rig.heard] == ["control", "control"]
    rig.plane.receive_encapsulated(third, ELSEWHERE)
    assert rig.heard[-2] == ("moved", PEER, SPI, Path(SERVER, ELSEWHERE))


def test_all_pairs_move_together(rig: UserspaceRig) -> None:
    rig.install(PEER, agreed(GCM, 0x2000))
    rig.plane.confirm(PEER, 0x2000)
    rig.plane.receive_encapsulated(rig.clients[SPI].seal(CONTROL), ELSEWHERE)
    rig.plane.send_control(PEER, 1701, CONTROL)
    assert [(sent.inbound_spi, sent.remote) for sent in rig.sent] == [(0x2000, ELSEWHERE)]


def test_a_peer_never_moves_into_the_pool(rig: UserspaceRig) -> None:
    """A client that routes its ESP into its own tunnel would start an endless loop."""
    outside = IPv4Address("172.16.5.5")
    rig.plane.start_forwarding(PEER, IDS, outside, 1400)
    for inner in (Endpoint("10.99.0.9", 4500), Endpoint(str(outside), 4500)):
        rig.plane.receive_encapsulated(rig.clients[SPI].seal(CONTROL), inner)
    assert rig.heard == []
    assert rig.drops == {plane.OWN_TUNNEL: 2}


def test_raw_esp() -> None:
    rig = forwarding(encapsulated=False)
    rig.arrive_control(SPI, CONTROL)
    assert rig.heard == [("control", PEER, 1701, CONTROL)]
    rig.plane.send_control(PEER, 1701, CONTROL)
    ((_, address, encapsulated),) = rig.packets
    assert (address, encapsulated) == (("203.0.113.7", 0), False)
    packet = bytes(IP(options=b"\x94\x04\0\0", proto=50) / rig.clients[SPI].seal(CONTROL))
    rig.plane.receive_raw(packet)
    assert len(rig.heard) == 2
    rig.plane.receive_raw(packet)
    assert rig.drops == {inbound.REPLAYED: 1}


def test_the_agreed_encapsulation_is_kept(rig: UserspaceRig) -> None:
    rig.plane.receive_raw(b"\x45" + bytes(19) + rig.clients[SPI].seal(CONTROL))
    raw = forwarding(encapsulated=False)
    raw.plane.receive_encapsulated(raw.clients[SPI].seal(CONTROL), HOME)
    assert rig.drops == raw.drops == {plane.WRONG_MODE: 1}
    assert rig.heard == raw.heard == []


def test_raw_packets_without_sense(rig: UserspaceRig) -> None:
    for packet in (b"", b"\x40" + bytes(100), b"\x44" + bytes(100)):
        rig.plane.receive_raw(packet)
    rig.plane.receive_raw(b"\x45" + bytes(100))
    assert rig.drops == {plane.RAW_HEADER: 3, plane.UNKNOWN_SPI: 1}
    assert rig.heard == [("stray", 0)]
    assert rig.listener.strays == [(81, ("0.0.0.0", 0))]


@pytest.mark.parametrize("inward", [True, False])
def test_kilobytes_wear_a_pair_once(inward: bool) -> None:
    rig = forwarding(life_kilobytes=1)
    for _ in range(40):
        if inward:
            rig.arrive_control(SPI, CONTROL)
        else:
            rig.plane.send_control(PEER, 1701, CONTROL)
    worn = [heard for heard in rig.heard if heard[0] == "worn"]
    assert worn == [("worn", PEER, SPI, sas.WORN_KILOBYTES)]
    assert not rig.drops


def test_the_last_sequence_number_wears_a_pair(rig: UserspaceRig) -> None:
    rig.plane._by_spi[SPI.to_bytes(4)].outbound.sequence = LAST_SEQUENCE - 1
    for _ in range(3):
        rig.plane.send_control(PEER, 1701, CONTROL)
    assert len(rig.sent) == 1
    assert rig.heard == [("worn", PEER, SPI, sas.WORN_SEQUENCE)]
    assert rig.drops == {sas.EXHAUSTED: 2}


def test_a_full_socket_loses_packets_only(rig: UserspaceRig) -> None:
    rig.wire_broken = True
    rig.plane.send_control(PEER, 1701, CONTROL)
    assert rig.drops == {sas.SEND_FAILED: 1}


# L2TP and PPP


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", plane.NOT_L2TP),
        (b"\x06\xa5\x06\xa5\x00\x08\0\0", plane.NOT_L2TP),
        (datagram(CONTROL, destination=1702), plane.NOT_L2TP),
        (datagram(CONTROL, destination=53), plane.NOT_L2TP),
        (datagram(CONTROL)[:4] + b"\x00\x09" + datagram(CONTROL)[6:], plane.NOT_L2TP),
        (datagram(CONTROL)[:4] + b"\xff\xff" + datagram(CONTROL)[6:], plane.NOT_L2TP),
        (datagram(b"\x00\x02"), plane.BAD_L2TP),
        (datagram(b"\x00\x02\x00\x07\x00"), plane.BAD_L2TP),
        (datagram(b"\x40\x02\x00\x08\x00\x07\x00"), plane.BAD_L2TP),
        (datagram(b"\x40\x02\x00\x04\x00\x07\x00\x08" + LCP), plane.BAD_L2TP),
        (datagram(message(7, 8, LCP, b"\x00\x03")), plane.BAD_L2TP),
        (datagram(message(7, 8, LCP, b"\x00\x01")), plane.BAD_L2TP),
        (datagram(message(7, 8, b"")), plane.BAD_PPP),
        (datagram(message(7, 8, b"\xff\x03")), plane.BAD_PPP),
        (datagram(message(7, 8, b"\xff\x03\xc0")), plane.BAD_PPP),
        (datagram(message(7, 8, b"\xc0")), plane.BAD_PPP),
        (datagram(message(7, 8, b"\xff\x03\x00\x57")), ipv6_forwarder.NOT_FORWARDED),
        (datagram(message(7, 8, b"\x57")), ipv6_forwarder.NOT_FORWARDED),
        (datagram(message(7, 9, LCP)), plane.UNKNOWN_SESSION),
    ],
)
def test_malformed_inside_esp(rig: UserspaceRig, payload: bytes, reason: str) -> None:
    arrive(rig, payload)
    assert rig.drops == {reason: 1}
    assert [heard[0] for heard in rig.heard] in ([], ["unknown"])


def test_octets_behind_the_udp_datagram_are_dropped(rig: UserspaceRig) -> None:
    arrive(rig, datagram(CONTROL) + b"more")
    assert rig.heard == [("control", PEER, 1701, CONTROL)]


@pytest.mark.parametrize(
    "header",
    [
        b"\x00\x02\x00\x07\x00\x08",
        b"\x01\x02\x00\x07\x00\x08",
        b"\x40\x02\x00\x12\x00\x07\x00\x08",
        b"\x08\x02\x00\x07\x00\x08\x12\x34\x56\x78",
        b"\x48\x02\x00\x16\x00\x07\x00\x08\x12\x34\x56\x78",
        b"\x02\x02\x00\x07\x00\x08\x00\x00",
        b"\x02\x02\x00\x07\x00\x08\x00\x03abc",
        b"\x4b\x02\x00\x1b\x00\x07\x00\x08\x12\x34\x56\x78\x00\x03abc",
    ],
)
@pytest.mark.parametrize("front", [b"\xff\x03\xc0\x21", b"\xc0\x21"])
def test_every_header_that_a_client_may_send(
    rig: UserspaceRig, header: bytes, front: bytes
) -> None:
    if header[0] & 0x40:
        octets = len(header) + len(front) + len(LCP) - 2
        header = header[:2] + octets.to_bytes(2) + header[4:]
    arrive(rig, datagram(header + front + LCP[2:]))
    assert rig.heard == [("frame", PEER, 7, 8, LCP)]


def test_an_offset_past_the_end(rig: UserspaceRig) -> None:
    arrive(rig, datagram(b"\x02\x02\x00\x07\x00\x08\xff\xff" + LCP))
    assert rig.drops == {plane.BAD_PPP: 1}


@pytest.mark.parametrize("front", [b"\xff\x03\x00\x21", b"\xff\x03\x21", b"\x00\x21", b"\x21"])
def test_every_front_of_an_ipv4_frame(rig: UserspaceRig, front: bytes) -> None:
    arrive(rig, datagram(message(7, 8, front + ip())))
    assert rig.to_kernel == [ip()]


def test_a_compressed_protocol_is_expanded(rig: UserspaceRig) -> None:
    arrive(rig, datagram(message(7, 8, b"\xff\x03\x2dvj")))
    assert rig.heard == [("frame", PEER, 7, 8, b"\x00\x2dvj")]


@pytest.mark.parametrize(
    ("pfc", "acfc", "lcp", "ipcp", "ipv4_front"),
    [
        (False, False, b"\xff\x03", b"\xff\x03\x80\x21", b"\xff\x03\x00\x21"),
        (True, False, b"\xff\x03", b"\xff\x03\x80\x21", b"\xff\x03\x21"),
        (False, True, b"\xff\x03", b"\x80\x21", b"\x00\x21"),
        (True, True, b"\xff\x03", b"\x80\x21", b"\x21"),
    ],
)
def test_what_the_client_accepts_is_used(
    rig: UserspaceRig, pfc: bool, acfc: bool, lcp: bytes, ipcp: bytes, ipv4_front: bytes
) -> None:
    rig.plane.set_compression(PEER, IDS, pfc=pfc, acfc=acfc)
    rig.plane.send_frame(PEER, IDS, LCP)
    rig.plane.send_frame(PEER, IDS, b"\x80\x21")
    rig.from_kernel(ip(SERVICE, ADDRESS))
    bodies = [rig.clients[SPI].open(packet)[6:] for packet, *_ in rig.packets]
    assert bodies == [lcp + LCP, ipcp, ipv4_front + ip(SERVICE, ADDRESS)]


# Anything


@given(st.binary(max_size=120), st.booleans())
def test_any_octets_from_anywhere(data: bytes, known: bool) -> None:
    rig = forwarding()
    packet = SPI.to_bytes(4) + data if known else data
    rig.plane.receive_encapsulated(packet, ELSEWHERE)
    rig.plane.receive_raw(data)
    rig.plane.receive_raw(b"\x45" + bytes(19) + packet)
    rig.from_kernel(data)
    assert {heard[0] for heard in rig.heard} <= {"stray"}
    assert rig.sent == []
    assert sum(rig.drops.values()) >= 3


@given(st.binary(max_size=80))
def test_any_octets_inside_esp(data: bytes) -> None:
    rig = forwarding()
    arrive(rig, data)
    arrive(rig, datagram(data))
    arrive(rig, datagram(b"\x00\x02\x00\x07\x00\x08" + data))
    arrive(rig, datagram(b"\x00\x02\x00\x07\x00\x08\x21" + data))
    assert sum(rig.drops.values()) + len(rig.heard) >= 3
    assert rig.to_kernel == []


flags = st.tuples(st.integers(0, 127), st.integers(0, 255)).map(bytes)


@given(flags, st.binary(max_size=60))
def test_any_data_header(header: bytes, data: bytes) -> None:
    rig = forwarding()
    arrive(rig, datagram(header + data))
    assert rig.to_kernel == []


@given(st.binary(max_size=30), st.binary(min_size=10, max_size=10))
def test_any_packet_of_the_right_source(payload: bytes, front: bytes) -> None:
    """Whatever a client puts in a packet from its own address, nothing but sound IPv4 gets out."""
    rig = forwarding()
    packet = front[:12].ljust(12, b"\0") + ADDRESS.packed + payload
    arrive(rig, datagram(message(7, 8, b"\x21" + packet)))
    for written in rig.to_kernel:
        assert ipv4.decode(written).source == ADDRESS.packed


def test_a_peer_never_moves_behind_another_client(rig: UserspaceRig) -> None:
    rig.plane.route(PEER, IDS, [IPv4Network("203.0.113.0/24")])
    packet = rig.clients[SPI].seal(CONTROL)
    rig.arrive(SPI, packet, ELSEWHERE)
    assert rig.drops == {plane.OWN_TUNNEL: 1}
