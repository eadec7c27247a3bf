"""The client engine: requests in, datagrams out, replies matched and verified, servers watched."""

import heapq
from collections.abc import Sequence
from itertools import count

from radius.client.effects import Address, Answered, Effect, Transmit, Unanswered
from radius.client.exchange import LEGAL_REPLIES, Exchange
from radius.client.settings import Server, Settings
from radius.client.upstream import Attempt, Upstream
from radius.malformed import Malformed, Unencodable
from radius.message import Code, Message
from radius.notice import Level, Noted, Tally, printable
from radius.packet import Entropy, Packet, Unverified, decode, encode_request, verify_reply


class Client:
    """Asks RADIUS servers on behalf of an access server (RFC 2865, 2866, 5080).

    A request is named by a token of the caller's and ends in exactly one Answered or Unanswered
    with that token, or in `cancel`. Servers are asked in order; a silent one is left alone for
    its dead time. Datagrams from other addresses and ports, and unsigned replies, change nothing.
    """

    def __init__(self, settings: Settings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._upstreams: dict[Address, Upstream] = {}
        self._ports = {
            Code.ACCESS_REQUEST: [self._upstream(s, s.auth_port) for s in settings.servers],
            Code.ACCOUNTING_REQUEST: [self._upstream(s, s.acct_port) for s in settings.servers],
        }
        self._exchanges: dict[int, Exchange] = {}
        self._agenda: list[tuple[float, int, Exchange]] = []
        self._order = count()
        self._tally = Tally()

    def _upstream(self, server: Server, port: int) -> Upstream:
        destination = (server.address, port)
        fresh = Upstream(
            destination, server.secret, self._settings.slots, server.require_message_authenticator
        )
        return self._upstreams.setdefault(destination, fresh)

    @property
    def deadline(self) -> float | None:
        """When `expire` has work, or None."""
        while self._agenda and self._agenda[0][0] != self._agenda[0][2].deadline:
            heapq.heappop(self._agenda)
        return self._agenda[0][0] if self._agenda else None

    @property
    def pending(self) -> int:
        """How many requests have not ended yet."""
        return len(self._exchanges)

    @property
    def counts(self) -> dict[str, int]:
        """How many datagrams were dropped, by reason."""
        return dict(self._tally.counts)

    def request(self, token: int, message: Message, now: float) -> list[Effect]:
        """Send an Access-Request or Accounting-Request; ValueError if the token is in use."""
        if token in self._exchanges:
            raise ValueError(f"token {token} is in use")
        if message.code not in self._ports:
            raise ValueError(f"{message.code.name} is no request")
        exchange = Exchange(token, message, now, list(self._ports[message.code]))
        self._exchanges[token] = exchange
        return self._ask_next(exchange, now)

    def cancel(self, token: int) -> None:
        """Forget a request; what is still in flight for it will be ignored."""
        if exchange := self._exchanges.get(token):
            self._close(exchange)

    def receive(self, data: bytes, source: Address, slot: int, now: float) -> list[Effect]:
        """Take a datagram that arrived on local socket `slot`."""
        upstream = self._upstreams.get(source)
        if upstream is None:
            return [*self._tally.note("stranger", _STRANGER.format(*map(printable, source)))]
        try:
            reply = Packet.read(data)
            attempt = upstream.attempts.get((slot, reply.identifier))
            # a reply to a request that is over: a second answer to a repeated datagram
            return self._reply(attempt, reply, now) if attempt else []
        except Malformed as error:
            return [*self._tally.note("malformed", f"RADIUS reply of {upstream} dropped: {error}")]

    def expire(self, now: float) -> list[Effect]:
        """Repeat what was not answered in time, or ask the next server."""
        effects: list[Effect] = []
        while (due := self.deadline) is not None and due <= now:
            exchange = heapq.heappop(self._agenda)[2]
            effects.extend(self._overdue(exchange, now))
        return effects

    def _reply(self, attempt: Attempt, reply: Packet, now: float) -> list[Effect]:
        exchange, upstream = attempt.exchange, attempt.upstream
        try:
            verify_reply(
                reply,
                attempt.request,
                upstream.secret,
                signature_required=upstream.signature_required,
            )
        except Unverified as error:
            exchange.refused = f"its reply was refused, as {error}"
            return [*self._tally.note("unverified", f"RADIUS reply of {upstream} dropped: {error}")]
        message = decode(reply, upstream.secret, attempt.request.authenticator)
        if message.code not in LEGAL_REPLIES[exchange.message.code]:
            text = f"{upstream} answered {exchange.message.code.name} with {message.code.name}"
            return [*self._tally.note("wrong code", text)]
        self._close(exchange)
        back = upstream.heard(now)
        news = [Noted(Level.INFO, f"RADIUS server {upstream} answers again")] if back else []
        return [Answered(exchange.token, message), *news]

    def _overdue(self, exchange: Exchange, now: float) -> list[Effect]:
        upstream = exchange.attempts[-1].upstream
        if exchange.tries < self._settings.tries and not exchange.hopeless(upstream, now):
            return self._repeat(exchange, now)
        trouble = exchange.refused or f"no answer to {exchange.tries} tries"
        exchange.give_up_on(upstream, trouble)
        return [*self._bury(upstream, exchange, trouble, now), *self._ask_next(exchange, now)]

    def _bury(
        self, upstream: Upstream, exchange: Exchange, trouble: str, now: float
    ) -> list[Effect]:
        if not upstream.silent(exchange.asked_at, now, self._settings.dead_seconds):
            return []
        text = _DEAD.format(upstream, trouble, self._settings.dead_seconds)
        return [Noted(Level.WARNING, text)]

    def _ask_next(self, exchange: Exchange, now: float) -> list[Effect]:
        while upstream := exchange.next_upstream(now):
            if (place := upstream.free()) is not None:
                return self._ask(exchange, upstream, place, now)
            exchange.give_up_on(upstream, f"{upstream.capacity} requests wait for it already")
        self._close(exchange)
        reason = "; ".join(exchange.troubles) or "no RADIUS server is configured"
        return [Unanswered(exchange.token, reason)]

    def _ask(
        self, exchange: Exchange, upstream: Upstream, place: tuple[int, int], now: float
    ) -> list[Effect]:
        """Send under a fresh identifier and authenticator."""
        message = exchange.stamped(now)
        try:
            request = encode_request(message, place[1], upstream.secret, self._entropy)
        except Unencodable as error:
            self._close(exchange)
            return [Unanswered(exchange.token, f"the request cannot be sent: {error}")]
        attempt = Attempt(exchange, upstream, place[0], request)
        upstream.attempts[place] = attempt
        exchange.attempts.append(attempt)
        return self._transmit(attempt, now)

    def _repeat(self, exchange: Exchange, now: float) -> list[Effect]:
        last = exchange.attempts[-1]
        # new contents need a new identifier (RFC 2866 section 3); the old one may still be answered
        if exchange.outdated(now) and (place := last.upstream.free()) is not None:
            return self._ask(exchange, last.upstream, place, now)
        return self._transmit(last, now)

    def _transmit(self, attempt: Attempt, now: float) -> list[Effect]:
        exchange = attempt.exchange
        exchange.tries += 1
        wait = exchange.wait_seconds(self._settings, self._entropy(1)[0])
        exchange.deadline = now + wait
        heapq.heappush(self._agenda, (exchange.deadline, next(self._order), exchange))
        return [Transmit(attempt.slot, attempt.upstream.destination, attempt.request.octets)]

    def _close(self, exchange: Exchange) -> None:
        del self._exchanges[exchange.token]
        _release(exchange.close())


def _release(attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        del attempt.upstream.attempts[attempt.slot, attempt.request.identifier]


_STRANGER = (
    "datagram from {0}:{1} dropped: no RADIUS server is configured at this address and port; "
    "a server that answers from another address than the one asked must be configured by that one"
)
_DEAD = (
    "RADIUS server {0} is taken for dead: {1}; it is not asked for {2:g} seconds while another is "
    "left. Does it run, do firewalls pass its UDP port, does it know our address and secret?"
)
