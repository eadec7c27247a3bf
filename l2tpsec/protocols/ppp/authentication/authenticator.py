"""The face that every authentication method shows to a link."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.grant import Challenge, Verdict
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.settings import PppSettings

MAX_NAME_OCTETS = 253  # RFC 2865 section 5.1: what User-Name holds
MAX_PASSWORD_OCTETS = 128  # RFC 2865 section 5.2


@dataclass(frozen=True, slots=True)
class Refused:
    """The client is refused without asking RADIUS; `text` says why."""

    text: str


Output = SendFrame | Authenticate | Refused | Dropped


class Authenticator(ABC):
    """One run of a method over one link.

    `deadline` is its next retransmission; once `answered`, it only repeats its answer. The link
    clears `deadline` when the client shows that it knows. `hopeful`: the client was refused, but
    may answer that on this link.
    """

    deadline: float | None = None
    answered = False
    hopeful = False

    @abstractmethod
    def start(self, now: float) -> list[Output]:
        """Begin: LCP is open in both directions."""

    @abstractmethod
    def receive(self, information: bytes, now: float) -> list[Output]:
        """Take a packet of this method's protocol; raise Malformed when it breaks the format."""

    @abstractmethod
    def judged(self, verdict: Verdict, now: float) -> list[Output]:
        """Tell the client; called once after each Authenticate or Refused."""

    def challenged(self, _challenge: Challenge, _now: float) -> list[Output]:
        """Ask the client what RADIUS wants to know besides; only EAP can."""
        return []

    def expire(self, _now: float) -> list[Output]:
        """Retransmit if the moment has come."""
        return []


@dataclass(frozen=True, slots=True)
class Method:
    """A row: the name in the configuration, the words for people, and LCP option 3's value."""

    name: str
    label: str
    protocol: int
    algorithm: bytes
    create: Callable[[PppSettings, Entropy], Authenticator]

    @property
    def option(self) -> bytes:
        """The value of LCP's Authentication-Protocol option (RFC 1661 section 6.2)."""
        return self.protocol.to_bytes(2) + self.algorithm


def unfit(name: bytes) -> list[Output]:
    """Refuse a name that RADIUS cannot carry."""
    if 0 < len(name) <= MAX_NAME_OCTETS:
        return []
    return [Refused(f"a user name of {len(name)} octets; RADIUS carries 1 to {MAX_NAME_OCTETS}")]


def drop(reason: str, detail: str = "") -> list[Output]:
    """Return the report of a packet dropped."""
    return [Dropped(Phase.AUTHENTICATION, reason, detail)]
