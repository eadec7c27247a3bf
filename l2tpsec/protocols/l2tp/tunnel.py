"""A control connection, seen from the LNS (RFC 2661 sections 5 and 7.2)."""

from enum import Enum, auto
from typing import ClassVar, assert_never

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.foundation.timers import Timers
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.l2tp import avp, challenge, messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.call import GENERAL_ERROR, describe
from l2tpsec.protocols.l2tp.calls import Calls
from l2tpsec.protocols.l2tp.delivery import Delivery, Parcel
from l2tpsec.protocols.l2tp.effects import (
    Effect,
    Report,
    Transmit,
    TunnelEnded,
    TunnelEstablished,
)
from l2tpsec.protocols.l2tp.header import ControlHeader
from l2tpsec.protocols.l2tp.keepalive import HELLO, Keepalive
from l2tpsec.protocols.l2tp.messages import Fault, Message, Scope
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.l2tp.step import Step

CLEARED, NOT_AUTHORIZED, SHUTTING_DOWN, STATE_ERROR = 1, 4, 6, 7
"""StopCCN result codes (RFC 2661 section 4.4.2)."""

VERSION = 0x0100
FRAMING_ANY = 3
VENDOR = "l2tpsec"

LINGER_SECONDS = 31.0
"""RFC 2661 section 5.7: a full cycle of retransmission, in which our ZLB may be wanted again."""

GRACE_SECONDS = 3.0
"""How long after SCCCN the same SCCRQ is taken for a late copy, not for a client started anew."""

REPETITION_SECONDS = 0.5
"""SCCRQs of one moment are copies that were held back together; clients repeat after a second."""


class TunnelState(Enum):
    """What has happened; STOPPING waits for the peer's acknowledgment, STOPPED repeats ours."""

    WAIT_CONNECT = auto()
    ESTABLISHED = auto()
    STOPPING = auto()
    STOPPED = auto()
    GONE = auto()


OPENING = frozenset({TunnelState.WAIT_CONNECT})
UP = frozenset({TunnelState.ESTABLISHED})
LIVE = OPENING | UP


class Timer(Enum):
    """The tunnel's own timers."""

    CONNECT = auto()
    LINGER = auto()


class Tunnel:
    """One peer's control connection and its calls; `request` is the SCCRQ."""

    __slots__ = (
        "_body",
        "_calls",
        "_challenge",
        "_delivery",
        "_doubted_at",
        "_entropy",
        "_established_at",
        "_keepalive",
        "_request",
        "_settings",
        "_timers",
        "number",
        "peer",
        "peer_number",
        "port",
        "state",
    )

    def __init__(
        self,
        peer: PeerId,
        port: int,
        number: int,
        request: Message,
        settings: L2tpSettings,
        entropy: Entropy,
    ) -> None:
        self.peer = peer
        self.port = port
        self.number = number
        self.peer_number = request[avp.ASSIGNED_TUNNEL_ID]
        self.state = TunnelState.WAIT_CONNECT
        self._request = request
        self._body = b""
        self._settings = settings
        self._entropy = entropy
        self._challenge = b""
        self._established_at = 0.0
        self._doubted_at = 0.0
        self._timers: Timers[Timer] = Timers()
        self._keepalive = Keepalive(settings.hello_seconds)
        self._delivery = Delivery(
            self.peer_number, settings.receive_window, settings.retransmission
        )
        connection = SessionIds(number, 0, self.peer_number, 0, port)
        self._calls = Calls(peer, connection, settings, entropy, self._delivery)

    # -- what the client asks -----------------------------------------------------------------

    def open(self, header: ControlHeader, body: bytes, now: float) -> list[Effect]:
        """Answer the SCCRQ with SCCRP."""
        self.heard(now)
        self._body = body
        self._delivery.receive(header, body, now)
        window = self._request.get(avp.RECEIVE_WINDOW_SIZE)
        if window is not None:
            self._delivery.peer_window = window
        self._delivery.send(0, messages.encode(messages.SCCRP, *self._offer()))
        self._timers.set(Timer.CONNECT, now + self._settings.connect_seconds)
        return self._flush(now)

    def _offer(self) -> list[bytes]:
        settings = self._settings
        avps = [
            avp.encode(avp.PROTOCOL_VERSION, VERSION),
            avp.encode(avp.FRAMING_CAPABILITIES, FRAMING_ANY),
            avp.encode(avp.HOST_NAME, settings.host_name),
            avp.encode(avp.VENDOR_NAME, VENDOR),
            avp.encode(avp.ASSIGNED_TUNNEL_ID, self.number),
            avp.encode(avp.RECEIVE_WINDOW_SIZE, settings.receive_window),
        ]
        return avps + self._authentication()

    def _authentication(self) -> list[bytes]:
        secret, theirs = self._settings.secret, self._request.get(avp.CHALLENGE)
        if secret is None:
            return []
        self._challenge = self._entropy(challenge.CHALLENGE_OCTETS)
        ours = [avp.encode(avp.CHALLENGE, self._challenge)]
        if theirs is None:
            return ours
        answer = challenge.response(messages.SCCRP.number, secret, theirs)
        return [*ours, avp.encode(avp.CHALLENGE_RESPONSE, answer)]

    def is_copy(self, body: bytes, now: float) -> bool:
        """Tell a repeated SCCRQ from that of a client that has started anew.

        A copy may have waited long for an SA. Only a client with no memory of this tunnel repeats
        it, and says nothing else in between.
        """
        if body != self._body:
            return False
        if self.state is not TunnelState.ESTABLISHED:
            return self.state is TunnelState.WAIT_CONNECT
        if (
            now - self._established_at < GRACE_SECONDS
            or self._keepalive.heard_at > self._doubted_at
        ):
            self._doubted_at = now
        return now - self._doubted_at < REPETITION_SECONDS

    def repeat(self, now: float) -> list[Effect]:
        """Answer a repeated SCCRQ: with the same SCCRP, or with a ZLB once it is acknowledged."""
        self.heard(now)
        datagrams = self._delivery.again()
        if datagrams:
            return [Transmit(self.peer, self.port, datagram) for datagram in datagrams]
        self._delivery.acknowledge()
        return self._flush(now)

    def receive(self, header: ControlHeader, body: bytes, now: float) -> list[Effect]:
        """Take a control message of this tunnel."""
        self.heard(now)
        facts: list[Effect] = []
        for parcel in self._delivery.receive(header, body, now):
            facts += self._parcel(parcel, now)
        return self._flush(now) + facts

    def heard(self, now: float) -> None:
        """Learn that the client lives, if only by its data."""
        self._keepalive.heard_at = now

    def doubt(self, now: float) -> None:
        """Have the client asked now whether it lives."""
        self._keepalive.doubt(now)

    def _flush(self, now: float) -> list[Effect]:
        datagrams = self._delivery.flush(now)
        if self.state is TunnelState.STOPPING and self._delivery.idle:
            self.state = TunnelState.GONE
        return [Transmit(self.peer, self.port, datagram) for datagram in datagrams]

    def _parcel(self, parcel: Parcel, now: float) -> list[Effect]:
        try:
            message = messages.decode(parcel.body, self._settings.secret)
        except Malformed as malformed:
            fault = Fault(messages.WRONG_LENGTH, str(malformed))
            return self._fail(ResultCode(GENERAL_ERROR, *fault), now)
        if message.fault and message.row not in {messages.STOPCCN, messages.CDN}:
            return self._refuse(message, message.fault, parcel.session, now)
        return self._step(message, parcel.session, now)

    def _step(self, message: Message, session: int, now: float) -> list[Effect]:
        for step in self.STEPS:
            if step.message is message.row and self.state in step.when:
                return step.handle(self, message, session, now)
        if message.row.number not in messages.BY_NUMBER or not self._live:
            return [self._dropped("not-expected", message.row.name)]
        text = f"{message.row.name} is not legal while the tunnel is {self.state.name}"
        return self._fail(ResultCode(STATE_ERROR, 0, text), now)

    def _refuse(self, message: Message, fault: Fault, session: int, now: float) -> list[Effect]:
        """Answer a message at fault by the end of what it is about."""
        if message.row.scope is Scope.TUNNEL:
            return self._fail(ResultCode(GENERAL_ERROR, *fault), now)
        if self.state not in UP:
            return [self._dropped("not-expected", f"{message.row.name}: {fault.text}")]
        return self._calls.refuse(message, fault, session)

    # -- the handlers of STEPS ----------------------------------------------------------------

    def _connected(self, message: Message, _session: int, now: float) -> list[Effect]:
        secret, answer = self._settings.secret, message.get(avp.CHALLENGE_RESPONSE)
        number = messages.SCCCN.number
        if secret and not challenge.verify(number, secret, self._challenge, answer):
            text = "tunnel authentication failed: the L2TP secrets differ or the client has none"
            return self._fail(ResultCode(NOT_AUTHORIZED, 0, text), now)
        self.state = TunnelState.ESTABLISHED
        self._established_at = now
        self._timers.cancel(Timer.CONNECT)
        self._keepalive.start(now)
        # Android places its call only after a ZLB of its own.
        self._delivery.acknowledge()
        return self._introduced()

    def _introduced(self) -> list[Effect]:
        vendor = self._request.get(avp.VENDOR_NAME) or "no vendor told"
        text = (
            f"tunnel {self.number} (theirs {self.peer_number}) is up with"
            f" '{self._request[avp.HOST_NAME]}' ({vendor}), window {self._delivery.peer_window}"
        )
        self._request = messages.FORGOTTEN
        return [TunnelEstablished(self.peer, self.number), self._noted(Level.INFO, text)]

    def _stopped(self, message: Message, _session: int, now: float) -> list[Effect]:
        code = message.get(avp.RESULT_CODE) or ResultCode(0)
        text = f"the client sent StopCCN, {describe(code)}"
        facts = self._ended(Cause.TUNNEL_CLOSED, text)
        self._delivery.abandon()
        self._linger(TunnelState.STOPPED, now)
        return facts

    def _greeted(self, _message: Message, _session: int, _now: float) -> list[Effect]:
        return []

    def _requested(self, message: Message, _session: int, now: float) -> list[Effect]:
        return self._calls.request(message, now)

    def _dialled(self, message: Message, _session: int, _now: float) -> list[Effect]:
        return self._calls.dial(message)

    def _pass_on(self, message: Message, session: int, now: float) -> list[Effect]:
        return self._calls.receive(message, session, now)

    # -- the end ------------------------------------------------------------------------------

    @property
    def _live(self) -> bool:
        return self.state in LIVE

    def spare_without(self, session: int) -> bool:
        """Tell whether it carries no other call than this."""
        return self._calls.none_but(session)

    def close_call(self, session: int, cause: Cause, now: float) -> list[Effect]:
        """End one call with CDN; nothing happens if it is already over."""
        facts = self._calls.close(session, cause)
        return self._flush(now) + facts

    def shut_down(self, now: float) -> list[Effect]:
        """End the tunnel and its calls with StopCCN: the server ends."""
        cause = Cause.SHUTDOWN
        facts = self._stop(ResultCode(SHUTTING_DOWN, 0, cause.words), cause, now)
        return self._flush(now) + facts

    def _fail(self, code: ResultCode, now: float) -> list[Effect]:
        """End the tunnel for a breach of the protocol."""
        return self._stop(code, Cause.NEGOTIATION_FAILED, now)

    def _stop(self, code: ResultCode, cause: Cause, now: float) -> list[Effect]:
        if not self._live:
            return []
        facts = self._ended(cause, code.message)
        self._delivery.discard_unsent()
        self._delivery.hurry()
        self._delivery.send(0, stop_message(self.number, code))
        self._linger(TunnelState.STOPPING, now)
        return facts

    def abandon(self, cause: Cause, text: str) -> list[Effect]:
        """Be gone without a word to the peer."""
        facts = self._ended(cause, text) if self._live else []
        self._timers.clear()
        self._keepalive.stop()
        self.state = TunnelState.GONE
        return facts

    def _linger(self, state: TunnelState, now: float) -> None:
        self.state = state
        self._keepalive.stop()
        self._timers.clear()
        self._timers.set(Timer.LINGER, now + LINGER_SECONDS)

    def _ended(self, cause: Cause, text: str) -> list[Effect]:
        facts = self._calls.ended(cause, text)
        breach = cause in {Cause.NEGOTIATION_FAILED, Cause.LOST_CARRIER}
        level = Level.WARNING if breach else Level.INFO
        # Told before the end itself, which may take the peer's name with it.
        facts.append(self._noted(level, f"tunnel {self.number} ended: {text}"))
        if self.state is TunnelState.ESTABLISHED:
            facts.append(TunnelEnded(self.peer, self.number, cause, text))
        return facts

    # -- time ---------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """The moment of the nearest timer."""
        machines = (self._delivery, self._timers, self._keepalive, self._calls)
        return soonest([machine.deadline for machine in machines])

    def expire(self, now: float) -> list[Effect]:
        """Let what is due happen."""
        facts: list[Effect] = []
        if not self._delivery.expire(now):
            facts += self._unanswered(now)
        for timer in self._timers.due(now):
            facts += self._due(timer, now)
        facts += self._calls.expire(now)
        if self._keepalive.expire(now, asking=not self._delivery.idle):
            self._delivery.send(0, HELLO)
        return self._flush(now) + facts

    def _unanswered(self, now: float) -> list[Effect]:
        oldest = self._delivery.oldest
        again = self._keepalive.again(now) if oldest is not None and oldest.body == HELLO else None
        if again is not None:
            self._delivery.persist(again)
            return []
        text = "the client acknowledged nothing for a whole cycle of retransmissions"
        return self.abandon(Cause.LOST_CARRIER, text)

    def _due(self, timer: Timer, now: float) -> list[Effect]:
        match timer:
            case Timer.CONNECT:
                return self._fail(ResultCode(CLEARED, 0, "no SCCCN followed our SCCRP"), now)
            case Timer.LINGER:
                self.state = TunnelState.GONE
                return []
            case _ as unreachable:
                assert_never(unreachable)

    # -- reports ------------------------------------------------------------------------------

    def _noted(self, level: Level, text: str) -> Report:
        return Report(self.peer, Noted(Phase.L2TP, level, text))

    def _dropped(self, reason: str, detail: str) -> Report:
        return Report(self.peer, Dropped(Phase.L2TP, reason, detail))

    # fmt: off
    STEPS: ClassVar[tuple[Step["Tunnel", TunnelState], ...]] = (
        Step(messages.SCCCN, OPENING, _connected),
        Step(messages.STOPCCN, LIVE, _stopped),
        Step(messages.HELLO, LIVE, _greeted),
        Step(messages.ICRQ, UP, _requested),
        Step(messages.OCRQ, UP, _dialled),
        Step(messages.ICCN, UP, _pass_on),
        Step(messages.CDN, UP, _pass_on),
        Step(messages.WEN, UP, _pass_on),
        Step(messages.SLI, UP, _pass_on),
        Step(messages.ICRP, UP, _pass_on),
        Step(messages.OCRP, UP, _pass_on),
        Step(messages.OCCN, UP, _pass_on),
    )
    # fmt: on


def stop_message(tunnel: int, code: ResultCode) -> bytes:
    """Return the body of a StopCCN (RFC 2661 section 6.4); `tunnel` is the number we gave."""
    number = avp.encode(avp.ASSIGNED_TUNNEL_ID, tunnel)
    return messages.encode(messages.STOPCCN, number, avp.encode(avp.RESULT_CODE, code))
