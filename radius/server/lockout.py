"""Wrong passwords in a row make the next try wait, ever longer; nobody can lock out another.

Who has logged in from an address before is judged there by that address's own failures, so
strangers who guess lock out strangers only.
"""

from dataclasses import dataclass

from radius.server.users.logins import Failures, SqliteLogins

_FIRST_SECONDS = 30.0
_LONGEST_SECONDS = 3600.0
_LONGEST_FAMILIAR_SECONDS = 60.0
_FORGOTTEN_SECONDS = 86400.0
_STRANGERS = ""


@dataclass(frozen=True, slots=True)
class Lockout:
    """The rule: `after` failures in a row lock; every call may raise StoreFailure."""

    logins: SqliteLogins
    after: int

    def left_seconds(self, user: str, station: str, wall: float) -> float:
        """Return how long no password counts from that station, 0 when one does."""
        place, failures = self._standing(user, station, wall)
        return max(0.0, failures.last_at + self._delay(place, failures.count) - wall)

    def failed(self, user: str, station: str, wall: float) -> None:
        """Count a wrong password; not while locked, which would make the lock endless."""
        place, failures = self._standing(user, station, wall)
        self.logins.set_failures(user, place, Failures(failures.count + 1, wall))

    def succeeded(self, user: str, station: str, wall: float) -> None:
        """End the row of failures, of strangers too when it was one."""
        place, failures = self._standing(user, station, wall)
        if failures.count:
            self.logins.set_failures(user, place, Failures())

    def _standing(self, user: str, station: str, wall: float) -> tuple[str, Failures]:
        place, found = self.logins.standing(user, station)
        # a clock that was set back must not lock for years
        recent = -1.0 <= wall - found.last_at < _FORGOTTEN_SECONDS
        return place, found if recent else Failures()

    def _delay(self, place: str, count: int) -> float:
        if count < self.after:
            return 0.0
        longest = _LONGEST_SECONDS if place == _STRANGERS else _LONGEST_FAMILIAR_SECONDS
        return float(min(longest, _FIRST_SECONDS * 2.0 ** min(count - self.after, 16)))
