"""CHAP (RFC 1994): challenge, response, verdict; its dialects differ in sizes and texts."""

from collections.abc import Callable
from dataclasses import dataclass

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Reader
from l2tpsec.model.credentials import Chap, Credentials
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import (
    Authenticator,
    Method,
    Output,
    Refused,
    drop,
    unfit,
)
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import MAX_OCTETS, Packet
from l2tpsec.protocols.ppp.settings import PppSettings

MOST_FAILURES = 4
CHALLENGE, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one algorithm of CHAP makes its own.

    `credentials`: name, identifier, challenge, response. `flaw`: challenge, response → why the
    response cannot be honest, or "". `failure`: RADIUS's message → the Failure's text.
    """

    challenge_octets: int
    response_octets: int
    credentials: Callable[[bytes, int, bytes, bytes], Credentials]
    flaw: Callable[[bytes, bytes], str]
    failure: Callable[[bytes], bytes] = lambda message: message or b"Access denied"


class ChapAuthenticator(Authenticator):
    """Repeats its challenge until a response comes, asks once, answers every repetition alike."""

    def __init__(self, dialect: Dialect, settings: PppSettings, entropy: Entropy) -> None:
        self._dialect = dialect
        self._settings = settings
        self._challenge = entropy(dialect.challenge_octets)
        self._identifier = entropy(1)[0]
        self._asked = False
        value = bytes((dialect.challenge_octets,)) + self._challenge + settings.name
        self._message = self._send(CHALLENGE, value)  # what the client has to answer, or our answer
        self._transmissions = 0
        self._most = settings.max_configure

    def start(self, now: float) -> list[Output]:
        """Send the challenge; the same again until it is answered."""
        return self._transmit(now)

    def expire(self, now: float) -> list[Output]:
        """Repeat the challenge or the verdict."""
        return self._transmit(now) if self.deadline is not None and self.deadline <= now else []

    def _transmit(self, now: float) -> list[Output]:
        self._transmissions += 1
        again = self._transmissions < self._most
        self.deadline = now + self._settings.restart_seconds if again else None
        return [self._message]

    def receive(self, information: bytes, now: float) -> list[Output]:  # noqa: ARG002 - the face
        """Take a Response."""
        packet = Packet.decode(information)
        if packet.code != RESPONSE:
            return drop("unknown code", f"CHAP code {packet.code}")
        reader = Reader(packet.data)
        response, name = reader.take(reader.u8()), reader.rest()
        if packet.identifier != self._identifier:
            return drop("no reply to our challenge", f"identifier {packet.identifier}")
        if self.answered:
            return [self._message]
        if self._asked:
            return drop("question pending")
        return self._ask(name, response)

    def _ask(self, name: bytes, response: bytes) -> list[Output]:
        expected = self._dialect.response_octets
        if len(response) != expected:
            return drop("wrong response size", f"{len(response)} octets instead of {expected}")
        self._asked = True
        self.deadline = None
        if text := self._dialect.flaw(self._challenge, response):
            return [Refused(text)]
        challenge = self._challenge
        credentials = self._dialect.credentials(name, self._identifier, challenge, response)
        return unfit(name) or [Authenticate(credentials)]

    def judged(self, verdict: Verdict, now: float) -> list[Output]:
        """Send Success or Failure, again and again, for pppd never asks.

        A Failure that the client may answer is repeated a few times only: a person reads it.
        """
        code, text = SUCCESS, verdict.message
        if not verdict.accepted:
            code, text = FAILURE, self._failure(verdict.message)
        self.answered = True
        self._message = self._send(code, text[: MAX_OCTETS - 4])
        self._transmissions = 0
        if not verdict.accepted:
            self._most = MOST_FAILURES
        return self._transmit(now) if verdict.accepted or self.hopeful else [self._message]

    def _failure(self, message: bytes) -> bytes:
        return self._dialect.failure(message)

    def _send(self, code: int, data: bytes) -> SendFrame:
        packet = Packet(code, self._identifier, data)
        return SendFrame(frame.encode(frame.CHAP, packet.encode()))


def method(
    name: str,
    label: str,
    algorithm: int,
    dialect: Dialect,
    authenticator: type[ChapAuthenticator] = ChapAuthenticator,
) -> Method:
    """Return the row of one algorithm of CHAP."""

    def create(settings: PppSettings, entropy: Entropy) -> Authenticator:
        return authenticator(dialect, settings, entropy)

    return Method(name, label, frame.CHAP, bytes((algorithm,)), create)


def honest(_challenge: bytes, _response: bytes) -> str:
    """Find no flaw."""
    return ""


CHAP = method("chap", "CHAP", 5, Dialect(16, 16, Chap, honest))
