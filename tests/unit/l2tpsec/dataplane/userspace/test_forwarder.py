from collections import Counter

import pytest

from l2tpsec.dataplane.userspace import forwarder as rules
from l2tpsec.dataplane.userspace.forwarder import Forwarder
from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.model.identifiers import PeerId, SessionIds
from tests.unit.l2tpsec.dataplane.userspace.sent import Sent

OURS = bytes((10, 99, 0, 2))
THEIRS = bytes((10, 99, 0, 3))
OUTSIDE = bytes((192, 0, 2, 9))


def packet(source: bytes, destination: bytes, *, header: bytes = b"\x45") -> bytes:
    body = bytes(8)
    return header + b"\0" + (28).to_bytes(2) + bytes(5) + b"\x11\0\0" + source + destination + body


class Rig:
    def __init__(self, *, client_to_client: bool = False) -> None:
        self.written: list[bytes] = []
        self.trains: list[list[bytes]] = []
        self.drops: Counter[str] = Counter()
        self.forwarder = Forwarder(
            self.written.append,
            lambda *_: None,
            self.drops,
            lambda: 0.0,
            write_train=lambda train: self.trains.append(train.packets),
            ipv6=lambda _: None,
            client_to_client=client_to_client,
        )
        carriers = self.forwarder, self.forwarder
        first, second = SessionIds(1, 2, 3, 4, 1701), SessionIds(5, 6, 7, 8, 1701)
        self.sent = Sent()
        self.session = Session(PeerId(1), first, self.sent, carriers)
        self.other = Session(PeerId(2), second, self.sent, carriers)
        self.forwarder.start(self.session, OURS, 1400)
        self.forwarder.start(self.other, THEIRS, 1400)


def test_a_packet_of_the_session_goes_out_without_its_padding() -> None:
    rig = Rig()
    rig.forwarder.up(rig.session, packet(OURS, OUTSIDE) + b"padding")
    assert rig.written == [packet(OURS, OUTSIDE)]
    assert (rig.session.input_packets, rig.session.input_octets) == (1, 28)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (packet(THEIRS, OUTSIDE), rules.FORGED_SOURCE),
        (packet(OURS, THEIRS), rules.CLIENT_TO_CLIENT),
        (packet(OURS, bytes((224, 0, 0, 5))), rules.NOT_ROUTED),
        (packet(OURS, bytes((127, 0, 0, 1))), rules.NOT_ROUTED),
        (packet(OURS, bytes(4)), rules.NOT_ROUTED),
        (packet(OURS, OUTSIDE, header=b"\x65"), rules.NOT_IPV4),
        (packet(OURS, OUTSIDE)[:19], rules.NOT_IPV4),
        (b"", rules.NOT_IPV4),
    ],
)
def test_what_a_client_may_not_send_is_dropped_and_counted(bad: bytes, reason: str) -> None:
    rig = Rig()
    rig.forwarder.up(rig.session, bad)
    assert rig.written == []
    assert rig.drops == {reason: 1}


def test_clients_talk_to_one_another_only_where_that_is_wanted() -> None:
    rig = Rig(client_to_client=True)
    rig.forwarder.up(rig.session, packet(OURS, THEIRS))
    assert len(rig.written) == 1


def test_an_address_belongs_to_its_last_session() -> None:
    rig = Rig()
    rig.forwarder.start(rig.other, OURS, 1400)
    rig.forwarder.up(rig.session, packet(OURS, OUTSIDE))
    assert rig.written == []
    rig.forwarder.up(rig.other, packet(OURS, OUTSIDE))
    assert len(rig.written) == 1
    rig.forwarder.stop(rig.other)
    assert rig.forwarder.by_address == {}


def test_runs_of_one_kind_go_down_together() -> None:
    rig = Rig()
    ours, theirs = packet(OUTSIDE, OURS), packet(OUTSIDE, THEIRS)
    rig.forwarder.down_several([ours, ours, theirs, ours, ours, ours])
    front = rig.session.front(len(ours))
    assert rig.sent.trains == [
        (front, [ours] * 2),
        (b"", [rig.other.front(len(theirs)) + theirs]),
        (front, [ours] * 3),
    ]
    assert (rig.session.output_packets, rig.session.output_octets) == (5, 5 * len(ours))
    assert (rig.other.output_packets, rig.other.output_octets) == (1, len(theirs))
