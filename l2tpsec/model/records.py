"""Facts worth a log line or a counter; engines return them among their effects."""

from dataclasses import dataclass
from enum import Enum

ARRIVED = "up as "
"""How the line begins that ends a dial-in well."""


class Level(Enum):
    """How loud: DEBUG is off by default, WARNING needs an administrator's eye."""

    DEBUG = 10
    INFO = 20
    WARNING = 30


class Phase(Enum):
    """The phases of a dial-in, in their order."""

    MAIN_MODE = "main-mode"
    QUICK_MODE = "quick-mode"
    INFORMATIONAL = "informational"
    ESP = "esp"
    L2TP = "l2tp"
    LCP = "lcp"
    AUTHENTICATION = "authentication"
    RADIUS = "radius"
    ADDRESS = "address"
    DHCP = "dhcp"
    IPCP = "ipcp"
    IPV6CP = "ipv6cp"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Noted:
    """One line of a dial-in's story: what was chosen, or what failed and why, in words.

    `place` is the client's, where nobody else could tell whose time was over.
    """

    phase: Phase
    level: Level
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A peer's message was dropped; counted by (phase, reason), `reason` being of a fixed set."""

    phase: Phase
    reason: str
    detail: str = ""
