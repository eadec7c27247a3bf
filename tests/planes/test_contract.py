"""What every data plane must do, run against each of them."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Protocol

import pytest

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import DataPlane, PlaneSize
from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.policy import Filter, Policy, Rate
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.inet import icmpv6, ipv4, ipv6, udp
from tests.planes.client import HOME, SERVER, agreed
from tests.planes.listener import Listener
from tests.planes.recording import RecordingRig, Sent
from tests.planes.userspace import UserspaceRig

ALICE, BOB = PeerId(1), PeerId(2)
IDS = SessionIds(0x0101, 0x0202, 0x0303, 0x0404, 1701)
OTHER = SessionIds(0x0101, 0x0505, 0x0303, 0x0606, 1701)
ADDRESS, SECOND = IPv4Address("10.99.0.2"), IPv4Address("10.99.0.3")
SERVICE = IPv4Address("192.0.2.1")
PREFIX, SECOND_PREFIX = IPv6Network("2001:db8:99:2::/64"), IPv6Network("2001:db8:99:3::/64")
FAR = IPv6Address("2001:db8:1::9")
OLD, NEW = 0x1000, 0x2000
ELSEWHERE = Endpoint("203.0.113.9", 62000)
CONTROL = b"\xc8\x02\x00\x0c" + bytes(8)
LCP = b"\xc0\x21\x09\x01\x00\x08abcd"
PLAIN_LCP = Sent(OLD, HOME, 1701, (0x0303, 0x0404), LCP)


class Rig(Protocol):
    """A plane's world; it begins at the moment 0."""

    now: float

    listener: Listener

    @property
    def plane(self) -> DataPlane: ...
    @property
    def heard(self) -> list[tuple[object, ...]]: ...
    @property
    def drops(self) -> dict[str, int]: ...
    @property
    def sent(self) -> list[Sent]: ...
    @property
    def to_kernel(self) -> list[bytes]: ...
    def install(self, peer: PeerId, pair: SaPair) -> None: ...
    def arrive_control(
        self, inbound_spi: int, datagram: bytes, port: int = 1701, remote: Endpoint | None = None
    ) -> None: ...
    def arrive_frame(
        self,
        inbound_spi: int,
        tunnel: int,
        session: int,
        frame: bytes,
        remote: Endpoint | None = None,
    ) -> None: ...
    def from_kernel(self, packet: bytes) -> None: ...


Planes = Callable[..., Rig]


@pytest.fixture(params=[UserspaceRig, RecordingRig])
def planes(request: pytest.FixtureRequest) -> Planes:
    return request.param  # type: ignore[no-any-return] # pytest's params are untyped


@pytest.fixture(
    params=[EspTransform(AES256_CBC, HMAC_SHA1_96), EspTransform(AES128_GCM)],
    ids=lambda transform: transform.name,
)
def transform(request: pytest.FixtureRequest) -> EspTransform:
    return request.param  # type: ignore[no-any-return] # pytest's params are untyped


@pytest.fixture
def rig(planes: Planes, transform: EspTransform) -> Rig:
    """Alice has a confirmed pair and a session."""
    rig = planes()
    rig.install(ALICE, agreed(transform, OLD))
    rig.plane.confirm(ALICE, OLD)
    rig.plane.open_session(ALICE, IDS)
    return rig


@pytest.fixture
def newer(transform: EspTransform) -> SaPair:
    return agreed(transform, NEW)


def packet(source: IPv4Address, destination: IPv4Address, payload: bytes = b"x") -> bytes:
    body = udp.encode(udp.Udp(1, 2, payload), source.packed, destination.packed)
    return ipv4.encode(ipv4.Ipv4(17, source.packed, destination.packed, body))


def packet_ipv6(source: IPv6Address, destination: IPv6Address, payload: bytes = b"x") -> bytes:
    body = udp.encode(udp.Udp(1, 2, payload), source.packed, destination.packed)
    return ipv6.encode(ipv6.Ipv6(17, source.packed, destination.packed, body))


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
    assert rig.heard == []
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


def test_forwarding(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    out, back = packet(ADDRESS, SERVICE, b"12345"), packet(SERVICE, ADDRESS, b"123")
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + out)
    rig.from_kernel(back)
    assert rig.to_kernel == [out]
    assert rig.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x21" + back)]
    assert rig.heard == []
    expected = Counters(1, 33, 1, 31)
    assert rig.plane.counters(ALICE, IDS) == expected
    assert rig.plane.close_session(ALICE, IDS) == expected
    assert rig.plane.close_session(ALICE, IDS) == rig.plane.counters(ALICE, IDS) == Counters()
    rig.from_kernel(back)
    assert rig.plane.size == PlaneSize(1, 1, 0)


def test_no_forwarding_before_ipcp(rig: Rig) -> None:
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SERVICE))
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert rig.to_kernel == []
    assert rig.sent == []
    assert sum(rig.drops.values()) == 2


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (SECOND, SERVICE),
        (SERVICE, ADDRESS),
        (IPv4Address("0.0.0.0"), SERVICE),
        (ADDRESS, SECOND),
        (ADDRESS, ADDRESS),
        (ADDRESS, IPv4Address("127.0.0.1")),
        (ADDRESS, IPv4Address("224.0.0.251")),
    ],
)
def test_not_forwarded(rig: Rig, source: IPv4Address, destination: IPv4Address) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, SECOND, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(source, destination))
    assert rig.to_kernel == []
    assert rig.plane.counters(ALICE, IDS) == Counters()
    assert sum(rig.drops.values()) == 1


def test_client_to_client_when_allowed(planes: Planes, newer: SaPair) -> None:
    rig = planes(client_to_client=True)
    rig.install(ALICE, newer)
    for ids, address in ((IDS, ADDRESS), (OTHER, SECOND)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding(ALICE, ids, address, 1400)
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SECOND))
    assert rig.to_kernel == [packet(ADDRESS, SECOND)]


def test_an_address_has_one_holder(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, ADDRESS, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(ADDRESS, SERVICE))
    assert rig.to_kernel == []
    rig.plane.close_session(ALICE, IDS)
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert [sent.ids for sent in rig.sent] == [(0x0303, 0x0606)]


def test_dhcpinform_goes_up(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    everyone = IPv4Address("255.255.255.255")
    body = udp.encode(udp.Udp(68, 67, b"inform"), ADDRESS.packed, everyone.packed)
    inform = ipv4.encode(ipv4.Ipv4(17, ADDRESS.packed, everyone.packed, body))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + inform)
    assert rig.heard == [("local", ALICE, IDS.tunnel, IDS.session, inform)]
    answer = packet(SERVICE, ADDRESS)
    rig.plane.send_packet(ALICE, IDS, answer)
    assert [sent.body for sent in rig.sent] == [b"\x00\x21" + answer]
    assert rig.plane.counters(ALICE, IDS) == Counters()


def test_ipv6_of_a_session_without_prefix_is_dropped(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + bytes(40))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + packet_ipv6(PREFIX[5], FAR))
    assert rig.heard == []
    assert rig.to_kernel == []
    assert sum(rig.drops.values()) == 2


def test_forwarding_ipv6(rig: Rig) -> None:
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    out, back = packet_ipv6(PREFIX[5], FAR, b"12345"), packet_ipv6(FAR, PREFIX[7], b"123")
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + out)
    rig.from_kernel(back)
    assert rig.to_kernel == [out]
    assert rig.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x57" + back)]
    assert rig.plane.counters(ALICE, IDS) == Counters(1, 53, 1, 51)
    rig.from_kernel(packet(SERVICE, ADDRESS))
    assert rig.plane.close_session(ALICE, IDS) == Counters(1, 53, 2, 51 + 29)
    rig.from_kernel(back)
    assert sum(rig.drops.values()) == 1


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (SECOND_PREFIX[5], FAR),
        (FAR, PREFIX[5]),
        (IPv6Address("::"), FAR),
        (IPv6Address("fe80::5"), FAR),
        (IPv6Address("fe80::5"), IPv6Address("ff05::1:3")),
        (PREFIX[5], SECOND_PREFIX[5]),
        (PREFIX[5], PREFIX[6]),
        (PREFIX[5], IPv6Address("::1")),
        (PREFIX[5], IPv6Address("fe80::1")),
        (PREFIX[5], IPv6Address("ff02::fb")),
        (IPv6Address("fe80::5"), IPv6Address("ff02::fb")),
    ],
)
def test_ipv6_not_forwarded(rig: Rig, source: IPv6Address, destination: IPv6Address) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding_ipv6(ALICE, OTHER, SECOND_PREFIX, 1400)
    frame = b"\x00\x57" + packet_ipv6(source, destination)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, frame)
    assert rig.to_kernel == []
    assert rig.heard == []
    assert rig.plane.counters(ALICE, IDS) == Counters()
    assert sum(rig.drops.values()) == 1


def test_client_to_client_by_ipv6_when_allowed(planes: Planes, newer: SaPair) -> None:
    rig = planes(client_to_client=True)
    rig.install(ALICE, newer)
    for ids, prefix in ((IDS, PREFIX), (OTHER, SECOND_PREFIX)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding_ipv6(ALICE, ids, prefix, 1400)
    direct = packet_ipv6(PREFIX[5], SECOND_PREFIX[5])
    rig.arrive_frame(NEW, IDS.tunnel, IDS.session, b"\x00\x57" + direct)
    assert rig.to_kernel == [direct]


def test_a_prefix_has_one_holder(rig: Rig) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding_ipv6(ALICE, OTHER, PREFIX, 1400)
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + packet_ipv6(PREFIX[5], FAR))
    assert rig.to_kernel == []
    rig.plane.close_session(ALICE, IDS)
    rig.from_kernel(packet_ipv6(FAR, PREFIX[5]))
    assert [sent.ids for sent in rig.sent] == [(0x0303, 0x0606)]


@pytest.mark.parametrize("source", ["fe80::5", "::"])
@pytest.mark.parametrize("destination", ["ff02::2", "fe80::1"])
@pytest.mark.parametrize("dhcp", [False, True])
def test_what_is_for_the_link_goes_up(rig: Rig, source: str, destination: str, dhcp: bool) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    ends = IPv6Address(source).packed, IPv6Address(destination).packed
    asked = icmpv6.packet(icmpv6.Icmpv6(133, 0, bytes(4)), *ends, 255)
    if dhcp:
        asked = ipv6.encode(ipv6.Ipv6(17, *ends, udp.encode(udp.Udp(546, 547, b"ask"), *ends)))
    rig.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + asked)
    assert rig.heard == [("local", ALICE, IDS.tunnel, IDS.session, asked)]
    rig.plane.send_packet(ALICE, IDS, asked)
    assert [sent.body for sent in rig.sent] == [b"\x00\x57" + asked]
    assert rig.plane.counters(ALICE, IDS) == Counters()


def test_compression_of_ipv6(rig: Rig) -> None:
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    back = packet_ipv6(FAR, PREFIX[5])
    for pfc in (False, True):
        for acfc in (False, True):
            rig.plane.set_compression(ALICE, IDS, pfc=pfc, acfc=acfc)
            rig.from_kernel(back)
    assert [sent.body for sent in rig.sent] == [b"\x00\x57" + back] * 4


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
    assert rig.heard == []
    assert rig.sent == []
    rig.plane.remove_peer(BOB)
    assert rig.plane.size == PlaneSize(0, 0, 0)


def policy(*rules: str, up: int = 0, down: int = 0) -> Policy:
    return Policy(Filter("test", tuple(map(parse, rules))), Rate(up), Rate(down))


@pytest.fixture
def dual(rig: Rig) -> Rig:
    """Alice's session has an address and a prefix."""
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.start_forwarding_ipv6(ALICE, IDS, PREFIX, 1400)
    return rig


def up(rig: Rig, *packets: bytes) -> None:
    for one in packets:
        protocol = b"\x00\x57" if one[0] >> 4 == 6 else b"\x00\x21"
        rig.arrive_frame(OLD, IDS.tunnel, IDS.session, protocol + one)


OUT, BACK = packet(ADDRESS, SERVICE), packet(SERVICE, ADDRESS)
OUT_IPV6, BACK_IPV6 = packet_ipv6(PREFIX[5], FAR), packet_ipv6(FAR, PREFIX[5])


def test_a_filter_judges_both_directions_of_both_versions(dual: Rig) -> None:
    told = policy("permit in udp from assigned to 192.0.2.1 2", "deny out 17 from any 1 to any")
    dual.plane.set_policy(ALICE, IDS, told)
    up(dual, OUT, OUT_IPV6, packet(ADDRESS, IPv4Address("192.0.2.2")))
    assert dual.to_kernel == [OUT]
    dual.from_kernel(BACK)
    dual.from_kernel(BACK_IPV6)
    assert dual.sent == []
    assert dual.plane.counters(ALICE, IDS) == Counters(1, len(OUT), 0, 0)
    assert dual.plane.refusals(ALICE, IDS) == Refusals(4, 0)
    assert sum(dual.drops.values()) == 4


def test_a_policy_is_of_one_session_and_comes_before_or_after_the_address(rig: Rig) -> None:
    rig.plane.set_policy(ALICE, IDS, policy("permit in ip from assigned to any"))
    rig.plane.start_forwarding(ALICE, IDS, ADDRESS, 1400)
    rig.plane.open_session(ALICE, OTHER)
    rig.plane.start_forwarding(ALICE, OTHER, SECOND, 1400)
    rig.plane.set_policy(ALICE, OTHER, policy("deny out ip from any to any"))
    rig.from_kernel(packet(SERVICE, SECOND))
    assert rig.sent == []
    up(rig, OUT)
    rig.from_kernel(BACK)
    assert rig.to_kernel == [OUT]
    assert len(rig.sent) == 1
    assert rig.plane.refusals(ALICE, OTHER) == Refusals(1, 0)


def test_a_policy_replaces_the_former_and_may_free(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy("deny in ip from any to any"))
    up(dual, OUT)
    dual.plane.set_policy(ALICE, IDS, policy("deny out ip from any to any"))
    up(dual, OUT)
    dual.from_kernel(BACK)
    assert (dual.to_kernel, dual.sent) == ([OUT], [])
    dual.plane.set_policy(ALICE, IDS, policy())
    up(dual, OUT_IPV6)
    dual.from_kernel(BACK)
    assert dual.to_kernel == [OUT, OUT_IPV6]
    assert len(dual.sent) == 1
    assert dual.plane.refusals(ALICE, IDS) == Refusals(2, 0)


def test_what_is_for_the_link_and_of_the_box_itself_is_not_filtered(dual: Rig) -> None:
    none = policy("deny in ip from any to any", "deny out ip from any to any", up=1, down=1)
    dual.plane.set_policy(ALICE, IDS, none)
    everyone = IPv4Address("255.255.255.255")
    body = udp.encode(udp.Udp(68, 67, b"inform"), ADDRESS.packed, everyone.packed)
    inform = ipv4.encode(ipv4.Ipv4(17, ADDRESS.packed, everyone.packed, body))
    here, routers = IPv6Address("fe80::5").packed, IPv6Address("ff02::2").packed
    asked = icmpv6.encode(icmpv6.Icmpv6(133, 0, bytes(4)), here, routers)
    solicitation = ipv6.encode(ipv6.Ipv6(58, here, routers, asked, 255))
    up(dual, inform, solicitation)
    assert [heard[-1] for heard in dual.heard] == [inform, solicitation]
    for answer in (BACK, BACK_IPV6):
        dual.plane.send_packet(ALICE, IDS, answer)
    assert [sent.body[2:] for sent in dual.sent] == [BACK, BACK_IPV6]


def test_a_rate_lets_a_burst_through_and_then_so_much_a_second(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy(up=80_000, down=160_000))
    large = packet(ADDRESS, SERVICE, bytes(972))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 32
    dual.now = 1.0
    up(dual, *[large] * 20)
    assert len(dual.to_kernel) == 32 + 10
    for _ in range(40):
        dual.from_kernel(packet(SERVICE, ADDRESS, bytes(972)))
    dual.from_kernel(packet_ipv6(FAR, PREFIX[5], bytes(952)))
    assert dual.plane.counters(ALICE, IDS).output_packets == 32
    dual.now = 1.5
    dual.from_kernel(packet_ipv6(FAR, PREFIX[5], bytes(952)))
    assert dual.plane.counters(ALICE, IDS) == Counters(42, 42_000, 33, 33_000)
    assert dual.plane.refusals(ALICE, IDS) == Refusals(0, 8 + 10 + 9)


def test_a_rate_that_stays_is_not_filled_anew(dual: Rig) -> None:
    dual.plane.set_policy(ALICE, IDS, policy(up=80_000))
    large = packet(ADDRESS, SERVICE, bytes(972))
    up(dual, *[large] * 40)
    dual.plane.set_policy(ALICE, IDS, policy("permit in ip from any to any", up=80_000))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 32
    dual.plane.set_policy(ALICE, IDS, policy(up=160_000))
    up(dual, *[large] * 40)
    assert len(dual.to_kernel) == 64


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


SITE, SITE_HOST = IPv4Network("192.168.7.0/24"), IPv4Address("192.168.7.9")
SITE_IPV6, SITE_IPV6_HOST = IPv6Network("2001:db8:7::/48"), IPv6Address("2001:db8:7:1::9")


@pytest.fixture
def sited(rig: Rig) -> Rig:
    """Alice's client has networks behind it; another session of hers has none."""
    for ids, address, prefix in ((IDS, ADDRESS, PREFIX), (OTHER, SECOND, SECOND_PREFIX)):
        rig.plane.open_session(ALICE, ids)
        rig.plane.start_forwarding(ALICE, ids, address, 1400)
        rig.plane.start_forwarding_ipv6(ALICE, ids, prefix, 1400)
    assert rig.plane.route(ALICE, IDS, [SITE, SITE_IPV6]) == []
    return rig


def test_networks_behind_a_client(sited: Rig) -> None:
    out, back = packet(SITE_HOST, SERVICE), packet(SERVICE, SITE_HOST)
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + out)
    sited.from_kernel(back)
    assert sited.to_kernel == [out]
    assert sited.sent == [Sent(OLD, HOME, 1701, (0x0303, 0x0404), b"\x00\x21" + back)]
    assert sited.plane.counters(ALICE, IDS) == Counters(1, 29, 1, 29)


def test_networks_of_ipv6_behind_a_client(sited: Rig) -> None:
    out, back = packet_ipv6(SITE_IPV6_HOST, FAR), packet_ipv6(FAR, SITE_IPV6_HOST)
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x57" + out)
    sited.from_kernel(back)
    assert sited.to_kernel == [out]
    assert [sent.body for sent in sited.sent] == [b"\x00\x57" + back]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x21" + packet(SITE_HOST, SERVICE),
        b"\x00\x57" + packet_ipv6(SITE_IPV6_HOST, FAR),
        b"\x00\x21" + packet(SECOND, SITE_HOST),
        b"\x00\x57" + packet_ipv6(SECOND_PREFIX[5], SITE_IPV6_HOST),
    ],
)
def test_a_network_is_behind_its_own_client_alone(sited: Rig, frame: bytes) -> None:
    sited.arrive_frame(OLD, OTHER.tunnel, OTHER.session, frame)
    assert sited.to_kernel == []
    assert sum(sited.drops.values()) == 1


def test_networks_behind_a_client_are_assigned_to_it_and_under_its_policy(sited: Rig) -> None:
    rules = ("permit in ip from assigned to any", "permit out ip from 192.0.2.1 to assigned")
    sited.plane.set_policy(ALICE, IDS, policy(*rules))
    sited.plane.set_policy(ALICE, OTHER, policy("permit in ip from !assigned to any"))
    elsewhere = IPv4Network("192.168.8.0/24")
    assert sited.plane.route(ALICE, IDS, [elsewhere]) == []
    hosts = [ADDRESS, SITE_HOST, elsewhere[9]]
    out = [packet(host, SERVICE) for host in hosts] + [packet_ipv6(SITE_IPV6_HOST, FAR)]
    up(sited, *out)
    assert sited.to_kernel == out
    back = [packet(SERVICE, host) for host in hosts]
    for one in (*back, packet(IPv4Address("192.0.2.2"), SITE_HOST)):
        sited.from_kernel(one)
    sited.from_kernel(packet_ipv6(FAR, SITE_IPV6_HOST))
    assert [sent.body for sent in sited.sent] == [b"\x00\x21" + one for one in back]
    assert sited.plane.refusals(ALICE, IDS) == Refusals(2, 0)


def test_a_network_has_one_holder(sited: Rig) -> None:
    sited.plane.route(ALICE, OTHER, [SITE])
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    assert [sent.ids for sent in sited.sent] == [(0x0303, 0x0606)]
    sited.arrive_frame(OLD, IDS.tunnel, IDS.session, b"\x00\x21" + packet(SITE_HOST, SERVICE))
    assert sited.to_kernel == []
    sited.plane.close_session(ALICE, IDS)
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    assert sited.plane.counters(ALICE, OTHER).output_packets == 2


def test_a_network_goes_with_its_session(sited: Rig) -> None:
    sited.plane.close_session(ALICE, IDS)
    sited.from_kernel(packet(SERVICE, SITE_HOST))
    sited.from_kernel(packet_ipv6(FAR, SITE_IPV6_HOST))
    assert sited.sent == []
    assert sum(sited.drops.values()) == 2
    assert sited.plane.route(ALICE, IDS, [SITE]) == []
    assert sited.plane.use_table(ALICE, IDS, [SITE], 100) == ""
