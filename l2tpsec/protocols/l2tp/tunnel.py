"""A control connection, seen from the LNS (RFC 2661 sections 5 and 7.2)."""

from enum import Enum, auto
from typing import ClassVar

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.foundation.timers import Timers
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.l2tp import avp, challenge, messages
from l2tpsec.protocols.l2tp.avp import ResultCode
from l2tpsec.protocols.l2tp.call import GENERAL_ERROR, Call, CallState, describe, disconnect
from l2tpsec.protocols.l2tp.delivery import Delivery, Parcel
from l2tpsec.protocols.l2tp.effects import (
    Effect,
    Report,
    Transmit,
    TunnelEnded,
    TunnelEstablished,
)
from l2tpsec.protocols.l2tp.header import ControlHeader
from l2tpsec.protocols.l2tp.messages import Fault, Message, Scope
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.l2tp.step import Step

CLEARED, NOT_AUTHORIZED, SHUTTING_DOWN, STATE_ERROR = 1, 4, 6, 7
"""StopCCN result codes (RFC 2661 section 4.4.2)."""

LACKS_RESOURCES = 4
VERSION = 0x0100
FRAMING_ANY = 3
VENDOR = "l2tpsec"
IDENTIFIERS = 0xFFFF

LINGER_SECONDS = 31.0
"""RFC 2661 section 5.7: a full cycle of retransmission, in which our ZLB may be wanted again."""

GRACE_SECONDS = 3.0
"""How long after SCCCN the same SCCRQ is taken for a late copy, not for a client started anew."""

REPETITION_SECONDS = 0.5
"""SCCRQs of one moment are copies that were held back together; clients repeat after a second."""

HELLO = messages.encode(messages.HELLO)


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
    """The tunnel's own timers; a session number is the timer of a call that waits for ICCN."""

    CONNECT = auto()
    HELLO = auto()
    LINGER = auto()


class Tunnel:
    """One peer's control connection and its calls; `request` is the SCCRQ."""

    __slots__ = (
        "_body",
        "_challenge",
        "_delivery",
        "_doubted_at",
        "_entropy",
        "_established_at",
        "_host_name",
        "_request",
        "_round_at",
        "_settings",
        "_timers",
        "calls",
        "heard_at",
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
        self.heard_at = 0.0
        self.calls: dict[int, Call] = {}
        self._request = request
        self._host_name = request[avp.HOST_NAME]
        self._body = b""
        self._settings = settings
        self._entropy = entropy
        self._challenge = b""
        self._established_at = 0.0
        self._doubted_at = 0.0
        self._round_at = 0.0
        self._timers: Timers[Timer | int] = Timers()
        self._delivery = Delivery(
            self.peer_number, settings.receive_window, settings.retransmission
        )

    # -- what the client asks -----------------------------------------------------------------

    def open(self, header: ControlHeader, body: bytes, now: float) -> list[Effect]:
        """Answer the SCCRQ with SCCRP."""
        self.heard_at = now
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
        if now - self._established_at < GRACE_SECONDS or self.heard_at > self._doubted_at:
            self._doubted_at = now
        return now - self._doubted_at < REPETITION_SECONDS

    def repeat(self, now: float) -> list[Effect]:
        """Answer a repeated SCCRQ: with the same SCCRP, or with a ZLB once it is acknowledged."""
        self.heard_at = now
        datagrams = self._delivery.again()
        if datagrams:
            return [Transmit(self.peer, self.port, datagram) for datagram in datagrams]
        self._delivery.acknowledge()
        return self._flush(now)

    def receive(self, header: ControlHeader, body: bytes, now: float) -> list[Effect]:
        """Take a control message of this tunnel."""
        self.heard_at = now
        facts: list[Effect] = []
        for parcel in self._delivery.receive(header, body, now):
            facts += self._parcel(parcel, now)
        return self._flush(now) + facts

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
        call = self._call(message, session)
        if call is not None:
            return self._settle(call, call.refuse(fault))
        if message.row not in {messages.ICRQ, messages.OCRQ} or self.state not in UP:
            return [self._dropped("not-expected", f"{message.row.name}: {fault.text}")]
        return self._decline(message, ResultCode(GENERAL_ERROR, *fault))

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
        self._await_silence(now)
        # Android places its call only after a ZLB of its own.
        self._delivery.acknowledge()
        return self._introduced()

    def _introduced(self) -> list[Effect]:
        host_name = self._host_name
        vendor = self._request.get(avp.VENDOR_NAME) or ""
        firmware = self._request.get(avp.FIRMWARE_REVISION)
        text = (
            f"tunnel {self.number} (theirs {self.peer_number}) is up with '{host_name}'"
            f" ({vendor or 'no vendor told'}), window {self._delivery.peer_window}"
        )
        fact = TunnelEstablished(
            self.peer, self.number, self.peer_number, host_name, vendor, firmware
        )
        self._request = messages.FORGOTTEN
        return [fact, self._noted(Level.INFO, text)]

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
        """ICRQ: answer with ICRP, unless there are too many."""
        facts: list[Effect] = []
        peer_session = message[avp.ASSIGNED_SESSION_ID]
        old = self._by_peer_session(peer_session)
        if old is not None:
            # No CDN: its number is that of the new call.
            facts += self._settle(old, old.ended(Cause.REPLACED, Cause.REPLACED.words))
        if peer_session == 0:
            fault = Fault(messages.OUT_OF_RANGE, "Assigned Session ID is 0")
            return facts + self._decline(message, ResultCode(GENERAL_ERROR, *fault))
        if len(self.calls) >= self._settings.sessions_per_tunnel:
            code = ResultCode(LACKS_RESOURCES, 0, "this tunnel carries no more calls")
            return facts + self._decline(message, code)
        return facts + self._accept(message, peer_session, now)

    def _accept(self, message: Message, peer_session: int, now: float) -> list[Effect]:
        session = free_number(self._entropy, self.calls)
        ids = SessionIds(self.number, session, self.peer_number, peer_session, self.port)
        call = Call(self.peer, ids, self._host_name, message, self._delivery)
        self.calls[session] = call
        self._timers.set(session, now + self._settings.connect_seconds)
        call.answer()
        return []

    def _dialled(self, message: Message, _session: int, _now: float) -> list[Effect]:
        """OCRQ: we are no LAC."""
        fault = Fault(messages.VENDOR_SPECIFIC, "this server places no outgoing calls")
        return self._decline(message, ResultCode(GENERAL_ERROR, *fault))

    def _decline(self, message: Message, code: ResultCode) -> list[Effect]:
        number = message.get(avp.ASSIGNED_SESSION_ID) or 0
        self._delivery.send(number, disconnect(0, code))
        text = f"{message.row.name} declined: {code.message}"
        return [self._noted(Level.WARNING, text)]

    def _pass_on(self, message: Message, session: int, now: float) -> list[Effect]:
        call = self._call(message, session)
        if call is None:
            return [self._dropped("unknown-session", f"{message.row.name} for session {session}")]
        return self._settle(call, call.receive(message, session, now))

    # -- calls --------------------------------------------------------------------------------

    def _call(self, message: Message, session: int) -> Call | None:
        """Find a call by the header; a CDN sent before our ICRP arrived names only the client's."""
        if session or message.row is not messages.CDN:
            return self.calls.get(session)
        return self._by_peer_session(message.get(avp.ASSIGNED_SESSION_ID))

    def _by_peer_session(self, peer_session: int | None) -> Call | None:
        found = (call for call in self.calls.values() if call.ids.peer_session == peer_session)
        return next(found, None)

    def _settle(self, call: Call, effects: list[Effect]) -> list[Effect]:
        if call.state is not CallState.WAIT_CONNECT:
            self._timers.cancel(call.ids.session)
        if call.state is CallState.ENDED:
            self.calls.pop(call.ids.session, None)
        return effects

    def close_call(self, session: int, cause: Cause, now: float) -> list[Effect]:
        """End one call with CDN; nothing happens if it is already over."""
        call = self.calls.get(session)
        if call is None:
            return []
        facts = self._settle(call, call.close(cause))
        return self._flush(now) + facts

    # -- the end ------------------------------------------------------------------------------

    @property
    def _live(self) -> bool:
        return self.state in LIVE

    def close(self, cause: Cause, now: float) -> list[Effect]:
        """End the tunnel and its calls with StopCCN."""
        result = SHUTTING_DOWN if cause is Cause.SHUTDOWN else CLEARED
        facts = self._stop(ResultCode(result, 0, cause.words), cause, now)
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
        self.state = TunnelState.GONE
        return facts

    def _linger(self, state: TunnelState, now: float) -> None:
        self.state = state
        self._timers.clear()
        self._timers.set(Timer.LINGER, now + LINGER_SECONDS)

    def _ended(self, cause: Cause, text: str) -> list[Effect]:
        facts: list[Effect] = []
        for call in self.calls.values():
            facts += call.ended(cause, text)
        self.calls.clear()
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
        moments = (self._delivery.deadline, self._timers.deadline)
        return soonest(moments)

    def expire(self, now: float) -> list[Effect]:
        """Let what is due happen."""
        facts: list[Effect] = []
        if not self._delivery.expire(now):
            facts += self._unanswered(now)
        for timer in self._timers.due(now):
            facts += self._due(timer, now)
        return self._flush(now) + facts

    def _unanswered(self, now: float) -> list[Effect]:
        oldest = self._delivery.oldest
        hello = oldest is not None and oldest.body == HELLO
        if hello and not self._silent_until(self._round_at):
            # Android 9 and 10 leave HELLO unanswered once PPP runs, yet their data flows.
            self._round_at = now + self._settings.hello_seconds
            self._delivery.persist(self._round_at)
            return []
        text = "the client acknowledged nothing for a whole cycle of retransmissions"
        return self.abandon(Cause.LOST_CARRIER, text)

    def _due(self, timer: Timer | int, now: float) -> list[Effect]:
        match timer:
            case Timer.HELLO:
                return self._say_hello(now)
            case Timer.CONNECT:
                return self._fail(ResultCode(CLEARED, 0, "no SCCCN followed our SCCRP"), now)
            case Timer.LINGER:
                self.state = TunnelState.GONE
                return []
            case _:
                return self._unconnected(self.calls.get(timer))

    def _unconnected(self, call: Call | None) -> list[Effect]:
        fault = Fault(messages.VENDOR_SPECIFIC, "no ICCN followed our ICRP")
        return self._settle(call, call.refuse(fault)) if call is not None else []

    def _await_silence(self, now: float) -> None:
        if self._settings.hello_seconds > 0:
            self._timers.set(Timer.HELLO, now + self._settings.hello_seconds)

    def _silent_until(self, moment: float) -> bool:
        return self.heard_at + self._settings.hello_seconds <= moment

    def _say_hello(self, now: float) -> list[Effect]:
        if not self._silent_until(now):
            self._await_silence(self.heard_at)
            return []
        if self._delivery.idle:
            self._round_at = now
            self._delivery.send(0, HELLO)
        self._await_silence(now)
        return []

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


def free_number(entropy: Entropy, taken: dict[int, Call] | dict[int, Tunnel]) -> int:
    """Return a random number of 1 to 65535 that is not taken; one must be free."""
    start = int.from_bytes(entropy(2))
    numbers = ((start + step) % IDENTIFIERS + 1 for step in range(IDENTIFIERS))
    return next(number for number in numbers if number not in taken)
