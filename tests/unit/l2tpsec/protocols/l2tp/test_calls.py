"""The calls of one tunnel, by hand; every message in every state is in test_tunnel.py."""

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.protocols.l2tp import messages
from l2tpsec.protocols.l2tp.calls import Calls
from l2tpsec.protocols.l2tp.delivery import Delivery
from l2tpsec.protocols.l2tp.effects import CallEnded, CallEstablished, Effect
from l2tpsec.protocols.l2tp.messages import Fault
from l2tpsec.protocols.l2tp.settings import RETRANSMISSION, L2tpSettings
from tests.peers import lac
from tests.peers.lac import avp, message, u16, u32
from tests.unit.l2tpsec.protocols.l2tp.hand import ICCN, facts, records

PEER = PeerId(1)
CONNECTION = SessionIds(tunnel=3, session=0, peer_tunnel=4, peer_session=0, port=1702)
FAULT = Fault(messages.VENDOR_SPECIFIC, "what it lacks")


class Bench:
    """Calls numbered 1, 2, 3 by us, and what is queued for the client."""

    def __init__(self) -> None:
        self.delivery = Delivery(4, 8, RETRANSMISSION)
        settings = L2tpSettings(sessions_per_tunnel=2, connect_seconds=20)
        self.calls = Calls(PEER, CONNECTION, settings, bytes, self.delivery)

    def request(self, number: int, now: float = 0) -> list[Effect]:
        icrq = message(lac.ICRQ, avp(14, u16(number)), avp(15, u32(0)))
        return self.calls.request(messages.decode(icrq), now)

    def receive(self, body: bytes, session: int) -> list[Effect]:
        return self.calls.receive(messages.decode(body), session, 0)

    def answers(self) -> list[tuple[int, int]]:
        """Take what is queued: the client's session, and the kind of message."""
        queued = [(row.session, int.from_bytes(row.body[6:8])) for row in self.delivery._queue]
        self.delivery._queue.clear()
        return queued


def test_a_call_is_answered_and_connected_under_the_tunnels_numbers() -> None:
    bench = Bench()
    assert bench.request(9) == []
    assert bench.answers() == [(9, lac.ICRP)]
    (up, _) = bench.receive(ICCN, 1)
    assert up == CallEstablished(PEER, SessionIds(3, 1, 4, 9, 1702))
    assert bench.calls.deadline is None


def test_one_too_many_and_number_zero_are_declined() -> None:
    bench = Bench()
    for number in (7, 8, 9, 0):
        bench.request(number)
    assert bench.answers() == [(7, lac.ICRP), (8, lac.ICRP), (9, lac.CDN), (0, lac.CDN)]


def test_a_number_that_is_used_again_replaces_its_call_without_cdn() -> None:
    bench = Bench()
    bench.request(9)
    bench.receive(ICCN, 1)
    effects = bench.request(9)
    assert [row.cause for row in effects if isinstance(row, CallEnded)] == [Cause.REPLACED]
    assert bench.answers() == [(9, lac.ICRP)] * 2


def test_a_call_that_is_never_connected_is_ended_and_leaves_its_place() -> None:
    bench = Bench()
    bench.request(7)
    bench.request(8, now=5)
    assert bench.calls.deadline == 20
    assert "no ICCN followed" in records(bench.calls.expire(20))
    assert bench.answers()[-1] == (7, lac.CDN)
    assert bench.calls.deadline == 25
    bench.request(9, now=21)
    assert bench.answers() == [(9, lac.ICRP)]


def test_an_outgoing_call_is_declined() -> None:
    bench = Bench()
    bench.calls.dial(
        messages.decode(message(messages.OCRQ.number, avp(14, u16(6)), avp(15, u32(0))))
    )
    assert bench.answers() == [(6, lac.CDN)]


def test_cdn_of_session_zero_means_the_clients_own_number() -> None:
    bench = Bench()
    bench.request(9)
    cdn = message(lac.CDN, avp(14, u16(9)), avp(1, u16(3)))
    assert "unknown-session" not in records(bench.receive(cdn, 0))
    assert "unknown-session" in records(bench.receive(cdn, 0))
    assert "unknown-session" in records(bench.receive(ICCN, 0))


def test_a_faulty_message_ends_its_call_or_the_one_it_would_begin() -> None:
    bench = Bench()
    bench.request(9)
    bench.answers()
    iccn, icrq = messages.decode(ICCN), messages.decode(message(lac.ICRQ, avp(14, u16(7))))
    assert "not-expected" in records(bench.calls.refuse(iccn, FAULT, 99))
    bench.calls.refuse(icrq, FAULT, 0)
    bench.calls.refuse(iccn, FAULT, 1)
    assert bench.answers() == [(7, lac.CDN), (9, lac.CDN)]


def test_one_is_closed_with_cdn_and_all_end_without() -> None:
    bench = Bench()
    for number in (7, 8):
        bench.request(number)
        bench.receive(ICCN, number - 6)
    bench.answers()
    assert facts(bench.calls.close(1, Cause.ADMIN_RESET)) == ["CallEnded"]
    assert bench.calls.close(1, Cause.ADMIN_RESET) == []
    assert bench.answers() == [(7, lac.CDN)]
    assert facts(bench.calls.ended(Cause.LOST_CARRIER, "gone")) == ["CallEnded"]
    assert bench.answers() == []
    assert bench.calls.deadline is None
