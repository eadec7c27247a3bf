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
SPENT = Refusal(649, "Quota used up")


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What the books say of a user: sessions, and octets used in the period of the quota.

    An access server that counts sessions itself knows which of them live: those there are its
    affair and not among `sessions`.
    """

    sessions: int = 0
    used_octets: int = 0


def standing(user: User, accounting: Accounting, wall: float, counter: str = "") -> Standing:
    """Look a user up; `counter` is the access server that asks, if it counts sessions itself."""
    sessions = accounting.active(user.name, wall, counter) if "sessions" in user.settings else 0
    begin = profile.period_begin(user.settings, wall)
    return Standing(sessions, accounting.used(user.name, begin) if begin else 0)


def exhausted(user: User, books: Standing) -> Barrier | None:
    """Return the barrier of a user who has as many sessions, or used as much, as may be.

    With `when_full` replace, the access server is left to end the oldest session.
    """
    most, quota = user.settings.get("sessions"), user.settings.get("quota")
    replaces = user.settings.get("when_full") == profile.REPLACE
    if most is not None and not replaces and books.sessions >= int(most):
        return Barrier(FULL, f"the user has {books.sessions} of {most} sessions")
    if quota is not None and books.used_octets >= int(quota):
        period = user.settings.get("quota_period")
        return Barrier(SPENT, f"all {quota} octets of the {period} are used")
    return None


def attributes(user: User, wall: float, books: Standing | None = None) -> list[Attribute]:
    """Return what the Access-Accept gives the user; the session ends with the hours."""
    books = books or Standing()
    found: list[Attribute] = [("User-Name", user.name)] if user.name else []
    if user.framed_address:
        found.append(("Framed-IP-Address", user.framed_address))
    found += profile.attributes(user.settings)
    if (most := user.settings.get("sessions")) is not None:
        found.append(("Port-Limit", max(1, int(most) - books.sessions)))
    if (quota := user.settings.get("quota")) is not None:
        found.append(("L2tpsec-Octet-Quota", max(0, int(quota) - books.used_octets)))
    longest = float(user.settings.get("session_timeout", math.inf))
    left = min(longest, profile.left_seconds(user.settings, wall))
    if left < _FOREVER_SECONDS:
        found.append(("Session-Timeout", max(1, int(left))))
    return found


_FOREVER_SECONDS = float(1 << 32)
