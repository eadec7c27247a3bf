"""An incoming call, seen from the LNS (RFC 2661 section 7.4.2)."""

from enum import Enum, auto
from typing import ClassVar
from uuid import UUID

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.delivery import Delivery
from l2tpsec.protocols.l2tp.effects import CallEnded, CallEstablished, Effect, Report
from l2tpsec.protocols.l2tp.messages import Message
from l2tpsec.protocols.l2tp.step import Step

GENERAL_ERROR = 2


class CallState(Enum):
    """What has happened."""

    WAIT_CONNECT = auto()
    ESTABLISHED = auto()
    ENDED = auto()


LIVE = frozenset({CallState.WAIT_CONNECT, CallState.ESTABLISHED})


class Call:
    """One session of a tunnel, from ICRQ on."""

    __slots__ = ("_correlation", "_delivery", "_peer", "ids", "state")

    def __init__(self, peer: PeerId, ids: SessionIds, request: Message, delivery: Delivery) -> None:
        self.ids = ids
        self.state = CallState.WAIT_CONNECT
        self._peer = peer
        self._correlation = request.get(avp.CORRELATION_ID)
        self._delivery = delivery

    def answer(self) -> None:
        """Queue ICRP: our session id and nothing that a client may not know."""
        number = avp.encode(avp.ASSIGNED_SESSION_ID, self.ids.session)
        self._delivery.send(self.ids.peer_session, messages.encode(messages.ICRP, number))

    def receive(self, message: Message, session: int, now: float) -> list[Effect]:
        """Take a message of this call."""
        for step in self.STEPS:
            if step.message is message.row and self.state in step.when:
                return step.handle(self, message, session, now)
        text = f"{message.row.name} is not legal while the call is {self.state.name}"
        return self.refuse(messages.Fault(messages.VENDOR_SPECIFIC, text))

    def refuse(self, fault: messages.Fault) -> list[Effect]:
        """End the call for what is wrong with a message."""
        code = ResultCode(GENERAL_ERROR, fault.error, fault.text)
        return self._hang_up(code, Cause.NEGOTIATION_FAILED)

    def close(self, cause: Cause) -> list[Effect]:
        """End the call with CDN."""
        return self._hang_up(ResultCode(cause.l2tp_result, cause.l2tp_error, cause.words), cause)

    def _hang_up(self, code: ResultCode, cause: Cause) -> list[Effect]:
        self._delivery.send(self.ids.peer_session, disconnect(self.ids.session, code))
        return self.ended(cause, code.message)

    def ended(self, cause: Cause, text: str) -> list[Effect]:
        """Be over, without a word to the peer."""
        was_up = self.state is CallState.ESTABLISHED
        self.state = CallState.ENDED
        facts: list[Effect] = [CallEnded(self._peer, self.ids, cause, text)] if was_up else []
        return [*facts, self._noted(f"call {self.ids.session} ended: {text}")]

    def _noted(self, text: str) -> Report:
        return Report(self._peer, Noted(Phase.L2TP, Level.INFO, text))

    def _connected(self, _message: Message, _session: int, _now: float) -> list[Effect]:
        self.state = CallState.ESTABLISHED
        # Android starts PPP only after a ZLB of its own.
        self._delivery.acknowledge()
        text = f"call {self.ids.session} (theirs {self.ids.peer_session}) is up"
        if self._correlation is not None:
            # Windows begins each line of its own log of the dial-in so ([MS-L2TPIE] 2.2.1).
            text += f", CoId={{{str(UUID(bytes_le=self._correlation)).upper()}}}"
        return [CallEstablished(self._peer, self.ids), self._noted(text)]

    def _disconnected(self, message: Message, _session: int, _now: float) -> list[Effect]:
        code = message.get(avp.RESULT_CODE) or ResultCode(0)
        lost = code.result == Cause.LOST_CARRIER.l2tp_result
        cause = Cause.LOST_CARRIER if lost else Cause.USER_REQUEST
        return self.ended(cause, f"the client sent CDN, {describe(code)}")

    def _ignored(self, message: Message, _session: int, _now: float) -> list[Effect]:
        return [Report(self._peer, Dropped(Phase.L2TP, "not-needed", message.row.name))]

    STEPS: ClassVar[tuple[Step["Call", CallState], ...]] = (
        Step(messages.ICCN, frozenset({CallState.WAIT_CONNECT}), _connected),
        Step(messages.CDN, LIVE, _disconnected),
        Step(messages.WEN, LIVE, _ignored),
        Step(messages.SLI, LIVE, _ignored),
    )


def disconnect(session: int, code: ResultCode) -> bytes:
    """Return the body of a CDN (RFC 2661 section 6.12); `session` is 0 if we assigned none."""
    number = avp.encode(avp.ASSIGNED_SESSION_ID, session)
    return messages.encode(messages.CDN, avp.encode(avp.RESULT_CODE, code), number)


def describe(code: ResultCode) -> str:
    """Return a Result Code in words for the log."""
    text = f": {code.message}" if code.message else ""
    return f"result {code.result} error {code.error}{text}"
