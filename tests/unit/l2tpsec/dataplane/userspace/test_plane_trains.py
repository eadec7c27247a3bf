"""Packets that arrive together end where they would end one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.userspace import plane
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId
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


@pytest.mark.parametrize("transform", [CBC, GCM], ids=["CBC", "GCM"])
@given(names=st.lists(st.sampled_from([*PAYLOADS, *["alike"] * 9]), min_size=1, max_size=20))
def test_it_makes_no_difference(transform: EspTransform, names: list[str]) -> None:
    payloads = [PAYLOADS[name] for name in names]
    single, together = (rig_of(transform) for _ in range(2))
    for packet in sealed(single, payloads):
        single.plane.receive_encapsulated(packet, HOME)
    assert together.plane.receive_train(sealed(together, payloads), HOME)
    assert together.to_kernel == single.to_kernel
    assert together.heard == single.heard
    assert together.drops == single.drops
    assert together.plane.counters(PEER, IDS) == single.plane.counters(PEER, IDS)


def test_replays_and_forgeries_in_a_train_are_counted() -> None:
    rig = forwarding()
    first, second, third = sealed(rig, [ALIKE] * 3)
    forged = second[:-1] + bytes((second[-1] ^ 1,))
    assert rig.plane.receive_train([first, forged, first, third], HOME)
    assert rig.drops == {inbound.FORGED: 1, inbound.REPLAYED: 1}
    assert len(rig.to_kernel) == 2


def test_what_is_not_of_one_pair_is_left_to_be_taken_one_by_one() -> None:
    rig = forwarding()
    packets = sealed(rig, [ALIKE] * 3)
    for train, remote in (
        ([*packets, b"\0\0\0\0isakmp"], HOME),
        ([b"\0\0\0\0isakmp", *packets], HOME),
        ([b"\xff", *packets], HOME),
        (packets, ELSEWHERE),
    ):
        assert not rig.plane.receive_train(train, remote)
    raw, fresh = forwarding(encapsulated=False), UserspaceRig()
    assert not raw.plane.receive_train(sealed(raw, [ALIKE] * 2), HOME)
    fresh.install(PEER, agreed(CBC, SPI))
    assert not fresh.plane.receive_train(sealed(fresh, [ALIKE] * 2), HOME)
    assert not rig.drops
    assert rig.plane.receive_train(packets, HOME)
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
    assert rig.plane.receive_train(sealed(rig, payloads), HOME)
    assert len(rig.to_kernel) == alike
    assert rig.drops == {plane.UNKNOWN_SESSION: 3}


def test_a_train_wears_its_pair_once() -> None:
    rig = forwarding(life_kilobytes=1)
    assert rig.plane.receive_train(sealed(rig, [ALIKE] * 40), HOME)
    assert [heard[0] for heard in rig.heard] == ["worn"]


def test_segments_that_were_cut_wait_for_no_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = forwarding()
    rig.device.incoming = [ip(SERVICE, ADDRESS)] * (plane.BATCH_PACKETS + 30)
    waiting = property(lambda device: len(device.incoming) > 5)
    monkeypatch.setattr(ListDevice, "pending", waiting)
    rig.plane.tun_readable()
    assert len(rig.sent) == plane.BATCH_PACKETS + 25
