"""The client's IPsec: ISAKMP SAs and pairs of ESP SAs as they come, are renewed and go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.esp.inbound import InboundSa, inbound_sa
from l2tpsec.protocols.esp.outbound import OutboundSa, outbound_sa
from l2tpsec.protocols.ike.header import Header, decode_header
from tests.peers.ike_initiator import INFORMATIONAL, MAIN, QUICK, SA, Client, Initiator
from tests.peers.profiles import INITIAL_CONTACT, Profile

MARKER = bytes(4)
KEEPALIVE_SECONDS = 20.0
LINGER_SECONDS = 5.0
"""How long a deleted pair still receives: what is in flight when the Delete leaves must arrive."""
WAITING_DATAGRAMS = 64
FIRST_ERROR, FIRST_STATUS = 1, 16384
R_U_THERE_ACK, RETRIED_FOR_NOTHING = 36137, 5


@dataclass(frozen=True)
class Outgoing:
    """A datagram from local UDP `port`, to the same port of the server; 0 is protocol 50."""

    port: int
    data: bytes


@dataclass
class Pair:
    """Both SAs of a Quick Mode at the client; `ended_at` once it only receives."""

    agreed: SaPair
    inbound: InboundSa
    outbound: OutboundSa
    since: float
    used_at: float
    ended_at: float | None = None


@dataclass
class Request:
    """A message that is repeated until it is answered."""

    message: bytes
    waits: Iterator[float]
    deadline: float


@dataclass
class Ipsec:
    """`send` does whatever is needed to get a datagram through; what leaves goes to `outbox`.

    `failure` says why there is no IPsec. Pairs outlive the ISAKMP SA that made them.
    """

    profile: Profile
    client: Client
    entropy: Callable[[int], bytes]
    outbox: list[Outgoing]
    failure: str = ""
    main: Initiator | None = None
    pairs: dict[int, Pair] = field(default_factory=dict)
    mains: int = 0
    quicks: int = 0

    def __post_init__(self) -> None:
        self._main_until: float | None = None
        self._main_request: Request | None = None
        self._quick_requests: dict[int, Request] = {}
        self._waiting: list[bytes] = []
        self._heard_ids: set[tuple[bytes, int]] = set()
        self._keepalive_at: float | None = None
        self._probe_at: float | None = None
        self._probes = 0
        self._heard_notices = 0

    # what the client has

    @property
    def established(self) -> bool:
        """Whether there is an ISAKMP SA."""
        return self.main is not None and self.main.established

    @property
    def current(self) -> Pair | None:
        """The newest pair that may be sent on."""
        live = [pair for pair in self.pairs.values() if pair.ended_at is None]
        return live[-1] if live else None

    @property
    def behind_nat(self) -> bool:
        return self.main is not None and self.main.behind_nat

    # sending

    def send(self, datagram: bytes, now: float) -> None:
        """Send a UDP datagram inside ESP, at once or when there is a pair."""
        pair = self.current
        if pair is None:
            self.send_on_new_pair(datagram, now)
            return
        pair.used_at = now
        port = 4500 if pair.agreed.encapsulated else 0
        self.outbox.append(Outgoing(port, pair.outbound.seal(datagram)))
        limit = self.profile.life_kilobytes * 1024
        if limit and max(pair.outbound.octets, pair.inbound.octets) > limit:
            self.negotiate(now)

    def send_on_new_pair(self, datagram: bytes, now: float) -> None:
        """Send as soon as a new pair is there."""
        del self._waiting[: len(self._waiting) - WAITING_DATAGRAMS + 1]
        self._waiting.append(datagram)
        self.negotiate(now)

    def negotiate(self, now: float) -> None:
        """Make a new pair, and an ISAKMP SA where there is none."""
        if not self.established:
            self._start_main(now)
        elif not self._quick_requests:
            self._start_quick(now)

    def _start_main(self, now: float) -> None:
        if self._main_request is not None:
            return
        profile, known = self.profile, bool(self.pairs)
        vendor_ids = profile.vendor_ids
        # Windows says so whenever it has no ISAKMP SA, even while its pairs of ESP SAs live.
        if profile.contact == "vendor-id":
            vendor_ids = (*vendor_ids, INITIAL_CONTACT)
        contact = profile.contact == "message-5" and not known
        self.main = Initiator(
            replace(self.client, vendor_ids=vendor_ids, initial_contact=contact), self.entropy
        )
        self._request_main(self.main.start(), now)

    def _request_main(self, message: bytes, now: float) -> None:
        waits = iter(self.profile.ike_waits)
        self._main_request = Request(message, waits, now + next(waits))
        self._transmit(message)

    def _start_quick(self, now: float) -> None:
        assert self.main is not None
        message = self.main.quick_mode()
        self.quicks += 1
        waits = iter(self.profile.ike_waits)
        self._quick_requests[self.main.message_id] = Request(message, waits, now + next(waits))
        self._transmit(message)

    def _transmit(self, message: bytes) -> None:
        floated = self.main is not None and self.main.floated
        self.outbox.append(Outgoing(4500, MARKER + message) if floated else Outgoing(500, message))

    # receiving

    def receive(self, port: int, data: bytes, now: float) -> bytes | None:
        """Take a datagram; return the UDP datagram that was inside, if it was ESP."""
        if port == 500:
            self._receive_ike(data, now)
        elif port == 4500 and data[:4] == MARKER:
            self._receive_ike(data[4:], now)
        elif port == 0 or len(data) > 4:
            return self._receive_esp(data, encapsulated=port == 4500, now=now)
        return None

    def _receive_esp(self, data: bytes, *, encapsulated: bool, now: float) -> bytes | None:
        pair = self.pairs.get(int.from_bytes(data[:4]))
        if pair is None or pair.agreed.encapsulated != encapsulated:
            return None
        try:
            datagram = pair.inbound.open(data)
        except Malformed:  # a copy, or older than the window
            return None
        pair.used_at = now
        return datagram

    def _receive_ike(self, data: bytes, now: float) -> None:
        try:
            header = decode_header(data)
        except Malformed:  # ESP for whoever had this port before
            return
        if self.main is None or header.initiator != self.main.cookies[:8]:
            return
        match header.exchange:
            case exchange if exchange == MAIN:
                self._receive_main(header, data, now)
            case exchange if exchange == QUICK:
                self._receive_quick(data, now)
            case exchange if exchange == INFORMATIONAL:
                self._receive_informational(header, data)
            case _:
                pass

    def _receive_main(self, header: Header, data: bytes, now: float) -> None:
        main = self.main
        assert main is not None
        # A copy of an answer that has been used is no answer to what was asked since.
        expected = {2: SA, 4: 4, 6: 5}.get(main.state)
        if header.next_payload != expected or bool(header.flags & 1) != (main.state == 6):
            return
        answers = main.receive(data)
        self._main_request = None
        if main.server_behind_nat and not self.profile.knows_nat_rule:
            self.failure = "809: the server is behind a NAT"
            return
        for answer in answers:
            self._request_main(answer, now)
        if main.established:
            self._established(main, now)

    def _established(self, main: Initiator, now: float) -> None:
        self.mains += 1
        self._main_until = now + self.profile.main_life_seconds
        if main.behind_nat and self._keepalive_at is None:
            self._keepalive_at = now + KEEPALIVE_SECONDS
        if self.profile.contact == "notify" and not self.pairs:
            self._transmit(main.informational([main.notification(24578, main.cookies)]))
        if self.profile.dpd_seconds:
            self._probe_at, self._probes = now + self.profile.dpd_seconds, 0
        self._start_quick(now)

    def _receive_quick(self, data: bytes, now: float) -> None:
        main = self.main
        assert main is not None
        number = int.from_bytes(data[20:24])
        if not main.established or number not in main.quicks:
            return
        (proof,) = main.receive(data)
        self._quick_requests.pop(number, None)
        former = [pair for pair in self.pairs.values() if pair.ended_at is None]
        if self.profile.deletes_old_pair:
            for pair in former:
                self._end(pair, now)
        self._add(main.pairs[-1], now)
        self._transmit(proof)
        waiting, self._waiting = self._waiting, []
        for datagram in waiting:
            self.send(datagram, now)

    def _add(self, agreed: SaPair, now: float) -> None:
        outbound = outbound_sa(agreed.transform, agreed.outbound_spi, agreed.outbound, self.entropy)
        inbound = inbound_sa(agreed.transform, agreed.inbound)
        self.pairs[agreed.inbound_spi] = Pair(agreed, inbound, outbound, now, now)

    def _end(self, pair: Pair, now: float) -> None:
        """Delete a pair; without an ISAKMP SA nobody is told."""
        if self.main is not None and self.main.established:
            self._transmit(self.main.delete_pair(pair.agreed))
        pair.ended_at = now

    def _receive_informational(self, header: Header, data: bytes) -> None:
        main = self.main
        assert main is not None
        key = data[:16], header.message_id
        protected = bool(header.flags & 1)
        if protected and (not main.established or key in self._heard_ids):
            return
        self._heard_ids.add(key)
        main.receive(data)
        self._obey_deletes(main)
        notices = main.notified[self._heard_notices :]
        self._heard_notices = len(main.notified)
        for number, _ in notices:
            if number == R_U_THERE_ACK:
                self._probes = 0
            elif FIRST_ERROR <= number < FIRST_STATUS and (protected or not main.established):
                self._fail(f"789: the server refuses, notify {number}")

    def _obey_deletes(self, main: Initiator) -> None:
        deleted, main.deleted = main.deleted, []
        for protocol, spi in deleted:
            if protocol == 1:
                self.forget_main()
                continue
            for key, pair in list(self.pairs.items()):
                if pair.agreed.outbound_spi == int.from_bytes(spi):
                    del self.pairs[key]

    def forget_main(self) -> None:
        """Have no ISAKMP SA any more; pairs live on."""
        self.main = self._main_until = self._main_request = self._probe_at = None
        self._quick_requests.clear()
        self._heard_notices = 0

    def _fail(self, text: str) -> None:
        if self.current is None:
            self.failure = self.failure or text
        self._main_request = None
        self._quick_requests.clear()

    # time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        moments = [self._main_until, self._keepalive_at, self._probe_at]
        requests = [self._main_request, *self._quick_requests.values()]
        moments += [request.deadline for request in requests if request]
        for pair in self.pairs.values():
            moments += self._dues(pair)
        return min((m for m in moments if m is not None), default=None)

    def _dues(self, pair: Pair) -> list[float | None]:
        if pair.ended_at is not None:
            return [pair.ended_at + LINGER_SECONDS]
        under_way = self._main_request or self._quick_requests
        newest = pair is self.current and not under_way
        renewal = pair.since + self.profile.rekey_seconds if newest else None
        return [renewal, *self._ends(pair)]

    def _ends(self, pair: Pair) -> list[float]:
        """Return when the pair is deleted for its age, and for having nothing to do."""
        age = pair.since + self.profile.life_seconds + LINGER_SECONDS
        idle = self.profile.idle_seconds
        return [age, pair.used_at + idle] if idle else [age]

    def expire(self, now: float) -> None:
        """Repeat, renew, delete."""
        self._expire_requests(now)
        for key, pair in list(self.pairs.items()):
            self._expire_pair(key, pair, now)
        if self._keepalive_at is not None and self._keepalive_at <= now:
            self.outbox.append(Outgoing(4500, b"\xff"))
            self._keepalive_at = now + KEEPALIVE_SECONDS
        if self._probe_at is not None and self._probe_at <= now:
            self._probe(now)
        if self._main_until is not None and self._main_until <= now:
            self._end_main()

    def _expire_requests(self, now: float) -> None:
        if self._main_request is not None and not self._repeat(self._main_request, now):
            self.forget_main()
            self._fail("792: the server does not answer Main Mode")
        for number, request in list(self._quick_requests.items()):
            if not self._repeat(request, now):
                del self._quick_requests[number]
                self._fail("789: the server does not answer Quick Mode")

    def _repeat(self, request: Request, now: float) -> bool:
        if request.deadline > now:
            return True
        wait = next(request.waits, None)
        if wait is None:
            return False
        request.deadline = now + wait
        self._transmit(request.message)
        return True

    def _expire_pair(self, key: int, pair: Pair, now: float) -> None:
        if pair.ended_at is not None:
            if now >= pair.ended_at + LINGER_SECONDS:
                del self.pairs[key]
        elif now >= min(self._ends(pair)):
            self._end(pair, now)
        elif pair is self.current and now >= pair.since + self.profile.rekey_seconds:
            self.negotiate(now)

    def _probe(self, now: float) -> None:
        if self._probes >= RETRIED_FOR_NOTHING:
            self.forget_main()
            self.pairs.clear()
            self.failure = "the server does not answer DPD"
            return
        self._probes += 1
        self._probe_at = now + (self.profile.dpd_seconds if self._probes == 1 else 5)
        if self.main is not None and self.main.established:
            self._transmit(self.main.are_you_there(self._probes))

    def _end_main(self) -> None:
        """Let the ISAKMP SA go; pairs live on."""
        if self.main is not None and self.main.established:
            self._transmit(self.main.delete()[-1])
        self.forget_main()

    def farewell(self, now: float) -> None:
        """Delete pairs, then the ISAKMP SA."""
        for pair in self.pairs.values():
            if pair.ended_at is None:
                self._end(pair, now)
        self._end_main()
        self.pairs.clear()
        self._keepalive_at = None
        self._waiting.clear()
