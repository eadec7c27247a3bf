"""One TLS connection as the client knows it: its state, and packets cut from its octets."""

from dataclasses import dataclass, field
from enum import Enum, auto

from radius.malformed import Malformed
from radius.packet import HEADER_OCTETS, LONGEST_PACKET_OCTETS

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
STEADY_SECONDS = 10.0
"""A connection that lasted so long is no failed attempt: the next is tried at once."""


class State(Enum):
    """Who is to act: we, the network, or nobody."""

    DOWN = auto()
    CONNECTING = auto()
    UP = auto()


@dataclass(slots=True, eq=False)
class Stream:
    """A connection that is opened again whenever it ends; `trouble` says why the last one did."""

    state: State = State.DOWN
    failures: int = 0
    trouble: str = ""
    _since: float = 0.0
    _octets: bytearray = field(default_factory=bytearray, repr=False)

    def opened(self, now: float) -> None:
        """Take note that it is up."""
        self.state, self.trouble, self._since = State.UP, "", now
        self._octets.clear()

    def closed(self, trouble: str, now: float) -> None:
        """Take note that it is down."""
        steady = self.state is State.UP and now - self._since >= STEADY_SECONDS
        self.state, self.trouble = State.DOWN, trouble
        self.failures = 0 if steady else self.failures + 1

    def retry_seconds(self, dice: int) -> float:
        """Return the wait before the next attempt; `dice` is a random octet."""
        if not self.failures:
            return 0.0
        doubled = FIRST_RETRY_SECONDS * 2.0 ** min(self.failures - 1, 16)
        return min(doubled, LONGEST_RETRY_SECONDS) * (0.75 + 0.5 * dice / 255)

    @property
    def remarkable(self) -> bool:
        """Tell whether its state is worth a line: at the 0th, 1st, 2nd, 4th, 8th failure."""
        return not self.failures & (self.failures - 1)

    def packets(self, data: bytes) -> list[bytes]:
        """Return the packets that are complete by now (RFC 6613 section 2.6.4).

        Malformed when a Length is impossible: the rest cannot be told apart, so close it.
        """
        self._octets += data
        found = []
        while len(self._octets) >= 4:
            length = int.from_bytes(self._octets[2:4], "big")
            if not HEADER_OCTETS <= length <= LONGEST_PACKET_OCTETS:
                raise Malformed(f"a packet of {length} octets is not allowed", 2)
            if len(self._octets) < length:
                break
            found.append(bytes(self._octets[:length]))
            del self._octets[:length]
        return found
