"""HELLO as liveness (RFC 2661 section 5.5): asks only a peer of which nothing is heard."""

from l2tpsec.foundation.grid import on_grid
from l2tpsec.protocols.l2tp import messages

HELLO = messages.encode(messages.HELLO)

PATIENCE_SECONDS = 20.0
"""What one in doubt has to speak unasked: where its NAT forgot it, no question reaches it."""


class Keepalive:
    """Knows when the peer was last heard; `deadline` is None until `start`, and with 0 seconds."""

    __slots__ = ("_asked_at", "_seconds", "deadline", "heard_at")

    def __init__(self, seconds: float) -> None:
        self.heard_at = 0.0
        self.deadline: float | None = None
        self._seconds = seconds
        self._asked_at = 0.0

    def start(self, now: float) -> None:
        """Begin to watch."""
        self.deadline = on_grid(now + self._seconds) if self._seconds > 0 else None

    def stop(self) -> None:
        """Watch no more."""
        self.deadline = None

    def doubt(self, now: float) -> None:
        """Ask soon, unless it speaks: what was heard before now tells nothing any more."""
        if self.deadline is not None:
            self.heard_at = min(self.heard_at, now - self._seconds)
            self.deadline = min(self.deadline, now + PATIENCE_SECONDS)

    def expire(self, now: float, *, asking: bool) -> bool:
        """Tell whether to send HELLO now; not while something sent is unanswered: `asking`."""
        if self.deadline is None or now < self.deadline:
            return False
        silent = self._silent_until(now)
        self.deadline = on_grid(self._seconds + (now if silent else self.heard_at))
        if not silent or asking:
            return False
        self._asked_at = now
        return True

    def again(self, now: float) -> float | None:
        """Return when to repeat a HELLO left unanswered, if the peer was heard since; else None.

        Android 9 and 10 leave HELLO unanswered once PPP runs, yet their data flows.
        """
        if self._silent_until(self._asked_at):
            return None
        self._asked_at = now + self._seconds
        return self._asked_at

    def _silent_until(self, moment: float) -> bool:
        return self.heard_at + self._seconds <= moment
