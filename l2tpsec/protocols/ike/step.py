"""A row of an exchange: which message is legal when, what is in it, who judges it, what follows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Path
from l2tpsec.protocols.ike.codes import Kind, Notify, name
from l2tpsec.protocols.ike.effects import Effect
from l2tpsec.protocols.ike.farewells import Farewells
from l2tpsec.protocols.ike.pairs import Pairs
from l2tpsec.protocols.ike.payloads import Chain, Payload
from l2tpsec.protocols.ike.sa import Due, IkeSa, QuickMode, QuickState, State
from l2tpsec.protocols.ike.settings import IkeSettings

# RFC 2408 section 3.1: types from here on are for private use and may be ignored.
FIRST_PRIVATE_KIND = 128
MANY = 32


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault of ours
    """A peer asked for what it cannot have: `notify` goes to the peer, `words` to the log."""

    def __init__(self, notify: Notify, words: str) -> None:
        super().__init__(words)
        self.notify = notify
        self.words = words


class Duplicate(Enum):
    """What the same octets once more cause."""

    ANSWER = auto()
    DROP = auto()


@dataclass(slots=True)
class Box:
    """What all exchanges share; a reload replaces the settings."""

    settings: IkeSettings
    entropy: Entropy
    pairs: Pairs = field(default_factory=Pairs)
    agenda: Agenda[Due] = field(default_factory=Agenda)
    farewells: Farewells = field(default_factory=Farewells)


@dataclass(slots=True)
class Turn:
    """One message on its way through its handler, and what comes of it."""

    box: Box
    sa: IkeSa
    chain: Chain
    path: Path
    now: float
    effects: list[Effect] = field(default_factory=list)


@dataclass(slots=True)
class QuickTurn(Turn):
    """A message of phase 2: its HASH is verified where the row's handler is called."""

    quick: QuickMode = field(default_factory=lambda: QuickMode(0, b""))


AnyTurn = TypeVar("AnyTurn", bound=Turn)
AnyState = TypeVar("AnyState", State, QuickState)


@dataclass(frozen=True, slots=True)
class Step(Generic[AnyTurn, AnyState]):
    """`requires` come exactly once each; `allows` tells how often others may come.

    `handler` returns the payloads of the answer, empty for none.
    """

    title: str
    source: AnyState
    requires: tuple[Kind, ...]
    allows: Mapping[Kind, int]
    encrypted: bool
    handler: Callable[[AnyTurn], list[Payload]]
    to: AnyState
    on_duplicate: Duplicate

    def check(self, chain: Chain) -> None:
        """Raise Malformed unless the chain is made as this row says."""
        check_contents(self.title, chain, self.requires, self.allows)


_KINDS = frozenset(Kind)


def check_contents(
    title: str, chain: Chain, requires: tuple[Kind, ...], allows: Mapping[Kind, int]
) -> None:
    """Raise Malformed unless every required payload is there once and no other is too many."""
    counts = Counter(payload.kind for payload in chain.payloads)
    for kind in requires:
        if counts.pop(kind, 0) != 1:
            raise Malformed(f"{title} without exactly one {name(Kind, kind)} payload")
    for number, count in counts.items():
        known = number in _KINDS
        if not known and number >= FIRST_PRIVATE_KIND:
            continue
        if not known or count > allows.get(Kind(number), 0):
            raise Malformed(f"{title} with {count} {name(Kind, number)} payloads")
