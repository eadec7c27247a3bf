"""Token bucket: so many at once, so many a second."""


class Bucket:
    """Holds up to `burst` tokens and gains `rate_per_second`."""

    __slots__ = ("_burst", "_rate", "_tokens", "_touched")

    def __init__(self, rate_per_second: float, burst: float) -> None:
        self._rate = rate_per_second
        self._burst = burst
        self._tokens = burst
        self._touched = 0.0

    def take(self, now: float, tokens: float = 1) -> bool:
        """Take so many tokens if they are there, or else none."""
        gained = max(0.0, now - self._touched) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._touched = now
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True
