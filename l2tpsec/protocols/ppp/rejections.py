"""How often Protocol-Reject is said (RFC 1661 section 5.7): some clients do not hear it."""

EACH = 3
IN_ALL = 24


class Rejections:
    """Counts what one link was told, by protocol; bounded whatever a client sends."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[int, int] = {}

    def allow(self, protocol: int) -> bool:
        """Tell whether this protocol is rejected once more, and count it."""
        times = self._times.get(protocol, 0)
        if times == EACH or sum(self._times.values()) >= IN_ALL:
            return False
        self._times[protocol] = times + 1
        return True
