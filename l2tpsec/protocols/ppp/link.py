"""One PPP link, seen from the server: phases (RFC 1661 section 3.2), dispatch, authentication.

LCP opens, then the client proves itself, then IPCP runs. What RADIUS says and the address come in
through `judged` and `start_network`, so no phase waits inside a call.
"""

from enum import Enum, auto
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.foundation.timers import Timers
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import Challenge, NetworkSettings, Verdict
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.ppp import control, farewell, frame, network_layer
from l2tpsec.protocols.ppp.authentication import authenticator
from l2tpsec.protocols.ppp.authentication.authenticator import Authenticator, Refused
from l2tpsec.protocols.ppp.automaton import Event, State
from l2tpsec.protocols.ppp.control import Layer, ProtocolRejected
from l2tpsec.protocols.ppp.effects import (
    Authenticate,
    Effect,
    LinkEnded,
    LinkEstablished,
    NetworkWanted,
    SendFrame,
)
from l2tpsec.protocols.ppp.keepalive import Keepalive
from l2tpsec.protocols.ppp.lcp import ACFC, PFC, Lcp
from l2tpsec.protocols.ppp.network_layer import Failed, NetworkLayer
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.phase import RUNNING, LinkPhase
from l2tpsec.protocols.ppp.rejections import Rejections
from l2tpsec.protocols.ppp.settings import PppSettings


class _Timer(Enum):
    FIRST_REQUEST = auto()
    AUTHENTICATION = auto()


class Link:
    """A link's life, from `open` to LinkEnded; calls that come too late return nothing."""

    def __init__(self, settings: PppSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._lcp = Lcp(settings, entropy)
        self._network = NetworkLayer(settings, entropy)
        self._keepalive = Keepalive(settings)
        self._timers: Timers[_Timer] = Timers()
        self._authenticator: Authenticator | None = None
        self._questioned = False  # RADIUS is asked and has not answered
        self._patience = settings.authentication_seconds
        self._ending: tuple[Cause, str] | None = None
        self._rejections = Rejections()
        self.phase = LinkPhase.DEAD

    @property
    def deadline(self) -> float | None:
        """When `expire` wants to be called."""
        sources = (self._timers, self._keepalive, self._lcp, self._network)
        moments = [source.deadline for source in sources]
        if self._authenticator is not None:
            moments.append(self._authenticator.deadline)
        return soonest(moments)

    @property
    def mru(self) -> int:
        """The longest information that may be sent to the client, in octets."""
        return min(self._lcp.peer_mru, self._settings.mru)

    @property
    def pfc(self) -> bool:
        """Whether the client takes a protocol field of one octet."""
        return PFC in self._lcp.theirs

    @property
    def acfc(self) -> bool:
        """Whether the client takes frames without address and control."""
        return ACFC in self._lcp.theirs

    @property
    def method(self) -> str:
        """The authentication method agreed, by its configuration name; empty before."""
        method = self._lcp.method
        return method.name if method and self._lcp.state is State.OPENED else ""

    @property
    def ending(self) -> Cause | None:
        """Why it ends, whoever is the first to hang up; None while it may go on."""
        return self._ending[0] if self._ending else None

    @property
    def wish(self) -> IPv4Address | None:
        """The address that the client would like, 0.0.0.0 for any; None before it said so."""
        return self._network.wish

    @property
    def idents(self) -> tuple[str, ...]:
        """What the client said of itself by LCP Identification."""
        return tuple(self._lcp.idents)

    # The verbs of the box.

    def open(self, now: float) -> list[Effect]:
        """Begin. A request sent in one instant with L2TP's answer gets lost in Windows: wait."""
        self.phase = LinkPhase.WAITING
        self._timers.set(_Timer.FIRST_REQUEST, now + self._settings.first_request_seconds)
        self._timers.set(_Timer.AUTHENTICATION, now + self._settings.authentication_seconds)
        return []

    def receive(self, data: bytes, now: float) -> list[Effect]:
        """Take a PPP frame of the client, with or without address, control, compression."""
        phase = Phase.LCP
        try:
            protocol, information = frame.decode(data)
            phase = frame.phase_of(protocol)
            effects = self._dispatch(protocol, information, now)
        except Malformed as error:
            return [Dropped(phase, "malformed", str(error))]
        self._keepalive.heard(now)
        return effects

    def expire(self, now: float) -> list[Effect]:
        """Do what time has come for."""
        effects: list[Effect] = []
        for name in self._timers.due(now):
            effects += self._timed_out(name, now)
        if self._authenticator is not None:
            effects += self._authentication(self._authenticator.expire(now), now)
        effects += self._from_lcp(self._lcp.expire(now), now)
        effects += self._from_network(self._network.expire(now), now)
        return effects + self._echo(now)

    def heard(self, now: float) -> None:
        """Note that data came from the client: as good as an echo."""
        self._keepalive.heard(now)

    def probe(self) -> list[Effect]:
        """Ask a client that is let in whether it lives; whatever it sends is the answer."""
        return [self._lcp.echo_request()] if self.phase is LinkPhase.NETWORK else []

    def judged(
        self, verdict: Verdict, now: float, cause: Cause = Cause.AUTHENTICATION_FAILED
    ) -> list[Effect]:
        """Tell the client what RADIUS said; a refusal ends the link for `cause`."""
        if self._authenticator is None or not self._questioned:
            return []
        self._questioned = False
        effects = self._authentication(self._authenticator.judged(verdict, now), now)
        if not verdict.accepted:
            return effects + self._refused(cause, now)
        self._ending = None
        self._keepalive.start(now)
        self.phase = LinkPhase.NETWORK
        self._network.begin(now)
        self._timers.cancel(_Timer.AUTHENTICATION)
        return [*effects, NetworkWanted()]

    def challenged(self, challenge: Challenge, now: float) -> list[Effect]:
        """Ask the client what RADIUS wants to know besides, as often as it wants to know."""
        if self._authenticator is None or not self._questioned:
            return []
        self._questioned = False
        if self._patience != self._settings.dialog_seconds:
            # A smart card asks a person, whose client may be deaf meanwhile. Counted once for all.
            self._patience = self._settings.dialog_seconds
            self._timers.set(_Timer.AUTHENTICATION, now + self._patience)
        self._keepalive.stop()
        return self._authentication(self._authenticator.challenged(challenge, now), now)

    def _refused(self, cause: Cause, now: float) -> list[Effect]:
        if self._authenticator is None or not self._authenticator.hopeful:
            return self.close(cause, now)
        # Whatever ends the link now, this is why. A client may be deaf while a person types.
        self._ending = cause, cause.words
        self._keepalive.stop()
        self._patience = self._settings.dialog_seconds
        self._timers.set(_Timer.AUTHENTICATION, now + self._patience)
        return [Noted(Phase.AUTHENTICATION, Level.INFO, "the client may answer that on this link")]

    def start_network(self, network: NetworkSettings, now: float) -> list[Effect]:
        """Open IPCP, and answer what the client asked while the address was looked for."""
        if self.phase is not LinkPhase.NETWORK:
            return []
        return self._from_network(self._network.open(network, self.mru, now), now)

    def refuse_network(self, cause: Cause, text: str, now: float) -> list[Effect]:
        """End the link: there is no address for this client."""
        return self.close(cause, now, text)

    def close(self, cause: Cause, now: float, text: str = "") -> list[Effect]:
        """Take leave of the client; LinkEnded follows its Ack or our patience."""
        if self.phase in (LinkPhase.TERMINATE, LinkPhase.ENDED):
            return []
        self._ending = cause, text or cause.words
        if self.phase not in RUNNING:
            return self._ended()
        self._leave(LinkPhase.TERMINATE)
        return self._from_lcp(self._lcp.step(Event.CLOSE, now), now)

    # Frames.

    def _dispatch(self, protocol: int, information: bytes, now: float) -> list[Effect]:
        if protocol == frame.LCP:
            return self._receive_lcp(Packet.decode(information), now)
        if self._authenticator is not None and protocol == self._authentication_protocol():
            self._lcp.confirmed = True
            return self._authentication(self._authenticator.receive(information, now), now)
        if self.phase is not LinkPhase.NETWORK:
            # RFC 1661 sections 3.4 and 3.5: silently.
            phase = frame.phase_of(protocol)
            return [Dropped(phase, "out of phase", frame.protocol_name(protocol))]
        return self._dispatch_network(protocol, information, now)

    def _dispatch_network(self, protocol: int, information: bytes, now: float) -> list[Effect]:
        if self._authenticator is not None:
            self._authenticator.deadline = None  # the client knows of its success
        match protocol:
            case frame.IPCP | frame.IPV6CP:
                packet = Packet.decode(information)
                return self._from_network(self._network.receive(protocol, packet, now), now)
            case frame.IP | frame.IPV6:
                return [Dropped(Phase.SESSION, "data not forwarded", frame.protocol_name(protocol))]
            case _:
                return self._reject(protocol, information)

    def _authentication_protocol(self) -> int:
        method = self._lcp.method
        return method.protocol if method else 0

    def _receive_lcp(self, packet: Packet, now: float) -> list[Effect]:
        effects: list[Effect] = []
        if self.phase is LinkPhase.WAITING:
            effects += self._first_request(now)
        if self.phase is LinkPhase.DEAD:
            return [Dropped(Phase.LCP, "out of phase", "LCP before the link")]
        if self.phase is LinkPhase.ENDED and packet.code != Code.TERMINATE_REQUEST:
            return [Dropped(Phase.LCP, "out of phase", "LCP after the link")]
        return effects + self._from_lcp(self._lcp.receive(packet, now), now)

    def _reject(self, protocol: int, information: bytes) -> list[Effect]:
        """Protocol-Reject (RFC 1661 section 5.7), a few times: some clients do not hear it."""
        name = frame.protocol_name(protocol)
        if not self._rejections.allow(protocol):
            return [Dropped(Phase.LCP, "protocol rejected before", name)]
        note = Noted(Phase.LCP, Level.DEBUG, f"the client's {name} is rejected")
        return [self._lcp.reject_protocol(protocol, information), note]

    # What the protocols say.

    def _from_lcp(self, outputs: list[control.Output], now: float) -> list[Effect]:
        effects: list[Effect] = []
        consequences: list[Effect] = []
        for output in outputs:
            match output:
                case Layer.UP:
                    effects += self._established(now)
                case Layer.DOWN:
                    consequences += self._lcp_down(now)
                case Layer.FINISHED:
                    effects += self._lcp_finished()
                case ProtocolRejected():
                    effects += self._protocol_rejected(output.protocol, now)
                case SendFrame() | Noted() | Dropped():
                    effects.append(output)
                case _:
                    assert_never(output)
        effects += consequences
        if self._lcp.terminated is not None:
            return effects + self._terminated(self._lcp.terminated)
        return effects + self._stuck(self._lcp.terms.impasse, now)

    def _from_network(self, outputs: list[network_layer.Output], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for output in outputs:
            if isinstance(output, Failed):
                effects += self.close(output.cause, now, output.text)
            else:
                effects.append(output)
        return effects

    def _authentication(self, outputs: list[authenticator.Output], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for output in outputs:
            match output:
                case Refused():
                    self._questioned = True
                    effects += self._refuse(output.text, now)
                case Authenticate():
                    self._questioned = True
                    effects.append(output)
                case SendFrame() | Dropped():
                    effects.append(output)
                case _:
                    assert_never(output)
        return effects

    def _refuse(self, text: str, now: float) -> list[Effect]:
        note = Noted(Phase.AUTHENTICATION, Level.WARNING, f"refused without asking RADIUS: {text}")
        return [note, *self.judged(Verdict(accepted=False), now)]

    # Phases.

    def _first_request(self, now: float) -> list[Effect]:
        self.phase = LinkPhase.ESTABLISH
        self._timers.cancel(_Timer.FIRST_REQUEST)
        outputs = self._lcp.step(Event.OPEN, now) + self._lcp.step(Event.UP, now)
        return self._from_lcp(outputs, now)

    def _established(self, now: float) -> list[Effect]:
        method = self._lcp.method
        if method is None:  # nobody passes without an agreed method
            return self.close(Cause.NEGOTIATION_FAILED, now, "no authentication method is agreed")
        self.phase = LinkPhase.AUTHENTICATE
        self._keepalive.start(now)
        self._authenticator = method.create(self._settings, self._entropy)
        text = f"LCP is open: {method.label}, the client takes {self._lcp.peer_mru} octets"
        established = LinkEstablished(method.name, self.mru)
        challenge = self._authentication(self._authenticator.start(now), now)
        return [established, Noted(Phase.LCP, Level.INFO, text), *challenge]

    def _lcp_down(self, now: float) -> list[Effect]:
        """LCP left Opened: by the client's leave, by ours, or because the client begins anew."""
        self._keepalive.stop()
        if self._lcp.state is State.STOPPING:
            if self._lcp.terminated is None:
                self._ending = Cause.NEGOTIATION_FAILED, "the client rejects LCP itself"
                self._leave(LinkPhase.TERMINATE)
        elif self.phase is LinkPhase.AUTHENTICATE and not self._questioned and not self._ending:
            self.phase = LinkPhase.ESTABLISH
            self._authenticator = None
        elif self.phase in RUNNING:
            # RADIUS's answer to one response must never serve another.
            text = "the client began LCP anew after it had sent its credentials"
            return self.close(Cause.NEGOTIATION_FAILED, now, text)
        return []

    def _lcp_finished(self) -> list[Effect]:
        self._ending = self._ending or (Cause.LOST_CARRIER, "the client does not answer LCP")
        return self._ended()

    def _terminated(self, data: bytes) -> list[Effect]:
        """Take the client's Terminate-Request; in whatever phase, it does not want the link."""
        if self.phase is LinkPhase.ENDED:
            return []
        farewell_text = farewell.explain(data)
        cause, text = self._ending or (Cause.USER_REQUEST, "")
        self._ending = cause, f"{text}; {farewell_text}" if text else farewell_text
        return self._ended()

    def _protocol_rejected(self, protocol: int, now: float) -> list[Effect]:
        match protocol:
            case frame.LCP:
                return self._from_lcp(self._lcp.step(Event.REJECT_CATASTROPHIC, now), now)
            case frame.IPCP | frame.IPV6CP:
                return self._from_network(self._network.rejected(protocol, now), now)
            case _:
                return self._method_rejected(protocol, now)

    def _method_rejected(self, protocol: int, now: float) -> list[Effect]:
        text = f"the client rejects {frame.protocol_name(protocol)}"
        if self.phase is LinkPhase.AUTHENTICATE and protocol == self._authentication_protocol():
            return self.close(Cause.NEGOTIATION_FAILED, now, text)
        return [Noted(Phase.LCP, Level.DEBUG, text)]

    def _timed_out(self, name: _Timer, now: float) -> list[Effect]:
        match name:
            case _Timer.FIRST_REQUEST:
                return self._first_request(now)
            case _Timer.AUTHENTICATION:
                return self._too_slow(now)
            case _:
                assert_never(name)

    def _too_slow(self, now: float) -> list[Effect]:
        limit = f"within {self._patience:g} s"
        if self._questioned:
            text = f"RADIUS did not answer {limit}"
            return self.close(Cause.AUTHENTICATION_UNAVAILABLE, now, text)
        if self.phase is LinkPhase.AUTHENTICATE:
            text = f"the client did not send its {self.method} credentials {limit}"
            return self.close(Cause.AUTHENTICATION_FAILED, now, text)
        return self.close(Cause.NEGOTIATION_FAILED, now, f"LCP did not open {limit}")

    def _echo(self, now: float) -> list[Effect]:
        if not self._keepalive.expire(now):
            return []
        if self._keepalive.dead:
            seconds = self._settings.echo_failures * self._settings.echo_seconds
            text = f"the client answered no LCP echo for {seconds:g} s"
            return self.close(Cause.LOST_CARRIER, now, text)
        return [self._lcp.echo_request()]

    # Ends.

    def _stuck(self, impasse: str, now: float) -> list[Effect]:
        return self.close(Cause.NEGOTIATION_FAILED, now, impasse) if impasse else []

    def _leave(self, phase: LinkPhase) -> None:
        """Stop all but LCP."""
        self.phase = phase
        self._questioned = False
        if self._authenticator is not None and not self._authenticator.answered:
            self._authenticator = None
        self._keepalive.stop()
        self._timers.clear()
        self._network.stop()

    def _ended(self) -> list[Effect]:
        if self.phase is LinkPhase.ENDED or self._ending is None:
            return []
        self._leave(LinkPhase.ENDED)
        self._authenticator = None
        self._lcp.deadline = None
        return [LinkEnded(*self._ending)]
