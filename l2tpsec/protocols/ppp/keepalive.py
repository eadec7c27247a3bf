"""LCP echo as liveness (RFC 1661 section 5.8): asks only a client of which nothing is heard."""

from l2tpsec.foundation.grid import on_grid
from l2tpsec.protocols.ppp.settings import PppSettings

_QUIET = 0.9
"""The part of the interval in which nothing must be heard: the answer to the last echo is no reason
to look again a moment later."""


class Keepalive:
    """Counts the echoes since the client was last heard; `deadline` is None until `start`."""

    __slots__ = ("_heard_at", "_settings", "_unanswered", "deadline")

    def __init__(self, settings: PppSettings) -> None:
        self._settings = settings
        self._unanswered = 0
        self._heard_at = 0.0
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
        self._unanswered = 0

    @property
    def dead(self) -> bool:
        """Tell whether the client left too many echoes unanswered."""
        return self._unanswered > self._settings.echo_failures

    def expire(self, now: float) -> bool:
        """Tell whether to send an Echo-Request now; look at `dead` first."""
        if self.deadline is None or now < self.deadline:
            return False
        interval = self._settings.echo_seconds
        if now < self._heard_at + interval * _QUIET:
            self.deadline = on_grid(self._heard_at + interval)
            return False
        self._unanswered += 1
        self.deadline = on_grid(now + interval)
        return True
