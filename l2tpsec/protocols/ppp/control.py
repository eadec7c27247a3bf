"""A control protocol: RFC 1661's automaton and a tuple of options. LCP, IPCP, IPV6CP are three."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, Generic

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Noted, Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.automaton import TABLE, UNTIMED, Action, Event, State
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.option import Answer, Row, TermsT, answer, table
from l2tpsec.protocols.ppp.packet import (
    MAX_OCTETS,
    Code,
    Packet,
    RawOption,
    decode_options,
    encode_options,
)
from l2tpsec.protocols.ppp.settings import PppSettings


class Layer(Enum):
    """What the layer above learns (RFC 1661 section 4.4)."""

    UP = "up"
    DOWN = "down"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class ProtocolRejected:
    """The peer does not speak this protocol (RFC 1661 section 5.7)."""

    protocol: int


Output = SendFrame | Layer | ProtocolRejected | Noted | Dropped
# Functions of the class, called with the machine: bound ones would be a cycle in each machine.
Handlers = Mapping[int, Callable[[Any, Packet, float], list[Output]]]
Actions = Mapping[Action, Callable[[Any, float], list[Output]]]

_MAX_REPEATS = 3
_NOTHING = Packet(0, 0, b"")
_NO_ANSWER = Answer(Code.CONFIGURE_REJECT, b"")


class ControlProtocol(Generic[TermsT]):
    """One end of a negotiation; `ours`, as last asked, and `theirs`, as agreed, by option."""

    __slots__ = (
        "_acked",
        "_answer",
        "_identifier",
        "_naked_request",
        "_naks",
        "_protocol",
        "_received",
        "_repeats",
        "_request",
        "_restarts",
        "_revisions",
        "_rows",
        "_settings",
        "confirmed",
        "deadline",
        "ours",
        "phase",
        "state",
        "terminated",
        "terms",
        "theirs",
    )

    def __init__(
        self,
        protocol: int,
        phase: Phase,
        rows: tuple[Row[TermsT], ...],
        terms: TermsT,
        settings: PppSettings,
    ) -> None:
        self.state = State.INITIAL
        self.terms = terms
        self.ours: Mapping[int, Any] | None = None
        self.theirs: Mapping[int, Any] = {}
        self.terminated: bytes | None = None  # what the peer's Terminate-Request carried
        self.confirmed = False  # the peer's behaviour shows that it has our Ack
        self.deadline: float | None = None
        self.phase = phase
        self._protocol = protocol
        self._rows = table(rows)
        self._settings = settings
        self._identifier = 0
        self._restarts = 0
        self._naks = 0
        self._revisions = 0
        self._repeats = 0
        self._request: Packet | None = None  # ours, as long as it is unanswered
        self._received = _NOTHING
        self._answer = _NO_ANSWER
        self._acked: bytes | None = None
        self._naked_request: Packet | None = None

    # The faces: packets, time, and the layers above and below.

    def receive(self, packet: Packet, now: float) -> list[Output]:
        """Take a packet of the peer; raise Malformed, changing nothing, if it breaks the format."""
        self._received = packet
        handler = self.handlers.get(packet.code, ControlProtocol._unknown_code)
        outputs = handler(self, packet, now)
        self._received, self._answer = _NOTHING, _NO_ANSWER
        return outputs

    def expire(self, now: float) -> list[Output]:
        """Let the restart timer run out if its moment has come."""
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        return self.step(Event.TIMEOUT if self._restarts > 0 else Event.EXHAUSTED, now)

    def step(self, event: Event, now: float) -> list[Output]:
        """Apply one event of RFC 1661's table."""
        transition = TABLE[self.state, event]
        if transition is None:
            return [Dropped(self.phase, "unexpected", f"{event.value} in {self.state.name}")]
        if Action.INITIALIZE_RESTART_COUNT in transition.actions:
            closing = Action.SEND_TERMINATE_REQUEST in transition.actions
            limits = self._settings
            self._restarts = limits.max_terminate if closing else limits.max_configure
        self.state = transition.state
        outputs = [o for action in transition.actions for o in self.actions[action](self, now)]
        if self.state in UNTIMED:
            self.deadline = None
        return outputs

    def send(self, code: int, identifier: int, data: bytes) -> SendFrame:
        """Return the order to send one packet of this protocol."""
        return SendFrame(frame.encode(self._protocol, Packet(code, identifier, data).encode()))

    def next_identifier(self) -> int:
        """Return an identifier for a packet of our own accord."""
        self._identifier = self._identifier % 255 + 1
        return self._identifier

    def drop(self, reason: str, detail: str = "") -> list[Output]:
        """Return the report of a packet dropped."""
        return [Dropped(self.phase, reason, detail)]

    # Packets.

    def _configure_request(self, packet: Packet, now: float) -> list[Output]:
        may_nak = self._naks < self._settings.max_failure
        self._answer = answer(self._rows, self.terms, packet.data, may_nak=may_nak)
        again = self.state is State.OPENED and packet.data == self._acked
        if again and not self.confirmed and self._repeats < _MAX_REPEATS:
            # Our Ack was lost: the same wish again is no new negotiation.
            self._repeats += 1
            return [self.send(Code.CONFIGURE_ACK, packet.identifier, packet.data)]
        good = self._answer.code is Code.CONFIGURE_ACK
        return self.step(Event.REQUEST_GOOD if good else Event.REQUEST_BAD, now)

    def _is_reply(self, packet: Packet) -> bool:
        return self._request is not None and packet.identifier == self._request.identifier

    def _configure_ack(self, packet: Packet, now: float) -> list[Output]:
        if not self._is_reply(packet) or self._request is None or packet.data != self._request.data:
            return self.drop("no reply to our request", f"Configure-Ack {packet.identifier}")
        self._request = None
        return self.step(Event.ACK, now)

    def _configure_nak(self, packet: Packet, now: float) -> list[Output]:
        return self._revise(packet, self._naked, now)

    def _configure_reject(self, packet: Packet, now: float) -> list[Output]:
        return self._revise(packet, self._rejected, now)

    def _naked(self, row: Row[TermsT], raw: RawOption) -> Any:  # noqa: ANN401 - a row's own type
        if not row.codec.fits(raw.data):
            return (self.ours or {})[raw.code]
        return row.naked(self.terms, row.codec.decode(raw.data))

    def _rejected(self, row: Row[TermsT], _raw: RawOption) -> Any:  # noqa: ANN401 - a row's own type
        return row.rejected(self.terms)

    def _revise(
        self, packet: Packet, revise: Callable[[Row[TermsT], RawOption], Any], now: float
    ) -> list[Output]:
        options = decode_options(packet.data)
        ours = dict(self.ours or {})
        if not self._is_reply(packet) or self.ours is None:
            return self.drop("no reply to our request", f"code {packet.code} {packet.identifier}")
        self._request = None
        for raw in options:
            if raw.code in ours and (value := revise(self._rows[raw.code], raw)) is not None:
                ours[raw.code] = value
            else:
                ours.pop(raw.code, None)
        self.ours = _shared(tuple(ours.items()))
        self._revisions += 1
        if self._revisions > 2 * self._settings.max_failure:
            self.terms.impasse = self.terms.impasse or "the client refuses whatever we ask"
        return self.step(Event.NAK, now)

    def _terminate_request(self, packet: Packet, now: float) -> list[Output]:
        self.terminated = packet.data
        return self.step(Event.TERMINATE_REQUEST, now)

    def _terminate_ack(self, _packet: Packet, now: float) -> list[Output]:
        return self.step(Event.TERMINATE_ACK, now)

    def _code_reject(self, packet: Packet, now: float) -> list[Output]:
        if not packet.data:
            raise Malformed("empty Code-Reject", 4)
        vital = packet.data[0] <= Code.CODE_REJECT
        return self.step(Event.REJECT_CATASTROPHIC if vital else Event.REJECT_PERMITTED, now)

    def _unknown_code(self, _packet: Packet, now: float) -> list[Output]:
        return self.step(Event.UNKNOWN_CODE, now)

    # Actions.

    def _restart_timer(self, now: float) -> None:
        self._restarts -= 1
        self.deadline = now + self._settings.restart_seconds

    def _zero_restart_count(self, now: float) -> list[Output]:
        self._restarts = 0
        self.deadline = now + self._settings.restart_seconds
        return []

    def _send_configure_request(self, now: float) -> list[Output]:
        self._restart_timer(now)
        if self.ours is None:
            offers = ((row.code, row.offer(self.terms)) for row in self._rows.values())
            self.ours = _shared(tuple(row for row in offers if row[1] is not None))
        if self._request is None:
            data = encode_options([self._rows[c].raw(v) for c, v in self.ours.items()])
            self._request = Packet(Code.CONFIGURE_REQUEST, self.next_identifier(), data)
        return [self.send(*self._request)]

    def _send_configure_ack(self, _now: float) -> list[Output]:
        agreed = self._answer.agreed.items()
        self.theirs = _shared(tuple(row for row in agreed if row[0] in self.remembered))
        self._acked = self._answer.data
        self._naks = self._repeats = 0
        self._naked_request = None
        self.confirmed = False
        return [self.send(Code.CONFIGURE_ACK, self._received.identifier, self._answer.data)]

    def _send_configure_nak(self, _now: float) -> list[Output]:
        if self._received != self._naked_request:  # our Nak was not merely lost
            self._naked_request = self._received
            self._naks += 1
        return [self.send(self._answer.code, self._received.identifier, self._answer.data)]

    def _send_terminate_request(self, now: float) -> list[Output]:
        self._restart_timer(now)
        return [self.send(Code.TERMINATE_REQUEST, self.next_identifier(), b"")]

    def _send_terminate_ack(self, _now: float) -> list[Output]:
        return [self.send(Code.TERMINATE_ACK, self._received.identifier, b"")]

    def _send_code_reject(self, _now: float) -> list[Output]:
        rejected = self._received.encode()[: MAX_OCTETS - 4]
        return [self.send(Code.CODE_REJECT, self.next_identifier(), rejected)]

    remembered: ClassVar[frozenset[int]] = frozenset()
    """The options that `theirs` has: those whose values somebody asks for later."""

    handlers: ClassVar[Handlers] = {
        Code.CONFIGURE_REQUEST: _configure_request,
        Code.CONFIGURE_ACK: _configure_ack,
        Code.CONFIGURE_NAK: _configure_nak,
        Code.CONFIGURE_REJECT: _configure_reject,
        Code.TERMINATE_REQUEST: _terminate_request,
        Code.TERMINATE_ACK: _terminate_ack,
        Code.CODE_REJECT: _code_reject,
    }
    actions: ClassVar[Actions] = {
        Action.THIS_LAYER_UP: lambda _self, _now: [Layer.UP],
        Action.THIS_LAYER_DOWN: lambda _self, _now: [Layer.DOWN],
        Action.THIS_LAYER_STARTED: lambda _self, _now: [],
        Action.THIS_LAYER_FINISHED: lambda _self, _now: [Layer.FINISHED],
        Action.INITIALIZE_RESTART_COUNT: lambda _self, _now: [],  # `step` knows which counter
        Action.ZERO_RESTART_COUNT: _zero_restart_count,
        Action.SEND_CONFIGURE_REQUEST: _send_configure_request,
        Action.SEND_CONFIGURE_ACK: _send_configure_ack,
        Action.SEND_CONFIGURE_NAK: _send_configure_nak,
        Action.SEND_TERMINATE_REQUEST: _send_terminate_request,
        Action.SEND_TERMINATE_ACK: _send_terminate_ack,
        Action.SEND_CODE_REJECT: _send_code_reject,
        Action.SEND_ECHO_REPLY: lambda _self, _now: [],  # LCP alone has echoes
    }


@lru_cache(maxsize=256)
def _shared(agreed: tuple[tuple[int, Any], ...]) -> Mapping[int, Any]:
    """Return the values by option: one table for all peers that want the same."""
    return dict(agreed)
