"""Sessions that we ended: a client that goes on with one has missed our leave and is told again.

It shows so by a data message, in ESP of its own, and hears LCP's Terminate-Request once more: the
one leave that every client takes, for Android's L2TP is deaf once PPP runs.
"""

from l2tpsec.concentrator.effects import Effect, SendControl
from l2tpsec.foundation.reminders import Reminders
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.protocols.l2tp.header import data_prefix
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.packet import Code, Packet

LEFT = {Cause.USER_REQUEST, Cause.TUNNEL_CLOSED}
"""Of a client's own leave it need not be told."""

TERMINATE = b"\xff\x03" + frame.LCP.to_bytes(2) + Packet(Code.TERMINATE_REQUEST, 0, b"").encode()


class Departures:
    """Sessions by our numbers, which a client goes on to use until it knows."""

    def __init__(self) -> None:
        self._left: Reminders[tuple[int, int], SessionIds] = Reminders()

    def note(self, ids: SessionIds, cause: Cause, now: float) -> None:
        """Note that a session has ended."""
        if cause not in LEFT:
            self._left.keep((ids.tunnel, ids.session), ids, now)

    def remind(self, peer: PeerId, tunnel: int, session: int, now: float) -> list[Effect]:
        """Answer data for a session that is over, on the pair by which it came."""
        ids = self._left.due((tunnel, session), now)
        if ids is None:
            return []
        front = data_prefix(ids.peer_tunnel, ids.peer_session)
        return [SendControl(peer, ids.port, front + TERMINATE)]
