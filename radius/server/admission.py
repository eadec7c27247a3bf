"""Whether a user whose password is right may come in now, for how long, and with what."""

import math
from dataclasses import dataclass

from radius.message import Attribute
from radius.server.accounting import Accounting
from radius.server.methods.method import Refusal
from radius.server.users import profile
from radius.server.users.store import User

DISABLED = Refusal(647, "Account disabled")
ENDED = Refusal(647, "Account expired")
OUTSIDE = Refusal(646, "Not allowed at this time")
FULL = Refusal(649, "Too many sessions")


@dataclass(frozen=True, slots=True)
class Barrier:
    """What keeps a user out: for the user, and for the log."""

    refusal: Refusal
    why: str


def barrier(user: User, wall: float) -> Barrier | None:
    """Return what keeps the user out at this time, if anything does."""
    if not user.enabled:
        return Barrier(DISABLED, "the user is disabled")
    if profile.account_left_seconds(user.settings, wall) <= 0:
        return Barrier(ENDED, f"the account has ended on {user.settings['account_ends']}")
    if profile.left_seconds(user.settings, wall) <= 0:
        return Barrier(OUTSIDE, f"it is outside the user's hours, {user.settings['hours']}")
    return None


def crowd(user: User, accounting: Accounting) -> Barrier | None:
    """Return the barrier of a user who has as many sessions as may be.

    With `when_full` replace, the access server is left to end the oldest one.
    """
    most = user.settings.get("sessions")
    if most is None or user.settings.get("when_full") == profile.REPLACE:
        return None
    if (active := accounting.active(user.name)) < int(most):
        return None
    return Barrier(FULL, f"the user has {active} of {most} sessions")


def attributes(user: User, wall: float) -> list[Attribute]:
    """Return what the Access-Accept gives the user; the session ends with the hours."""
    found: list[Attribute] = []
    if user.framed_address:
        found.append(("Framed-IP-Address", user.framed_address))
    found += profile.attributes(user.settings)
    longest = float(user.settings.get("session_timeout", math.inf))
    left = min(longest, profile.left_seconds(user.settings, wall))
    if left < _FOREVER_SECONDS:
        found.append(("Session-Timeout", max(1, int(left))))
    return found


_FOREVER_SECONDS = float(1 << 32)
