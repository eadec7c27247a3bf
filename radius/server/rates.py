"""How often each access server may ask: a token bucket for each address, bounded in number."""

from collections import OrderedDict


class Rates:
    """Buckets that hold one second's worth of requests; who is silent for long is forgotten."""

    def __init__(self, most_hosts: int) -> None:
        self._most = most_hosts
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def allows(self, host: str, per_second: float | None, now: float) -> bool:
        """Count a request of the host and tell whether it is one too many."""
        if per_second is None:
            return True
        full = max(per_second, 1.0)
        tokens, since = self._buckets.get(host, (full, now))
        tokens = min(full, tokens + max(0.0, now - since) * per_second)
        allowed = tokens >= 1.0
        self._buckets[host] = (tokens - allowed, now)
        self._buckets.move_to_end(host)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return allowed
