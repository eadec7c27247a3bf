"""Wrong passwords in a row make the next try wait, ever longer; nobody can lock out another.

Each address is judged by its own failures. Those of strangers, of addresses from which the user
has never logged in, are counted together as well, a few of each address: so many addresses do not
guess more than one, and one alone keeps nobody out but itself.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from radius.server.users.logins import Failures, SqliteLogins

STRANGERS = "*"
"""The place of all strangers together."""
_FIRST_SECONDS = 30.0
_LONGEST_SECONDS = 3600.0
_LONGEST_FAMILIAR_SECONDS = 60.0
_FORGOTTEN_SECONDS = 86400.0
_ADDRESSES = 10
"""So many addresses have to fail as often as each may before all strangers wait."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """The rule: `after` failures in a row lock; every call may raise StoreFailure."""

    logins: SqliteLogins
    after: int

    def left_seconds(self, user: str, station: str, wall: float) -> float:
        """Return how long no password counts from that station, 0 when one does."""
        if not (known := self._recent(user, wall)):
            return 0.0
        familiar = self.logins.is_familiar(user, station)
        places = (_place(station),) if familiar else (_place(station), STRANGERS)
        longest = _LONGEST_FAMILIAR_SECONDS if familiar else _LONGEST_SECONDS
        return max(self._left(known, place, longest, wall) for place in places)

    def failed(self, user: str, station: str, wall: float) -> None:
        """Count a wrong password; not while locked, which would make the lock endless."""
        place, known = _place(station), self._recent(user, wall)
        count = known.get(place, Failures()).count + 1
        changed = {place: Failures(count, wall)}
        # behind an address that waits for itself more failures tell nothing new
        if count <= self.after and not self.logins.is_familiar(user, station):
            changed[STRANGERS] = Failures(known.get(STRANGERS, Failures()).count + 1, wall)
        self.logins.set_failures(user, changed)

    def succeeded(self, user: str, station: str, wall: float) -> None:
        """End the row of failures, of strangers too when it was one."""
        if not (known := self._recent(user, wall)):
            return
        place, familiar = _place(station), self.logins.is_familiar(user, station)
        ended = {one for one in (place, *([] if familiar else [STRANGERS])) if one in known}
        if ended:
            self.logins.set_failures(user, dict.fromkeys(ended, Failures()))

    def locks(self, user: str, wall: float) -> dict[str, float]:
        """Return from which places none of a user's passwords counts, and for how many seconds."""
        known = self._recent(user, wall)
        left = {
            place: self._left(known, place, self._longest(user, place), wall) for place in known
        }
        return {place: seconds for place, seconds in left.items() if seconds > 0}

    def _longest(self, user: str, place: str) -> float:
        familiar = self.logins.is_familiar(user, place)
        return _LONGEST_FAMILIAR_SECONDS if familiar else _LONGEST_SECONDS

    def _recent(self, user: str, wall: float) -> dict[str, Failures]:
        # a clock that was set back must not lock for years
        known = self.logins.failures(user).items()
        return {
            place: found
            for place, found in known
            if -1.0 <= wall - found.last_at < _FORGOTTEN_SECONDS
        }

    def _left(self, known: dict[str, Failures], place: str, longest: float, wall: float) -> float:
        found = known.get(place, Failures())
        after = self.after * (_ADDRESSES if place == STRANGERS else 1)
        if found.count < after:
            return 0.0
        delay = min(longest, _FIRST_SECONDS * 2.0 ** min(found.count - after, 16))
        return max(0.0, found.last_at + delay - wall)


def _place(station: str) -> str:
    """Return what is judged as one: of IPv6 a host has a whole /64 to call from."""
    try:
        address = ip_address(station)
    except ValueError:
        return station
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return station
