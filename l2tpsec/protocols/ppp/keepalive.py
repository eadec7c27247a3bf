"""LCP echo as liveness (RFC 1661 section 5.8): asks only a client of which nothing is heard.

An echo that is lost is repeated soon: a bad network alone ends no session, and who is dead is given
up no later for it.
"""

from l2tpsec.foundation.backoff import Backoff
from l2tpsec.foundation.grid import on_grid
from l2tpsec.protocols.ppp.settings import PppSettings

REPETITION = Backoff(first_seconds=1, cap_seconds=8, attempts=4)
"""As L2TP repeats its HELLO (RFC 2661 section 5.8), or until a round's end."""

_QUIET = 0.9
"""The part of the interval in which nothing must be heard: the answer to the last echo is no reason
to look again a moment later."""


class Keepalive:
    """Counts the rounds of echoes since the client was last heard.

    `deadline` is None until `start`. A round lasts `echo_seconds`; `_echoes` were sent in this one.
    """

    __slots__ = ("_echoes", "_heard_at", "_round_ends", "_settings", "_unanswered", "deadline")

    def __init__(self, settings: PppSettings) -> None:
        self._settings = settings
        self._unanswered = 0
        self._echoes = 0
        self._heard_at = 0.0
        self._round_ends = 0.0
        self.deadline: float | None = None

    def start(self, now: float) -> None:
        """Begin to watch."""
        self.heard(now)
        self.deadline = on_grid(now + self._settings.echo_seconds)

    def stop(self) -> None:
        """Watch no more."""
        self.deadline = None

    def heard(self, now: float) -> None:
        """Note that the client lives: whatever it sends is proof."""
        self._heard_at = now
        if self._echoes:
            self._echoes = self._unanswered = 0
            if self.deadline is not None:
                self.deadline = self._round_ends

    @property
    def dead(self) -> bool:
        """Tell whether the client left too many rounds of echoes unanswered."""
        return self._unanswered > self._settings.echo_failures

    def expire(self, now: float) -> bool:
        """Tell whether to send an Echo-Request now; look at `dead` first."""
        if self.deadline is None or now < self.deadline:
            return False
        interval = self._settings.echo_seconds
        if now < self._heard_at + interval * _QUIET:
            self.deadline = on_grid(self._heard_at + interval)
            return False
        if not self._echoes or now >= self._round_ends:
            self._unanswered += 1
            self._echoes = 0
            self._round_ends = on_grid(now + interval)
        self._echoes += 1
        wait = REPETITION.delay(self._echoes)
        again = self._round_ends if wait is None else on_grid(now + wait)
        self.deadline = min(again, self._round_ends)
        return True
