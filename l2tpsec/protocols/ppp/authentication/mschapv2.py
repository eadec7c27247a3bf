"""MS-CHAP, version 2 (RFC 2759): another try and a change of an expired password included."""

import hmac
import re
from dataclasses import dataclass

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed, Reader
from l2tpsec.model.credentials import MsChapV2, MsChapV2ChangePassword
from l2tpsec.protocols.ppp.authentication.authenticator import Output, drop
from l2tpsec.protocols.ppp.authentication.chap import (
    RESPONSE,
    ChapAuthenticator,
    Dialect,
    method,
)
from l2tpsec.protocols.ppp.effects import Authenticate
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

CHANGE_PASSWORD = 7
CHANGE_OCTETS = 582
EXPIRED, DENIED = 648, 691

_ERROR = re.compile(rb"E=(\d{1,10})\b")
_RETRY = re.compile(rb" R=1\b")
_CHALLENGE = re.compile(rb" C=([0-9A-Fa-f]{32})\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """RFC 2759 section 6: all that a Failure says; Windows wants every part of it."""

    error: int
    retry: bool
    challenge: bytes
    message: bytes

    @classmethod
    def of(cls, said: bytes, challenge: bytes) -> "Failure":
        """Read what RADIUS said; `challenge` serves where it named none, as FreeRADIUS may."""
        head, _, message = said.partition(b" M=")
        error = _ERROR.match(head)
        if error is None:
            return cls(DENIED, retry=False, challenge=challenge, message=b"Access denied")
        named = _CHALLENGE.search(head)
        return cls(
            int(error[1]),
            retry=_RETRY.search(head) is not None,
            challenge=bytes.fromhex(named[1].decode()) if named else challenge,
            message=message or b"Access denied",
        )

    def text(self, *, retry: bool) -> bytes:
        """Return the text of the packet; V=3 offers the change of a password."""
        words = f"E={self.error} R={int(retry)} C={self.challenge.hex().upper()} V=3 M="
        return words.encode() + self.message


class MsChapV2Authenticator(ChapAuthenticator):
    """Takes another Response where RADIUS allows it, and Change-Password after E=648."""

    def __init__(self, dialect: Dialect, settings: PppSettings, entropy: Entropy) -> None:
        super().__init__(dialect, settings, entropy)
        self._entropy = entropy
        self._tries = settings.max_tries
        self._name = b""
        self._taken = Packet(0, 0, b"")  # what was last asked about
        self._expired = False

    def receive(self, information: bytes, now: float) -> list[Output]:
        """Take a Response or Change-Password."""
        packet = Packet.decode(information)
        if packet == self._taken and self.answered:
            return [self._message]
        if packet.code == CHANGE_PASSWORD:
            return self._change(packet)
        if packet.code == RESPONSE and self.hopeful and self._follows(packet):
            self._resume(packet.identifier)
        if self._asked:
            return super().receive(information, now)
        self._taken = packet
        return super().receive(information, now)

    def _follows(self, packet: Packet) -> bool:
        # RFC 2759 counts the identifier up after a Failure; some clients leave it as it is.
        return (packet.identifier - self._identifier) % 256 <= 1

    def _resume(self, identifier: int) -> None:
        self._identifier, self.deadline = identifier, None
        self._asked = self.answered = self.hopeful = False

    def _ask(self, name: bytes, response: bytes) -> list[Output]:
        self._name = name
        return super()._ask(name, response)

    def _change(self, packet: Packet) -> list[Output]:
        if packet == self._taken:
            return drop("question pending")
        if not (self.hopeful and self._expired and self._follows(packet)):
            return drop("unasked change of password")
        if len(packet.data) != CHANGE_OCTETS:
            raise Malformed(f"Change-Password with {len(packet.data)} octets of data", 2)
        self._resume(packet.identifier)
        self._taken, self._asked = packet, True
        reader = Reader(packet.data)
        block, old_hash, response = reader.take(516), reader.take(16), reader.rest()
        identity = (self._name, packet.identifier, self._challenge)
        return [Authenticate(MsChapV2ChangePassword(*identity, block, old_hash, response))]

    def _failure(self, message: bytes) -> bytes:
        failure = Failure.of(message, self._entropy(self._dialect.challenge_octets))
        self._challenge = failure.challenge
        self._tries -= 1
        retry = failure.retry and failure.error == DENIED and self._tries > 0
        self._expired = failure.error == EXPIRED
        self.hopeful = retry or (self._expired and self._tries > 0)
        return failure.text(retry=retry)


def _flaw(challenge: bytes, response: bytes) -> str:
    if hmac.compare_digest(response[:16], challenge):
        return "the client sent our own challenge back as its own (a reflection attack)"
    return ""


MSCHAPV2 = method(
    "mschapv2", "MS-CHAPv2", 0x81, Dialect(16, 49, MsChapV2, _flaw), MsChapV2Authenticator
)
