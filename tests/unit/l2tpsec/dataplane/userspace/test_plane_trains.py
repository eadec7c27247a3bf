"""Packets that arrive together end where they would end one by one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.userspace import plane
from l2tpsec.dataplane.userspace.police import TOO_FAST
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint
from l2tpsec.model.policy import Policy, Rate
from l2tpsec.protocols.esp import inbound
from tests.planes.client import HOME, agreed, datagram, message
from tests.planes.userspace import ListDevice, UserspaceRig
from tests.unit.l2tpsec.dataplane.userspace.test_plane import (
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
    forwarding,
    ip,
)
from tests.unit.l2tpsec.dataplane.userspace.transfer import datagrams, segments

FRONT = b"\xff\x03\x00\x21"
ALIKE = datagram(message(7, 8, FRONT + ip()))
PAYLOADS = {
    "alike": ALIKE,
    "other octets": datagram(message(7, 8, FRONT + ip(destination=SERVICE + 1))),
    "longer": datagram(message(7, 8, FRONT + ip(options=b"\x01\x01\x01\x01"))),
    "forged source": datagram(message(7, 8, FRONT + ip(source=SERVICE))),
    "compressed": datagram(message(7, 8, b"\x21" + ip())),
    "length": datagram(b"\x40\x02" + (12 + len(ip())).to_bytes(2) + b"\0\7\0\x08" + FRONT + ip()),
    "length and more": datagram(
        b"\x40\x02" + (12 + len(ip())).to_bytes(2) + b"\0\7\0\x08" + FRONT + ip() + b"more"
    ),
    "octets behind": ALIKE + b"more",
    "other session": datagram(message(7, 9, FRONT + ip())),
    "other port": datagram(message(7, 8, FRONT + ip()), destination=1702),
    "wrong length": ALIKE[:4] + b"\x00\x20" + ALIKE[6:],
    "control": datagram(CONTROL),
    "LCP": datagram(message(7, 8, b"\xff\x03" + LCP)),
    "IPv6": datagram(message(7, 8, b"\xff\x03\x00\x57" + bytes(40))),
    "short": b"short",
}


def rig_of(transform: EspTransform) -> UserspaceRig:
    rig = forwarding()
    rig.install(PEER, agreed(transform, SPI))
    rig.plane.confirm(PEER, SPI)
    return rig


def sealed(rig: UserspaceRig, payloads: list[bytes]) -> list[bytes]:
    return [rig.clients[SPI].outbound.seal(payload) for payload in payloads]


def pieces(packets: list[bytes]) -> list[list[bytes]]:
    """What the kernel joins: packets of one length, and a shorter one at the end."""
    joined: list[list[bytes]] = []
    for packet in packets:
        if joined and len(joined[-1][-1]) == len(joined[-1][0]) >= len(packet):
            joined[-1].append(packet)
        else:
            joined.append([packet])
    return joined


def arrive(rig: UserspaceRig, packets: list[bytes], remote: Endpoint = HOME) -> int:
    """Take packets as the driver does; return how many were taken by the piece."""
    taken = 0
    for train in pieces(packets):
        octets = rig.plane.receive_train(b"".join(train), len(train[0]), remote)
        done = octets // len(train[0])
        assert octets == done * len(train[0])
        for packet in train[done:]:
            rig.plane.receive_encapsulated(packet, remote)
        taken += done
    return taken


@pytest.mark.parametrize("transform", [CBC, GCM], ids=["CBC", "GCM"])
@given(names=st.lists(st.sampled_from([*PAYLOADS, *["alike"] * 9]), min_size=1, max_size=20))
def test_it_makes_no_difference(transform: EspTransform, names: list[str]) -> None:
    payloads = [PAYLOADS[name] for name in names]
    single, together = (rig_of(transform) for _ in range(2))
    for packet in sealed(single, payloads):
        single.plane.receive_encapsulated(packet, HOME)
    arrive(together, sealed(together, payloads))
    assert together.to_kernel == single.to_kernel
    assert together.heard == single.heard
    assert together.drops == single.drops
    assert together.plane.counters(PEER, IDS) == single.plane.counters(PEER, IDS)


@pytest.mark.parametrize("make", [segments, datagrams])
@pytest.mark.parametrize("fault", ["", "source", "destination", "DHCP", "SYN", "fragment"])
def test_a_flow_passes_as_its_packets_would(make: Callable[..., list[bytes]], fault: str) -> None:
    packets = [bytearray(packet) for packet in make([bytes([n]) * 100 for n in range(9)])]
    for packet in packets:
        packet[12:16] = SERVICE.packed if fault == "source" else ADDRESS.packed
        if fault in {"destination", "DHCP"}:
            packet[16:20] = bytes((255,)) * 4
        if fault == "DHCP":
            packet[9], packet[22:24] = 17, b"\0\x43"
        if fault == "SYN":
            packet[33] = 2
        if fault == "fragment":
            packet[6] |= 0x20
    payloads = [datagram(message(7, 8, FRONT + bytes(packet))) for packet in packets]
    single, together = rig_of(CBC), rig_of(CBC)
    for each in sealed(single, payloads):
        single.plane.receive_encapsulated(each, HOME)
    assert arrive(together, sealed(together, payloads)) == 9
    assert bool(together.to_kernel) is (fault in {"", "SYN", "fragment"})
    assert together.to_kernel == single.to_kernel
    assert together.heard == single.heard
    assert together.drops == single.drops
    assert together.plane.counters(PEER, IDS) == single.plane.counters(PEER, IDS)


def test_a_policed_session_is_judged_packet_by_packet() -> None:
    rig = forwarding()
    rig.plane.set_policy(PEER, IDS, Policy(up=Rate(8000, 5 * len(ip()))))
    arrive(rig, sealed(rig, [ALIKE] * 1000))
    assert rig.drops[TOO_FAST] == 1000 - len(rig.to_kernel) > 0


def test_replays_and_forgeries_in_a_train_are_counted() -> None:
    rig = forwarding()
    first, second, third = sealed(rig, [ALIKE] * 3)
    forged = second[:-1] + bytes((second[-1] ^ 1,))
    assert arrive(rig, [first, forged, first, third]) == 0
    assert rig.drops == {inbound.FORGED: 1, inbound.REPLAYED: 1}
    assert len(rig.to_kernel) == 2


def test_what_is_not_of_one_pair_is_left_to_be_taken_one_by_one() -> None:
    rig = forwarding()
    first, second, third = sealed(rig, [ALIKE] * 3)
    foreign, size = b"\0\0\0\0isakmp".ljust(len(first)), len(first)
    for train, remote in (
        ((first, foreign, second), HOME),
        ((foreign, first, second), HOME),
        ((first, second), ELSEWHERE),
    ):
        assert not rig.plane.receive_train(b"".join(train), size, remote)
    raw, fresh = forwarding(encapsulated=False), UserspaceRig()
    assert not raw.plane.receive_train(b"".join(sealed(raw, [ALIKE] * 2)), size, HOME)
    fresh.install(PEER, agreed(CBC, SPI))
    assert not fresh.plane.receive_train(b"".join(sealed(fresh, [ALIKE] * 2)), size, HOME)
    assert not rig.drops
    whole = first + second + third
    assert rig.plane.receive_train(whole + b"\0\0\0\0isakmp", size, HOME) == len(whole)
    assert rig.plane.counters(PEER, IDS) == Counters(3, 3 * len(ip()))


@pytest.mark.parametrize("alike", [1, 5])
def test_a_session_that_ends_within_a_train_gets_nothing_more(
    alike: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = forwarding()

    def hang_up(peer: PeerId, _port: int, _datagram: bytes) -> None:
        rig.plane.close_session(peer, IDS)

    monkeypatch.setattr(rig.listener, "control_datagram", hang_up)
    payloads = [*[ALIKE] * alike, datagram(CONTROL), *[ALIKE] * 3]
    arrive(rig, sealed(rig, payloads))
    assert len(rig.to_kernel) == alike
    assert rig.drops == {plane.UNKNOWN_SESSION: 3}


def test_a_train_wears_its_pair_once() -> None:
    rig = forwarding(life_kilobytes=1)
    assert arrive(rig, sealed(rig, [ALIKE] * 40)) == 40
    assert [heard[0] for heard in rig.heard] == ["worn"]


def test_segments_that_were_cut_wait_for_no_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = forwarding()
    rig.device.incoming = [ip(SERVICE, ADDRESS)] * (plane.BATCH_PACKETS + 30)
    waiting = property(lambda device: len(device.incoming) > 5)
    monkeypatch.setattr(ListDevice, "pending", waiting)
    rig.plane.tun_readable()
    assert len(rig.sent) == plane.BATCH_PACKETS + 25
