"""Packets that arrive together end where they would end one by one."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.userspace import plane
from l2tpsec.dataplane.userspace.police import TOO_FAST
from l2tpsec.dataplane.userspace.segments import cut
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint
from l2tpsec.model.policy import Policy, Rate
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.esp import inbound
from l2tpsec.protocols.inet import ipv4
from tests.planes.client import HOME, agreed, datagram, message
from tests.planes.userspace import ListDevice, UserspaceRig
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
    forwarding,
    ip,
)
from tests.unit.l2tpsec.dataplane.userspace.transfer import datagrams, segments

OTHER, OTHER_IDS = PeerId(2), SessionIds(17, 18, 19, 20, 1701)
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
    assert arrive(rig, sealed(rig, [ALIKE] * 40)) == 0
    assert [heard[0] for heard in rig.heard] == ["worn"]
    assert arrive(rig, sealed(rig, [ALIKE] * 40)) == 40
    assert len(rig.heard) == 1


def carried(packet: bytes, at: int, step: int, count: int) -> list[bytes]:
    """Packets whose number that ends at `at` goes on into what stands before it."""
    more = step << 8 * (len(packet) - at)
    return [(int.from_bytes(packet) + n * more).to_bytes(len(packet)) for n in range(count)]


def own(packet: bytes) -> bytes:
    return packet[:12] + ADDRESS.packed + packet[16:]


BULK = [bytes([n]) * 100 for n in range(6)]
TCP, UDP = (list(map(own, make(BULK))) for make in (segments, datagrams))
TURNING = own(segments([bytes(100)], sequence=0xFFFFFF80)[0])
DISCOVER = UDP[0][:16] + b"\xff" * 4 + b"\0\x44\0\x43" + UDP[0][24:]
FLOWS = {
    "TCP": TCP,
    "UDP": UDP,
    "to another client": carried(TURNING[:20] + b"\xff" * 4 + TURNING[24:], 28, 100, 3),
    "longer than it is": carried(UDP[0][:4] + b"\xff\xff" + UDP[0][6:], 6, 1, 3),
    "DHCP": [DISCOVER] * 3,
    "DHCP, then a flow": [DISCOVER, *UDP],
    "forged source": [packet[:12] + SERVICE.packed + packet[16:] for packet in UDP],
    "pushed": [*TCP[:2], TCP[2][:33] + b"\x18" + TCP[2][34:], *TCP[3:]],
    "SYN": [packet[:33] + b"\x02" + packet[34:] for packet in TCP],
    "fragments": [packet[:6] + b"\x20\0" + packet[8:] for packet in UDP],
    "two flows": [packet for both in zip(TCP, TCP[::-1], strict=True) for packet in both],
    "no IPv4": [b"\x65" + packet[1:] for packet in UDP],
    "cut": [packet[:-4] for packet in UDP],
}
FRONTS = {
    "plain": b"\x00\x02\0\7\0\x08" + FRONT,
    "compressed": b"\x00\x02\0\7\0\x08\x21",
    "offset": b"\x02\x02\0\7\0\x08\0\2ab" + FRONT,
    "numbered": b"\x08\x02\0\7\0\x08\0\1\0\2" + FRONT,
    "IPv6": b"\x00\x02\0\7\0\x08\xff\x03\x00\x57",
    "other version": b"\x00\x03\0\7\0\x08" + FRONT,
    "other session": b"\x00\x02\0\7\0\x09" + FRONT,
    "control": b"\xc8\x02\0\x0c" + bytes(8),
}
FAULTS = ["", *["none"] * 6, "forged", "replayed", "swapped", "missing", "unknown SPI", "IKE"]
ENDS = ["nothing", "session", "pair", "peer"]


class Scene:
    """A plane whose upcalls end something, as a concentrator's do; all that happens, in order."""

    def __init__(self, pair: SaPair, ends: str, *, policed: bool) -> None:
        self.rig = rig = UserspaceRig()
        self.ends = ends
        rig.install(PEER, pair)
        rig.plane.open_session(PEER, IDS)
        rig.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
        rig.plane.open_session(OTHER, OTHER_IDS)
        rig.plane.start_forwarding(OTHER, OTHER_IDS, SERVICE + 7, 1400)
        if policed:
            rig.plane.set_policy(PEER, IDS, Policy(up=Rate(8000, 1000)))
        self.happened = rig.listener.heard = Happened(self)
        rig.device.written = self.happened  # type: ignore[assignment] # one list of both

    def end(self) -> None:
        if self.ends == "session":
            self.rig.plane.close_session(PEER, IDS)
        elif self.ends == "pair":
            self.rig.plane.remove(PEER, SPI)
        elif self.ends == "peer":
            self.rig.plane.remove_peer(PEER)

    def state(self) -> tuple[object, ...]:
        """All that can be seen of it, the replay window's every bit included."""
        plane = self.rig.plane
        plane.flush()
        pair = plane._by_spi.get(SPI.to_bytes(4))
        window = pair and [pair.inbound.window.stale(n) for n in range(300)]
        known = pair and (pair.inbound.octets, pair.inbound.window.highest, pair.remote, pair.worn)
        counted = plane.counters(PEER, IDS), plane.refusals(PEER, IDS), dict(plane.drops)
        return list(self.happened), counted, window, known, plane.size


class Happened(list[tuple[object, ...]]):
    """Ends something at the upcalls that may."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    def append(self, event: tuple[object, ...]) -> None:
        super().append(event)
        if event[0] in {"local", "control", "worn"}:
            self._scene.end()


def spoilt(packets: list[bytes], faults: list[tuple[int, str]]) -> list[bytes]:
    for where, fault in faults:
        at = where % len(packets)
        packet = packets[at]
        if fault == "forged":
            packets[at] = packet[:-1] + bytes((packet[-1] ^ 1,))
        elif fault == "replayed":
            packets.insert(at, packets[where // 7 % len(packets)])
        elif fault == "swapped":
            packets[at], packets[0] = packets[0], packet
        elif fault == "missing" and len(packets) > 1:
            del packets[at]
        elif fault == "unknown SPI":
            packets[at] = b"\xff" + packet[1:]
        elif fault == "IKE":
            packets[at] = bytes(4) + packet[4:]
    return packets


@pytest.mark.parametrize("transform", [CBC, GCM], ids=["CBC", "GCM"])
@given(
    runs=st.lists(
        st.tuples(st.sampled_from(sorted(FLOWS)), st.sampled_from([*["plain"] * 6, *FRONTS])),
        min_size=1,
        max_size=8,
    ),
    faults=st.lists(st.tuples(st.integers(0, 99), st.sampled_from(FAULTS)), max_size=4),
    ends=st.sampled_from(ENDS),
    life=st.sampled_from([None, None, 1]),
    confirmed=st.booleans(),
    policed=st.sampled_from([False, False, True]),
    remote=st.sampled_from([HOME, HOME, HOME, ELSEWHERE]),
    lie=st.sampled_from([0, 0, 0, 0, 1, 7, 64, 100]),
)
def test_whatever_a_client_sends_trains_change_nothing(  # noqa: PLR0917 - by name only
    transform: EspTransform,
    runs: list[tuple[str, str]],
    faults: list[tuple[int, str]],
    ends: str,
    life: int | None,
    confirmed: bool,
    policed: bool,
    remote: Endpoint,
    lie: int,
) -> None:
    """The same octets, one by one and by the piece: each effect in its order, and what is left."""
    pair = agreed(transform, SPI, life_kilobytes=life)
    single, together = (Scene(pair, ends, policed=policed) for _ in range(2))
    payloads = [datagram(FRONTS[front] + packet) for name, front in runs for packet in FLOWS[name]]
    packets = spoilt(sealed(single.rig, payloads), faults)
    for scene in (single, together):
        if confirmed:
            scene.rig.plane.confirm(PEER, SPI)
    for piece in pieces(packets):
        data, size = b"".join(piece), lie or len(piece[0])
        for packet in cut(data, size):
            single.rig.plane.receive_encapsulated(packet, remote)
        done = together.rig.plane.receive_train(data, size, remote)
        for packet in cut(data[done:], size):
            if packet:
                together.rig.plane.receive_encapsulated(packet, remote)
    assert together.state() == single.state()


def test_segments_that_were_cut_wait_for_no_wake_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = forwarding()
    rig.device.incoming = [ip(SERVICE, ADDRESS)] * (plane.BATCH_PACKETS + 30)
    waiting = property(lambda device: len(device.incoming) > 5)
    monkeypatch.setattr(ListDevice, "pending", waiting)
    rig.plane.tun_readable()
    assert len(rig.sent) == plane.BATCH_PACKETS + 25


SECOND = IPv4Address("10.99.0.3")
BEHIND = IPv4Address("192.168.77.5")


def syn(destination: IPv4Address) -> bytes:
    """A TCP SYN that offers more than the link carries."""
    options = b"\x02\x04\x05\xb4"
    head = tcp_segment(b"", destination)[20:]
    body = head[:12] + b"\x60\x02" + head[14:] + options
    return ipv4.encode(ipv4.Ipv4(6, SERVICE.packed, destination.packed, body))


def tcp_segment(payload: bytes, destination: IPv4Address) -> bytes:
    body = b"\x00\x50\x00\x51" + bytes(8) + b"\x50\x10" + bytes(6) + payload
    return ipv4.encode(ipv4.Ipv4(6, SERVICE.packed, destination.packed, body))


def ipv6_like(packet: bytes) -> bytes:
    """IPv6 by its version, and an IPv4 destination where one would be."""
    return b"\x65" + packet[1:]


PACKETS_DOWN = {
    "datagram": ip(SERVICE, ADDRESS),
    "of another": ip(SERVICE, SECOND),
    "to behind": ip(SERVICE, BEHIND),
    "of nobody": ip(SERVICE, SERVICE),
    "options": ip(SERVICE, ADDRESS, options=b"\x01\x01\x01\x01"),
    "segment": tcp_segment(bytes(9), ADDRESS),
    "SYN": syn(ADDRESS),
    "wide": ipv4.encode(ipv4.Ipv4(17, SERVICE.packed, ADDRESS.packed, bytes(1500))),
    "IPv6 by its version": ipv6_like(ip(SERVICE, ADDRESS)),
    "full": tcp_segment(bytes(1360), ADDRESS),
    "scrap": b"\x45",
}


@given(
    names=st.lists(st.tuples(st.sampled_from([*PACKETS_DOWN]), st.integers(1, 5)), max_size=20),
    policed=st.booleans(),
)
def test_down_it_makes_no_difference_either(names: list[tuple[str, int]], policed: bool) -> None:
    packets = [PACKETS_DOWN[name] for name, count in names for _ in range(count)]
    outcomes = []
    for batch in (1, plane.BATCH_PACKETS):
        rig = forwarding()
        rig.install(OTHER, agreed(CBC, SPI + 1, remote=ELSEWHERE))
        rig.plane.confirm(OTHER, SPI + 1)
        rig.plane.open_session(OTHER, OTHER_IDS)
        rig.plane.start_forwarding(OTHER, OTHER_IDS, SECOND, 1400)
        rig.plane.route(PEER, IDS, [IPv4Network("192.168.77.0/24")])
        if policed:
            rig.plane.set_policy(PEER, IDS, Policy(down=Rate(8000)))
        for at in range(0, len(packets), batch):
            rig.device.incoming = packets[at : at + batch]
            rig.plane.tun_readable()
        sent = rig.sent
        outcomes.append(
            (
                [[each for each in sent if each.remote == at] for at in (HOME, ELSEWHERE)],
                [rig.plane.counters(*who) for who in ((PEER, IDS), (OTHER, OTHER_IDS))],
                rig.drops,
                rig.to_kernel,
            )
        )
    assert outcomes[0] == outcomes[1]
