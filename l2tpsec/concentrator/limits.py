"""How long a session may last, be silent and carry, and when RADIUS is told how it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from l2tpsec.concentrator.aaa.accounting import interim_seconds
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.grid import on_grid
from l2tpsec.foundation.timers import Timers
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.model.grant import Grant

SHORTEST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.5, 15.0
"""At a quota: at half the time that it lasts at the pace seen last, within these."""


@dataclass(frozen=True, slots=True)
class InterimDue:
    """RADIUS is to be told how the session goes."""


Due = Cause | InterimDue
"""A Cause is why the session is to end now."""


class _Timer(Enum):
    SESSION = auto()
    IDLE = auto()
    INTERIM = auto()
    QUOTA = auto()


class Limits:
    """One session's; only what the grant limits is ever looked at.

    `meter` returns the session's traffic so far; `usual_interim_seconds` holds where RADIUS names
    no interval.
    """

    __slots__ = (
        "_begun",
        "_entropy",
        "_grant",
        "_looked",
        "_meter",
        "_spent",
        "_timers",
        "_traffic",
        "_usual",
    )

    def __init__(
        self, meter: Callable[[], Counters], entropy: Entropy, usual_interim_seconds: int
    ) -> None:
        self._meter = meter
        self._entropy = entropy
        self._usual = usual_interim_seconds
        self._timers: Timers[_Timer] = Timers()
        self._grant = Grant("")
        self._traffic = (Counters(), 0.0)
        self._looked = (0, 0.0)
        self._begun = 0.0
        self._spent = 0

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        return self._timers.deadline

    def begin(self, grant: Grant, now: float) -> None:
        """Hold the session to a grant of which nothing is used up yet."""
        self._begun = now
        self._spent = 0 if grant.octet_quota is None else _octets(self._meter())
        self.arm(grant, now)

    def overdue(self, now: float) -> bool:
        """Tell whether the session has lasted as long as it may."""
        longest = self._grant.session_timeout_seconds
        return bool(longest) and now >= self._begun + (longest or 0)

    def arm(self, grant: Grant, now: float) -> None:
        """Hold the session to other limits from the same beginning."""
        self._grant = grant
        self._timers.clear()
        if grant.session_timeout_seconds:
            self._timers.set(_Timer.SESSION, self._begun + grant.session_timeout_seconds)
        if grant.idle_timeout_seconds:
            self._traffic = (self._meter(), now)
            self._timers.set(_Timer.IDLE, now + grant.idle_timeout_seconds)
        if grant.octet_quota is not None:
            self._looked = (_octets(self._meter()), now)
            self._timers.set(_Timer.QUOTA, now + SHORTEST_LOOK_SECONDS)
        self._arm_interim(now)

    def stop(self) -> None:
        """Watch nothing any more."""
        self._timers.clear()

    def expire(self, now: float) -> list[Due]:
        """Return what is due."""
        return [due for timer in self._timers.due(now) for due in self._due(timer, now)]

    def _due(self, timer: _Timer, now: float) -> list[Due]:
        match timer:
            case _Timer.SESSION:
                return [Cause.SESSION_TIMEOUT]
            case _Timer.IDLE:
                return self._watch_idleness(now)
            case _Timer.QUOTA:
                return self._watch_quota(now)
            case _Timer.INTERIM:
                self._arm_interim(now)
                return [InterimDue()]
            case _ as unreachable:
                assert_never(unreachable)

    def _arm_interim(self, now: float) -> None:
        if interval := interim_seconds(self._grant, self._usual):
            # within a tenth at random: sessions that began together do not report together
            spread = 0.9 + 0.2 * self._entropy(1)[0] / 255
            self._timers.set(_Timer.INTERIM, on_grid(now + interval * spread))

    def _watch_idleness(self, now: float) -> list[Due]:
        limit = self._grant.idle_timeout_seconds or 0
        seen, when = self._traffic
        if (counters := self._meter()) != seen:
            self._traffic, when = (counters, now), now
        if now - when >= limit:
            return [Cause.IDLE_TIMEOUT]
        self._timers.set(_Timer.IDLE, min(when + limit, now + max(1.0, limit / 8)))
        return []

    def _watch_quota(self, now: float) -> list[Due]:
        octets = _octets(self._meter())
        left = (self._grant.octet_quota or 0) - (octets - self._spent)
        if left <= 0:
            return [Cause.QUOTA]
        before, when = self._looked
        self._looked = (octets, now)
        pace = (octets - before) / max(now - when, SHORTEST_LOOK_SECONDS)
        lasts = left / pace / 2 if pace else LONGEST_LOOK_SECONDS
        wait = min(max(lasts, SHORTEST_LOOK_SECONDS), LONGEST_LOOK_SECONDS)
        self._timers.set(_Timer.QUOTA, now + wait)
        return []


def _octets(counters: Counters) -> int:
    return counters.input_octets + counters.output_octets
