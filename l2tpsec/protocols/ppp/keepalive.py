"""LCP echo as liveness (RFC 1661 section 5.8): asks only a client of which nothing is heard."""

from l2tpsec.protocols.ppp.settings import PppSettings


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
        self.deadline = now + self._settings.echo_seconds

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
        quiet_until = self._heard_at + self._settings.echo_seconds
        if now < quiet_until:
            self.deadline = quiet_until
            return False
        self._unanswered += 1
        self.deadline = now + self._settings.echo_seconds
        return True
