from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds

IDS = SessionIds(1, 2, 3, 4, 0x1234)


def test_what_goes_in_front() -> None:
    sent: list[bytes] = []
    session = Session(PeerId(1), IDS, sent.append)
    assert session.key == b"\x00\x01\x00\x02"
    assert session.ports == b"\x06\xa5\x12\x34"
    assert session.tail == b"\0\0\x00\x02\x00\x03\x00\x04\xff\x03\x00\x21"
    assert session.overhead == 8 + 6 + 4
    session.compress(pfc=True, acfc=True)
    assert session.overhead == 8 + 6 + 1
    assert session.counters == Counters()


def test_wrap_counts_its_octets() -> None:
    session = Session(PeerId(1), IDS, print)
    wrapped = session.wrap(b"\xc0\x21" + bytes(6))
    assert wrapped[4:6] == len(wrapped).to_bytes(2)
    assert wrapped[8:] == b"\x00\x02\x00\x03\x00\x04\xff\x03\xc0\x21" + bytes(6)
