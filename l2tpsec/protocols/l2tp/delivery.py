"""Reliable delivery of control messages (RFC 2661 section 5.8 and appendix A), and nothing else."""

from typing import NamedTuple

from l2tpsec.foundation.backoff import Backoff
from l2tpsec.foundation.serial import before, distance
from l2tpsec.protocols.l2tp.header import ControlHeader, encode_control

SEQUENCE_MODULUS = 1 << 16
QUEUE_LIMIT = 64
"""A peer that asks and never acknowledges is no longer listened to beyond this many answers."""


class Parcel(NamedTuple):
    """A message's body and the session number in its header."""

    session: int
    body: bytes


class Delivery:
    """One control connection's two sequences.

    The queue holds what the peer has not acknowledged, oldest first; its first `_in_flight`
    have been sent in this round, its first `_reached` were sent at some time.
    """

    __slots__ = (
        "_attempts", "_backoff", "_early", "_expected", "_in_flight", "_oldest_ns", "_owed",
        "_queue", "_reached", "_receive_window", "_repeat", "_threshold", "_window", "deadline",
        "peer_tunnel", "peer_window",
    )  # fmt: skip

    def __init__(self, peer_tunnel: int, receive_window: int, backoff: Backoff) -> None:
        self.peer_tunnel = peer_tunnel
        self.peer_window = 4  # RFC 2661 section 4.4.3: the window of a peer that tells none
        self.deadline: float | None = None
        self._receive_window = receive_window
        self._backoff = backoff
        self._queue: list[Parcel] = []  # it is short, and mostly empty
        self._oldest_ns = 0
        self._expected = 0
        self._in_flight = 0
        self._reached = 0
        self._attempts = 0
        self._window = 1.0
        self._threshold = 64.0
        self._early: dict[int, Parcel] | None = None
        self._owed = False
        self._repeat = False

    @property
    def oldest(self) -> Parcel | None:
        """The message that the peer has left unacknowledged the longest."""
        return self._queue[0] if self._queue else None

    @property
    def idle(self) -> bool:
        """Tell whether everything sent has been acknowledged."""
        return not self._queue

    def send(self, session: int, body: bytes) -> None:
        """Queue a message; `flush` sends it."""
        self._queue.append(Parcel(session, body))

    def discard_unsent(self) -> None:
        """Forget what never left, so that the next message is the peer's next one."""
        while len(self._queue) > self._reached:
            self._queue.pop()

    def abandon(self) -> None:
        """Forget all that waits for the peer: it has closed, and will not acknowledge."""
        self._oldest_ns = (self._oldest_ns + self._reached) % SEQUENCE_MODULUS
        self._queue.clear()
        self._in_flight = self._reached = 0
        self.deadline = None

    def hurry(self) -> None:
        """Let the peer's window alone limit what is sent: for the last message of a connection."""
        self._window = self._threshold = float(max(1, self.peer_window))

    def acknowledge(self) -> None:
        """Owe the peer a ZLB of its own, whatever else there is to send."""
        self._owed = self._repeat = True

    def receive(self, header: ControlHeader, body: bytes, now: float) -> list[Parcel]:
        """Take a message; return those that are now in order."""
        self._acknowledged(header.nr, now)
        if not body:
            return []
        self._owed = True
        ahead = distance(self._expected, header.ns)
        if before(header.ns, self._expected) or ahead >= self._receive_window:
            return []
        early = self._early or {}
        early.setdefault(header.ns, Parcel(header.session, body))
        parcels = self._in_order(early)
        self._early = early or None
        return parcels

    def _in_order(self, early: dict[int, Parcel]) -> list[Parcel]:
        parcels: list[Parcel] = []
        while self._expected in early and len(self._queue) < QUEUE_LIMIT:
            parcels.append(early.pop(self._expected))
            self._expected = (self._expected + 1) % SEQUENCE_MODULUS
        return parcels

    def _acknowledged(self, nr: int, now: float) -> None:
        count = distance(self._oldest_ns, nr)
        if not 0 < count <= self._reached:
            return
        del self._queue[:count]
        for _ in range(count):
            self._widen()
        self._oldest_ns = nr
        self._reached -= count
        self._in_flight = max(0, self._in_flight - count)
        self._attempts = 0
        self.deadline = None
        if self._in_flight:
            self._arm(now)

    def _widen(self) -> None:
        """Slow start, then congestion avoidance (RFC 2661 appendix A)."""
        self._window += 1 if self._window < self._threshold else 1 / self._window

    def flush(self, now: float) -> list[bytes]:
        """Return the datagrams to send now: what the windows allow, or a ZLB if one is owed."""
        zlb = [self._datagram(self._reached, Parcel(0, b""))] if self._repeat else []
        limit = min(len(self._queue), int(self._window), max(1, self.peer_window))
        new = range(self._in_flight, limit)
        datagrams = [self._datagram(index, self._queue[index]) for index in new]
        if datagrams:
            self._in_flight = limit
            self._reached = max(self._reached, limit)
            if self.deadline is None:
                self._arm(now)
        elif self._owed and not zlb:
            zlb = [self._datagram(self._reached, Parcel(0, b""))]
        self._owed = self._repeat = False
        return zlb + datagrams

    def again(self) -> list[bytes]:
        """Return the message in flight once more, for a peer that asked twice."""
        return [self._datagram(0, self._queue[0])] if self._in_flight else []

    def expire(self, now: float) -> bool:
        """Start the next round if its time has come; False when the peer is given up."""
        if self.deadline is None or now < self.deadline:
            return True
        self.deadline = None
        if self._backoff.delay(self._attempts + 1) is None:
            return False
        self._threshold = max(1.0, self._window / 2)
        self._window = 1.0
        self._in_flight = 0
        return True

    def persist(self, when: float) -> None:
        """Begin the rounds anew at `when`: the peer shows life elsewhere."""
        self._attempts = 0
        self.deadline = when

    def _arm(self, now: float) -> None:
        self._attempts += 1
        delay = self._backoff.delay(self._attempts)
        self.deadline = None if delay is None else now + delay

    def _datagram(self, index: int, parcel: Parcel) -> bytes:
        ns = (self._oldest_ns + index) % SEQUENCE_MODULUS
        header = ControlHeader(self.peer_tunnel, parcel.session, ns, self._expected)
        return encode_control(header, parcel.body)
