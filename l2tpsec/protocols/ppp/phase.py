"""How far a link has come (RFC 1661 section 3.2)."""

from enum import Enum, auto


class LinkPhase(Enum):
    """`WAITING` is before our first request, `ENDED` after LinkEnded."""

    DEAD = auto()
    WAITING = auto()
    ESTABLISH = auto()
    AUTHENTICATE = auto()
    NETWORK = auto()
    TERMINATE = auto()
    ENDED = auto()


RUNNING = (LinkPhase.ESTABLISH, LinkPhase.AUTHENTICATE, LinkPhase.NETWORK)
