"""The ISAKMP SA: what is known of one peer between its first message and its end."""

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeVar

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.path import Path
from l2tpsec.protocols.ike.effects import IkeSaId
from l2tpsec.protocols.ike.key_schedule import Keys, Negotiated
from l2tpsec.protocols.ike.nat_traversal import Nat
from l2tpsec.protocols.ike.selection import SuiteChoice, told

ANSWERS_LIMIT = 128
UNFINISHED_LIMIT = 16

Known = TypeVar("Known")


def _present(value: Known | None) -> Known:
    if value is None:
        raise RuntimeError("asked for what a later message of the exchange makes")
    return value


class State(Enum):
    """What has happened; the words say what is missing."""

    STARTED = "message 1 never came"
    SA_ANSWERED = "message 3 never came: our answer did not reach the client, or it was a probe"
    KEYS_ANSWERED = "message 5 never came: UDP 4500 may be blocked, or the client gave up"
    ESTABLISHED = "established"
    REFUSED = "refused"


class QuickState(Enum):
    """What has happened in one Quick Mode."""

    STARTED = "nothing"
    ANSWERED = "message 2 sent"
    CONFIRMED = "message 3 verified"


class SaDue(Enum):
    """What an ISAKMP SA waits for."""

    HALF_OPEN = auto()
    LIFE = auto()
    ANSWERS = auto()
    KEEPALIVE = auto()


class PairDue(Enum):
    """What a pair of ESP SAs waits for; the words are the reason for its end."""

    CONFIRMATION = "message 3 of its Quick Mode never came"
    LIFE = "its lifetime is over"


Due = tuple[SaDue, IkeSaId] | tuple[PairDue, int]


@dataclass(slots=True)
class QuickMode:
    """One exchange of phase 2; `iv` is the last ciphertext block of the exchange so far."""

    message_id: int
    iv: bytes
    state: QuickState = QuickState.STARTED
    initiator_nonce: bytes = b""
    responder_nonce: bytes = b""
    inbound_spi: int = 0


@dataclass(slots=True)
class IkeSa:
    """`offer` is the initiator's SA payload body, which both authentication hashes cover.

    `proven` is the address of message 1: who goes on has received our cookie there. Whoever knows
    the pre-shared key can send all later messages from forged ones, unseen answers or not.
    """

    id: IkeSaId
    cookies: bytes
    path: Path
    tokens: Bucket
    proven: str
    state: State = State.STARTED
    choice: SuiteChoice | None = None
    offer: bytes = b""
    vendor_ids: tuple[bytes, ...] = ()
    nat: Nat = field(default_factory=Nat)
    known: Negotiated | None = None
    candidates: tuple[Keys, ...] = ()
    psk_index: int = -1
    keys: Keys | None = None
    last_block: bytes = b""
    identity: str = ""
    used_message_ids: set[int] = field(default_factory=set)
    quick_modes: dict[int, QuickMode] = field(default_factory=dict)
    answers: dict[bytes, tuple[float, bytes]] = field(default_factory=dict)

    def agreed(self) -> SuiteChoice:
        """Return what message 1 agreed; only the states that follow it ask."""
        return _present(self.choice)

    def negotiated(self) -> Negotiated:
        """Return what messages 1 to 4 agreed; only the state that follows them asks."""
        return _present(self.known)

    def established_keys(self) -> Keys:
        """Return the keys of an established SA."""
        return _present(self.keys)

    def keep_quick_mode(self, quick: QuickMode) -> None:
        """Keep an exchange that waits for message 3; the oldest gives way."""
        if quick.state is QuickState.CONFIRMED:
            self.quick_modes.pop(quick.message_id, None)
            self.quick_modes = self.quick_modes or {}  # an emptied table keeps its room
            return
        if len(self.quick_modes) == UNFINISHED_LIMIT:
            del self.quick_modes[next(iter(self.quick_modes))]
        self.quick_modes[quick.message_id] = quick

    def drop_secrets(self) -> None:
        """Forget what only phase 1 needs: g^xy, SKEYID, the keys that did not fit, the offer."""
        self.known, self.candidates, self.offer = None, (), b""
        self.choice = told(self.choice.suite, self.choice.life) if self.choice else None
        self.keys = replace(self.keys, skeyid=b"") if self.keys else None

    def store_answer(self, request: bytes, answer: bytes, until: float) -> None:
        """Keep the answer (empty: none) to a request's digest for its duplicates."""
        if len(self.answers) == ANSWERS_LIMIT:
            del self.answers[next(iter(self.answers))]
        self.answers[request] = (until, answer)

    def keep_last_answer(self) -> None:
        """Answer duplicates of the last request alone: the peer has had the other answers."""
        for digest in list(self.answers)[:-1]:
            self.answers[digest] = (self.answers[digest][0], b"")

    def drop_answers(self, now: float) -> float | None:
        """Forget answers whose time is over; return the moment of the next, if any."""
        while self.answers:
            digest, (until, _) = next(iter(self.answers.items()))
            if until > now:
                return until
            del self.answers[digest]
        self.answers = {}
        return None
