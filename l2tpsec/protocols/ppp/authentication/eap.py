"""EAP passed through (RFC 3748 section 2.3): we ask who is there, RADIUS asks everything else."""

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.credentials import Eap
from l2tpsec.model.grant import Challenge, Verdict
from l2tpsec.protocols.ppp import eap, frame
from l2tpsec.protocols.ppp.authentication.authenticator import (
    MAX_NAME_OCTETS,
    Authenticator,
    Method,
    Output,
    Refused,
    drop,
)
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

MAX_ROUNDS = 100  # a chain of large certificates takes about fifty
MAX_WAIT_SECONDS = 20.0  # RFC 3748 section 4.3


class EapAuthenticator(Authenticator):
    """Repeats the Request in question until a Response fits; Responses go up one at a time.

    EAP has no acknowledgement of Success: it is repeated until the client shows that it knows, for
    some wait for it for ever.
    """

    def __init__(self, settings: PppSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._identity: bytes | None = None
        self._identifier = entropy(1)[0]
        request = Packet(eap.REQUEST, self._identifier, bytes((eap.IDENTITY,)))
        self._message: SendFrame | None = _framed(request.encode())
        self._asked = False
        self._rounds = 0
        self._transmissions = 0
        self._wait_seconds: float | None = None

    def start(self, now: float) -> list[Output]:
        """Ask for the client's identity."""
        return self._transmit(now)

    def expire(self, now: float) -> list[Output]:
        """Repeat the Request or the Success."""
        return self._transmit(now) if self.deadline is not None and self.deadline <= now else []

    def _transmit(self, now: float) -> list[Output]:
        if self._message is None:
            return []
        doubled = self._settings.restart_seconds * 2 ** min(self._transmissions, 16)
        wait = self._wait_seconds or min(doubled, MAX_WAIT_SECONDS)
        self._transmissions += 1
        again = self._transmissions < self._settings.max_configure
        self.deadline = now + wait if again else None
        return [self._message]

    def receive(self, information: bytes, now: float) -> list[Output]:  # noqa: ARG002 - the face
        """Take a Response; what we are asked ourselves is dropped, for we prove nothing by EAP."""
        packet = eap.decode(information)
        if packet.code != eap.RESPONSE:
            return drop("not for an authenticator", f"EAP code {packet.code}")
        if packet.identifier != self._identifier:
            return drop("no reply to our request", f"identifier {packet.identifier}")
        if self.answered:
            return [self._message] if self._message else []
        if self._asked:
            return drop("question pending")
        if self._identity is None and packet.data[0] != eap.IDENTITY:
            return drop("no identity", f"EAP type {packet.data[0]}")
        return self._ask(packet)

    def _ask(self, packet: Packet) -> list[Output]:
        self._asked = True
        self.deadline = None
        self._rounds += 1
        if self._identity is None:
            self._identity = packet.data[1:]
        if len(self._identity) > MAX_NAME_OCTETS:
            octets = len(self._identity)
            return [Refused(f"an identity of {octets} octets; RADIUS carries {MAX_NAME_OCTETS}")]
        if self._rounds > MAX_ROUNDS:
            return [Refused(f"EAP came to no end in {MAX_ROUNDS} rounds")]
        return [Authenticate(Eap(self._identity, packet.encode()))]

    def challenged(self, challenge: Challenge, now: float) -> list[Output]:
        """Pass RADIUS's next Request on; the same Identifier again lets the client say it again."""
        self._asked = False
        self._identifier = challenge.request[1]
        self._message = _framed(challenge.request)
        self._wait_seconds = challenge.wait_seconds
        self._transmissions = 0
        return self._transmit(now)

    def judged(self, verdict: Verdict, now: float) -> list[Output]:
        """Pass Success or Failure on; where RADIUS said nothing, nothing is made up.

        RFC 3579 section 2.1 forbids a Failure of our own for a server that does not answer.
        """
        self.answered = True
        self.deadline = None
        self._message = _framed(verdict.message) if verdict.message else None
        self._transmissions, self._wait_seconds = 0, self._settings.restart_seconds
        if verdict.accepted:
            return self._transmit(now)
        return [self._message] if self._message else []


def _framed(packet: bytes) -> SendFrame:
    return SendFrame(frame.encode(frame.EAP, packet))


EAP = Method("eap", "EAP", frame.EAP, b"", EapAuthenticator)
