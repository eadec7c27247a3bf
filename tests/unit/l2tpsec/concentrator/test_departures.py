from l2tpsec.concentrator.departures import TERMINATE, Departures
from l2tpsec.concentrator.effects import SendControl
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.packet import Packet

IDS = SessionIds(tunnel=7, session=8, peer_tunnel=70, peer_session=80, port=41234)
PEER = PeerId(5)


def test_who_goes_on_with_a_session_that_is_over_is_told_to_terminate() -> None:
    departures = Departures()
    departures.note(IDS, Cause.SESSION_TIMEOUT, 0)
    assert departures.remind(PEER, 7, 8, 1) == []
    (told,) = departures.remind(PEER, 7, 8, 2)
    assert told == SendControl(PEER, 41234, bytes.fromhex("0002 0046 0050") + TERMINATE)
    assert departures.remind(PEER, 7, 8, 2) == []


def test_it_is_a_terminate_request() -> None:
    protocol, information = frame.decode(TERMINATE)
    assert protocol == frame.LCP
    assert Packet.decode(information) == Packet(5, 0, b"")


def test_of_other_sessions_nothing_is_said() -> None:
    departures = Departures()
    departures.note(IDS, Cause.ADMIN_RESET, 0)
    assert departures.remind(PEER, 7, 9, 60) == departures.remind(PEER, 8, 8, 60) == []


def test_who_took_leave_itself_is_left_alone() -> None:
    departures = Departures()
    for cause in (Cause.USER_REQUEST, Cause.TUNNEL_CLOSED):
        departures.note(IDS, cause, 0)
    assert departures.remind(PEER, 7, 8, 60) == []
