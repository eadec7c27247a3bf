"""What every data plane must do with peers, pairs and sessions, run against each of them."""

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import PlaneSize
from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Path
from l2tpsec.model.security import SaPair
from tests.planes.client import HOME, SERVER, agreed
from tests.planes.recording import Sent
from tests.planes.rig import (
    ADDRESS,
    ALICE,
    BOB,
    CONTROL,
    ELSEWHERE,
    IDS,
    LCP,
    NEW,
    OLD,
    PLAIN_LCP,
    PREFIX,
    SERVICE,
    Planes,
    Rig,
    packet,
    policy,
)


def test_control_both_ways(rig: Rig) -> None:
    rig.arrive_control(OLD, CONTROL, port=33333)
    assert rig.heard == [("control", ALICE, 33333, CONTROL)]
    rig.plane.send_control(ALICE, 33333, CONTROL)
    assert rig.sent == [Sent(OLD, HOME, 33333, None, CONTROL)]


def test_frames_both_ways(rig: Rig) -> None:
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, LCP)
    assert rig.heard == [("frame", ALICE, IDS.tunnel, IDS.session, LCP)]
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert rig.sent == [PLAIN_LCP]


def test_a_session_belongs_to_its_peer(rig: Rig, newer: SaPair) -> None:
    rig.install(BOB, newer)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    assert rig.heard == [("used", BOB, NEW), ("unknown", BOB, 1701, IDS.tunnel, IDS.session)]
    rig.plane.send_frame(BOB, IDS, LCP)
    assert rig.sent == []


def test_a_merged_peer_has_the_session_and_sends_by_the_newest_pair(
    rig: Rig, newer: SaPair
) -> None:
    rig.install(BOB, newer)
    rig.plane.confirm(BOB, NEW)
    rig.plane.merge(BOB, ALICE)
    assert rig.plane.size == PlaneSize(1, 2, 1)
    for spi in (NEW, OLD):
        rig.arrive_frame(spi, IDS.tunnel, IDS.session, LCP)
    assert rig.heard == [("frame", ALICE, IDS.tunnel, IDS.session, LCP)] * 2
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.inbound_spi for sent in rig.sent] == [NEW]
    rig.plane.move(ALICE, Path(SERVER, ELSEWHERE))
    rig.plane.remove(ALICE, NEW)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [(sent.inbound_spi, sent.remote) for sent in rig.sent[-1:]] == [(OLD, ELSEWHERE)]


def test_what_is_merged_when_its_packet_comes_lets_it_pass(rig: Rig, newer: SaPair) -> None:
    rig.install(BOB, newer)
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.listener.recognize = lambda: rig.plane.merge(BOB, ALICE)
    up = packet(ADDRESS, SERVICE)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, b"\x00\x21" + up)
    assert rig.to_kernel == [up]
    assert rig.heard == [("used", BOB, NEW), ("unknown", BOB, 1701, IDS.tunnel, IDS.session)]


def test_who_has_a_session_is_not_merged(rig: Rig, newer: SaPair) -> None:
    rig.install(BOB, newer)
    rig.plane.open_session(BOB, IDS)
    rig.plane.merge(BOB, ALICE)
    rig.plane.merge(ALICE, ALICE)
    rig.plane.merge(PeerId(9), ALICE)
    assert rig.plane.size == PlaneSize(2, 2, 2)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    assert ("frame", BOB, IDS.tunnel, IDS.session, LCP) in rig.heard


def test_two_peers_with_the_same_numbers(rig: Rig, newer: SaPair) -> None:
    rig.install(BOB, newer)
    rig.plane.open_session(BOB, IDS)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, LCP)
    assert [heard[:2] for heard in rig.heard] == [("used", BOB), ("frame", BOB), ("frame", ALICE)]
    rig.plane.send_frame(ALICE, IDS, LCP)
    rig.plane.send_frame(BOB, IDS, LCP)
    assert [sent.inbound_spi for sent in rig.sent] == [OLD, NEW]


def test_nothing_is_sent_before_a_pair_is_confirmed(planes: Planes, newer: SaPair) -> None:
    rig = planes()
    rig.plane.send_control(ALICE, 1701, CONTROL)
    rig.install(ALICE, newer)
    rig.plane.send_control(ALICE, 1701, CONTROL)
    assert rig.sent == []
    assert sum(rig.drops.values()) == 2


def test_the_first_packet_confirms(planes: Planes, newer: SaPair) -> None:
    rig = planes()
    rig.install(ALICE, newer)
    rig.arrive_control(NEW, CONTROL)
    rig.arrive_control(NEW, CONTROL)
    assert [heard[0] for heard in rig.heard] == ["used", "control", "control"]
    rig.plane.send_control(ALICE, 1701, CONTROL)
    assert [sent.inbound_spi for sent in rig.sent] == [NEW]


def test_the_newest_pair_takes_over_when_the_confirmed_one_ends(rig: Rig, newer: SaPair) -> None:
    rig.install(ALICE, newer)
    rig.plane.remove(ALICE, OLD)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.inbound_spi for sent in rig.sent] == [NEW]
    rig.arrive_control(NEW, CONTROL)
    assert ("used", ALICE) in [heard[:2] for heard in rig.heard]


def test_rekey(rig: Rig, newer: SaPair) -> None:
    rig.install(ALICE, newer)
    rig.plane.send_frame(ALICE, IDS, LCP)
    rig.plane.confirm(ALICE, NEW)
    rig.plane.send_frame(ALICE, IDS, LCP)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, LCP)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.inbound_spi for sent in rig.sent] == [OLD, NEW, NEW]
    rig.plane.remove(ALICE, OLD)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    assert [heard[0] for heard in rig.heard] == ["frame", "frame"]


def test_an_older_pair_does_not_take_over(rig: Rig, newer: SaPair, transform: EspTransform) -> None:
    rig.install(ALICE, newer)
    rig.install(ALICE, agreed(transform, 0x3000))
    rig.plane.confirm(ALICE, 0x3000)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.inbound_spi for sent in rig.sent] == [0x3000]


def test_the_sending_pair_is_removed(rig: Rig, newer: SaPair, transform: EspTransform) -> None:
    rig.install(ALICE, newer)
    rig.plane.confirm(ALICE, NEW)
    rig.install(ALICE, agreed(transform, 0x3000))
    rig.plane.remove(ALICE, NEW)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert rig.sent == [PLAIN_LCP]
    rig.plane.remove(ALICE, OLD)
    rig.plane.remove(ALICE, 0x3000)
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert sum(rig.drops.values()) == 1


def test_a_removed_pair_is_deaf(rig: Rig) -> None:
    rig.plane.remove(ALICE, OLD)
    rig.arrive_control(OLD, CONTROL)
    assert rig.heard == [("stray", OLD)]
    assert rig.plane.size == PlaneSize(1, 0, 1)


def test_sessions_outlive_their_pairs(rig: Rig, newer: SaPair) -> None:
    rig.plane.remove(ALICE, OLD)
    rig.install(ALICE, newer)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, LCP)
    assert rig.heard[-1] == ("frame", ALICE, IDS.tunnel, IDS.session, LCP)


def test_an_installed_spi_replaces_the_former(rig: Rig, transform: EspTransform) -> None:
    rig.install(BOB, agreed(transform, OLD))
    rig.arrive_control(OLD, CONTROL)
    assert rig.heard == [("used", BOB, OLD), ("control", BOB, 1701, CONTROL)]
    assert rig.plane.size == PlaneSize(2, 1, 1)


def test_a_peer_moves(rig: Rig) -> None:
    rig.arrive_control(OLD, CONTROL, remote=ELSEWHERE)
    rig.arrive_control(OLD, CONTROL, remote=ELSEWHERE)
    moved = ("moved", ALICE, OLD, Path(SERVER, ELSEWHERE))
    assert [heard for heard in rig.heard if heard[0] == "moved"] == [moved]
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.remote for sent in rig.sent] == [ELSEWHERE]


def test_a_peer_is_moved(rig: Rig) -> None:
    rig.plane.move(ALICE, Path(SERVER, ELSEWHERE))
    rig.plane.send_frame(ALICE, IDS, LCP)
    assert [sent.remote for sent in rig.sent] == [ELSEWHERE]


def test_compression_changes_nothing_but_the_front(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    back = b"\x00\x21" + packet(SERVICE, ADDRESS)
    for pfc in (False, True):
        for acfc in (False, True):
            rig.plane.set_compression(ALICE, IDS, pfc=pfc, acfc=acfc)
            rig.from_kernel(back[2:])
            rig.plane.send_frame(ALICE, IDS, LCP)
            rig.plane.send_frame(ALICE, IDS, b"\x80\x21ipcp")
    assert [sent.body for sent in rig.sent] == [back, LCP, b"\x80\x21ipcp"] * 4


def test_remove_peer(rig: Rig, newer: SaPair) -> None:
    rig.install(BOB, newer)
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.remove_peer(ALICE)
    assert rig.plane.size == PlaneSize(1, 1, 0)
    rig.from_kernel(packet(SERVICE, ADDRESS))
    rig.arrive_control(OLD, CONTROL)
    assert rig.heard == [("stray", OLD)]
    assert rig.sent == []
    rig.plane.remove_peer(BOB)
    assert rig.plane.size == PlaneSize(0, 0, 0)


def test_what_is_not_there_does_nothing(planes: Planes, newer: SaPair) -> None:
    rig = planes()
    plane = rig.plane
    for _ in range(2):
        plane.confirm(ALICE, NEW)
        plane.remove(ALICE, NEW)
        plane.remove_peer(ALICE)
        plane.move(ALICE, Path(SERVER, HOME))
        plane.set_compression(ALICE, IDS, pfc=True, acfc=True)
        plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
        plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
        plane.send_frame(ALICE, IDS, LCP)
        plane.send_packet(ALICE, IDS, packet(SERVICE, ADDRESS))
        plane.set_policy(ALICE, IDS, policy("deny in ip from any to any"))
        assert plane.refusals(ALICE, IDS) == Refusals()
        assert plane.close_session(ALICE, IDS) == plane.counters(ALICE, IDS) == Counters()
        assert plane.size == PlaneSize(0, 0, 0)
        rig.install(BOB, newer)
        plane.remove_peer(BOB)
    plane.confirm(BOB, NEW)
    rig.install(BOB, newer)
    plane.remove(ALICE, NEW)
    plane.confirm(ALICE, NEW)
    assert plane.size == PlaneSize(1, 1, 0)
    plane.send_control(BOB, 1701, CONTROL)
    assert rig.sent == []
    plane.close()
