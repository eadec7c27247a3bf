"""PAP (RFC 1334 section 2): the client sends name and password until it is answered."""

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Reader
from l2tpsec.model.credentials import Pap
from l2tpsec.model.grant import Verdict
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import (
    MAX_PASSWORD_OCTETS,
    Authenticator,
    Method,
    Output,
    Refused,
    drop,
    unfit,
)
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

AUTHENTICATE_REQUEST, AUTHENTICATE_ACK, AUTHENTICATE_NAK = 1, 2, 3


class PapAuthenticator(Authenticator):
    """Asks once, whatever the client repeats, and answers every repetition alike."""

    def __init__(self) -> None:
        self._identifier = 0
        self._asked = False
        self._answer: tuple[int, bytes] | None = None

    def start(self, now: float) -> list[Output]:  # noqa: ARG002 - the client speaks first
        """Wait for the client's request."""
        return []

    def receive(self, information: bytes, now: float) -> list[Output]:  # noqa: ARG002 - no timer
        """Take an Authenticate-Request."""
        packet = Packet.decode(information)
        if packet.code != AUTHENTICATE_REQUEST:
            return drop("unknown code", f"PAP code {packet.code}")
        reader = Reader(packet.data)
        name = reader.take(reader.u8())
        password = reader.take(reader.u8())
        self._identifier = packet.identifier
        if self._answer is not None:
            return [self._reply(*self._answer)]
        if self._asked:
            return drop("question pending")
        self._asked = True
        return self._ask(name, password)

    @staticmethod
    def _ask(name: bytes, password: bytes) -> list[Output]:
        if len(password) > MAX_PASSWORD_OCTETS:
            return [Refused(f"a password of more than {MAX_PASSWORD_OCTETS} octets")]
        return unfit(name) or [Authenticate(Pap(name, password))]

    def judged(self, verdict: Verdict, now: float) -> list[Output]:  # noqa: ARG002 - no timer
        """Send Authenticate-Ack or -Nak."""
        code = AUTHENTICATE_ACK if verdict.accepted else AUTHENTICATE_NAK
        text = verdict.message or (b"" if verdict.accepted else b"Access denied")
        self.answered = True
        self._answer = code, text[:255]
        return [self._reply(*self._answer)]

    def _reply(self, code: int, text: bytes) -> SendFrame:
        packet = Packet(code, self._identifier, bytes((len(text),)) + text)
        return SendFrame(frame.encode(frame.PAP, packet.encode()))


def _create(_settings: PppSettings, _entropy: Entropy) -> Authenticator:
    return PapAuthenticator()


PAP = Method("pap", "PAP", frame.PAP, b"", _create)
