"""The calls of one control connection: which one a message is about, and how many there may be."""

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.timers import Timers
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.call import GENERAL_ERROR, Call, CallState, disconnect
from l2tpsec.protocols.l2tp.delivery import Delivery
from l2tpsec.protocols.l2tp.effects import Effect, Report
from l2tpsec.protocols.l2tp.messages import Fault, Message
from l2tpsec.protocols.l2tp.numbers import free_number
from l2tpsec.protocols.l2tp.settings import L2tpSettings

NO_FACILITIES = 4
"""CDN result code for a lack that may pass (RFC 2661 section 4.4.2)."""


class Calls:
    """Calls by our session number; each has to be connected in time.

    `connection` has the numbers of the control connection itself, whose sessions are 0.
    """

    __slots__ = (
        "_by_session", "_connection", "_delivery", "_entropy", "_peer", "_settings", "_timers",
    )  # fmt: skip

    def __init__(
        self,
        peer: PeerId,
        connection: SessionIds,
        settings: L2tpSettings,
        entropy: Entropy,
        delivery: Delivery,
    ) -> None:
        self._peer = peer
        self._connection = connection
        self._settings = settings
        self._entropy = entropy
        self._delivery = delivery
        self._by_session: dict[int, Call] = {}
        self._timers: Timers[int] = Timers()

    @property
    def deadline(self) -> float | None:
        """The moment of the nearest timer."""
        return self._timers.deadline

    def request(self, message: Message, now: float) -> list[Effect]:
        """Answer an ICRQ with ICRP, unless there are too many."""
        effects: list[Effect] = []
        peer_session = message[avp.ASSIGNED_SESSION_ID]
        old = self._by_peer_session(peer_session)
        if old is not None:
            # No CDN: its number is that of the new call.
            effects += self._settle(old, old.ended(Cause.REPLACED, Cause.REPLACED.words))
        if peer_session == 0:
            fault = Fault(messages.OUT_OF_RANGE, "Assigned Session ID is 0")
            return effects + self._decline(message, ResultCode(GENERAL_ERROR, *fault))
        if len(self._by_session) >= self._settings.sessions_per_tunnel:
            code = ResultCode(NO_FACILITIES, 0, "this tunnel carries no more calls")
            return effects + self._decline(message, code)
        self._accept(message, peer_session, now)
        return effects

    def _accept(self, message: Message, peer_session: int, now: float) -> None:
        session = free_number(self._entropy, self._by_session)
        ids = self._connection._replace(session=session, peer_session=peer_session)
        call = self._by_session[session] = Call(self._peer, ids, message, self._delivery)
        self._timers.set(session, now + self._settings.connect_seconds)
        call.answer()

    def dial(self, message: Message) -> list[Effect]:
        """Decline an OCRQ: we are no LAC."""
        fault = Fault(messages.VENDOR_SPECIFIC, "this server places no outgoing calls")
        return self._decline(message, ResultCode(GENERAL_ERROR, *fault))

    def _decline(self, message: Message, code: ResultCode) -> list[Effect]:
        number = message.get(avp.ASSIGNED_SESSION_ID) or 0
        self._delivery.send(number, disconnect(0, code))
        text = f"{message.row.name} declined: {code.message}"
        return [Report(self._peer, Noted(Phase.L2TP, Level.WARNING, text))]

    def receive(self, message: Message, session: int, now: float) -> list[Effect]:
        """Take a message about one call; `session` is the number in its header."""
        call = self._find(message, session)
        if call is None:
            return self._dropped("unknown-session", f"{message.row.name} for session {session}")
        return self._settle(call, call.receive(message, session, now))

    def refuse(self, message: Message, fault: Fault, session: int) -> list[Effect]:
        """Answer a message at fault by the end of the call that it is about, or would begin."""
        call = self._find(message, session)
        if call is not None:
            return self._settle(call, call.refuse(fault))
        if message.row in {messages.ICRQ, messages.OCRQ}:
            return self._decline(message, ResultCode(GENERAL_ERROR, *fault))
        return self._dropped("not-expected", f"{message.row.name}: {fault.text}")

    def close(self, session: int, cause: Cause) -> list[Effect]:
        """End one call with CDN; nothing happens if it is already over."""
        call = self._by_session.get(session)
        return self._settle(call, call.close(cause)) if call is not None else []

    def none_but(self, session: int) -> bool:
        """Tell whether all others are over."""
        return set(self._by_session) <= {session}

    def ended(self, cause: Cause, text: str) -> list[Effect]:
        """Be over, all of them, without a word to the peer."""
        effects = [row for call in self._by_session.values() for row in call.ended(cause, text)]
        self._by_session.clear()
        self._timers.clear()
        return effects

    def expire(self, now: float) -> list[Effect]:
        """End those that were not connected in time."""
        fault = Fault(messages.VENDOR_SPECIFIC, "no ICCN followed our ICRP")
        late = [self._by_session[session] for session in self._timers.due(now)]
        return [effect for call in late for effect in self._settle(call, call.refuse(fault))]

    def _find(self, message: Message, session: int) -> Call | None:
        """Find a call by the header; a CDN sent before our ICRP arrived names only the client's."""
        if session or message.row is not messages.CDN:
            return self._by_session.get(session)
        return self._by_peer_session(message.get(avp.ASSIGNED_SESSION_ID))

    def _by_peer_session(self, peer_session: int | None) -> Call | None:
        calls = self._by_session.values()
        return next((call for call in calls if call.ids.peer_session == peer_session), None)

    def _settle(self, call: Call, effects: list[Effect]) -> list[Effect]:
        if call.state is not CallState.WAIT_CONNECT:
            self._timers.cancel(call.ids.session)
        if call.state is CallState.ENDED:
            self._by_session.pop(call.ids.session, None)
        return effects

    def _dropped(self, reason: str, detail: str) -> list[Effect]:
        return [Report(self._peer, Dropped(Phase.L2TP, reason, detail))]
