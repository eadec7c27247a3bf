from collections import Counter

from l2tpsec.dataplane.userspace.police import Police
from l2tpsec.dataplane.userspace.sessions import NO_WIDTH, Session
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.policy import Policy, Rate
from tests.unit.l2tpsec.dataplane.userspace.sent import Sent

IDS = SessionIds(1, 2, 3, 4, 0x1234)


class Carrier:
    def up(self, session: Session, packet: bytes) -> None: ...
    def wide(self, session: Session, packet: bytes) -> None: ...


FREE, POLICED = (Carrier(), Carrier()), (Carrier(), Carrier())


def test_what_goes_in_front() -> None:
    session = Session(PeerId(1), IDS, Sent(), FREE)
    assert session.key == b"\x00\x01\x00\x02"
    assert session.ports == b"\x06\xa5\x12\x34"
    assert session.tail == b"\0\0\x00\x02\x00\x03\x00\x04\xff\x03\x00\x21"
    assert session.overhead == 8 + 6 + 4
    session.compress(pfc=True, acfc=True)
    assert session.overhead == 8 + 6 + 1
    assert session.counters == Counters()


def test_wrap_counts_its_octets() -> None:
    session = Session(PeerId(1), IDS, Sent(), FREE)
    wrapped = session.wrap(b"\xc0\x21" + bytes(6))
    assert wrapped[4:6] == len(wrapped).to_bytes(2)
    assert wrapped[8:] == b"\x00\x02\x00\x03\x00\x04\xff\x03\xc0\x21" + bytes(6)


def test_no_packet_keeps_to_the_width_while_there_is_a_policy() -> None:
    session = Session(PeerId(1), IDS, Sent(), FREE)
    session.widen(1400)
    police = Police(session.owns, Counter(), lambda: 0.0)
    police.obey(Policy(up=Rate(1000)))
    session.obey(police, POLICED)
    session.widen_ipv6(1300)
    assert (session.mtu, session.ipv6_mtu) == (NO_WIDTH, NO_WIDTH)
    assert (session.width, session.ipv6_width) == (1400, 1300)
    assert (session.ipv4, session.ipv6) == POLICED
    police.obey(Policy())
    session.obey(police, FREE)
    assert (session.mtu, session.ipv6_mtu) == (1400, 1300)
    assert (session.ipv4, session.ipv6) == FREE


def test_what_the_client_owns() -> None:
    session = Session(PeerId(1), IDS, Sent(), FREE)
    prefix = 0x20010DB800000002 << 64
    assert not session.owns(4, 0)
    assert not session.owns(6, 0)
    session.address, session.prefix = bytes((10, 99, 0, 2)), prefix.to_bytes(16)[:8]
    assert session.owns(4, 0x0A630002)
    assert not session.owns(4, 0x0A630003)
    assert session.owns(6, prefix + 7)
    assert not session.owns(6, prefix + (1 << 64))
