"""Retransmission policy: which delay follows which attempt, and when to give up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays double from `first_seconds` to `cap_seconds`; `attempts` transmissions in all."""

    first_seconds: float
    cap_seconds: float
    attempts: int

    def delay(self, attempt: int) -> float | None:
        """Return the seconds to wait after transmission `attempt` (from 1).

        None after the last one plus its wait: the peer is given up.
        """
        if attempt > self.attempts:
            return None
        return float(min(self.first_seconds * 2 ** (attempt - 1), self.cap_seconds))
