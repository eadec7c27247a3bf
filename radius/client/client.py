"""The client engine: requests in, packets out, replies matched and verified, servers watched."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from radius.client.affinity import Affinity
from radius.client.effects import (
    STREAM,
    Address,
    Answered,
    Disconnect,
    Effect,
    Transmit,
    Unanswered,
)
from radius.client.exchange import LEGAL_REPLIES, Exchange
from radius.client.roster import Roster
from radius.client.settings import Settings
from radius.client.soonest import soonest
from radius.client.upstream import Attempt, Upstream
from radius.client.watch import Watch
from radius.malformed import Malformed, Unencodable
from radius.message import Message
from radius.notice import Level, Noted, Tally, printable
from radius.packet import Entropy, Packet, Unverified, decode, encode_request, verify_reply


class Client:
    """Asks RADIUS servers on behalf of an access server (RFC 2865, 2866, 5080, 5997, 6614).

    A request is named by a token of the caller's and ends in exactly one Answered or Unanswered
    with that token, or in `cancel`. Servers are asked by priority and weight; a silent one is left
    alone until it answers Status-Server or its dead time is over. Packets from other addresses and
    ports, and unsigned replies, change nothing. Call `expire` once to open connections over TLS.
    """

    def __init__(self, settings: Settings, entropy: Entropy) -> None:
        self._settings = settings
        self._entropy = entropy
        self._roster = Roster(settings, entropy)
        self._watch = Watch(settings, entropy)
        self._affinity = Affinity()
        self._exchanges: dict[int, Exchange] = {}
        self._agenda: list[tuple[float, int, Exchange]] = []
        self._order = count()
        self._tally = Tally()

    @property
    def deadline(self) -> float | None:
        """When `expire` has work, or None."""
        moments = (self._overdue_at, self._roster.deadline)
        return soonest(moments)

    @property
    def pending(self) -> int:
        """How many requests have not ended yet."""
        return len(self._exchanges)

    @property
    def counts(self) -> dict[str, int]:
        """How many packets were dropped, by reason."""
        return dict(self._tally.counts)

    @property
    def events(self) -> dict[tuple[str, str], int]:
        """What became of requests, by server and event; it counts while the server is named."""
        return {
            (str(upstream), event): count
            for upstream in self._roster
            for event, count in upstream.events.items()
        }

    def alive(self, now: float) -> dict[str, bool]:
        """Tell of every server whether it is asked: it answers, or is given another chance."""
        return {str(row): row.alive(now) for row in self._roster if not row.retired}

    def request(self, token: int, message: Message, now: float) -> list[Effect]:
        """Send an Access-Request or Accounting-Request; ValueError if the token is in use."""
        if token in self._exchanges:
            raise ValueError(f"token {token} is in use")
        if not self._roster.serves(message.code):
            raise ValueError(f"{message.code.name} is no request")
        exchange = self._exchange(token, message, now)
        self._exchanges[token] = exchange
        return self._ask_next(exchange, now)

    def _exchange(self, token: int, message: Message, now: float) -> Exchange:
        order = self._roster.order(message.code)
        setter = self._affinity.setter(message)
        # another one would refuse what it knows nothing of, and be believed
        tied = setter in order
        return Exchange(token, message, now, [setter] if setter and tied else order, tied=tied)

    def cancel(self, token: int) -> None:
        """Forget a request; what is still in flight for it will be ignored."""
        if exchange := self._exchanges.get(token):
            self._close(exchange)

    def reload(self, settings: Settings, now: float) -> list[Effect]:
        """Take new servers, secrets and patience; what is in flight goes on where it is.

        The number of slots stays: the sockets are there.
        """
        self._settings = replace(settings, slots=self._settings.slots)
        self._watch.settings = self._settings
        self._roster.reload(self._settings, now)
        for exchange in self._exchanges.values():
            exchange.reconsider(self._roster.order(exchange.message.code))
        return self.expire(now)

    def receive(self, data: bytes, source: Address, slot: int, now: float) -> list[Effect]:
        """Take a datagram that arrived on local socket `slot`, or octets of a TLS connection."""
        upstream = self._roster.at(slot, source)
        if upstream is None:
            return [*self._tally.note("stranger", _STRANGER.format(*map(printable, source)))]
        if upstream.stream is None:
            return self._packet(upstream, slot, data, now)
        try:
            packets = upstream.stream.packets(data)
        except Malformed as error:
            return self._hang_up(upstream, f"it sends what is no RADIUS packet: {error}", now)
        return [effect for one in packets for effect in self._packet(upstream, slot, one, now)]

    def connected(self, destination: Address, now: float) -> list[Effect]:
        """Send what waited for this connection, which is open and whose server is proven."""
        upstream = self._roster.at(STREAM, destination)
        if upstream is None:
            return []
        waiting = [row for row in upstream.attempts.values() if row.latest]
        sent = [Transmit(row.slot, destination, row.request.octets) for row in waiting]
        return [*self._watch.opened(upstream, now), *sent]

    def disconnected(self, destination: Address, reason: str, now: float) -> list[Effect]:
        """Ask others meanwhile: the connection ended or could not be had, for this reason."""
        upstream = self._roster.at(STREAM, destination)
        if upstream is None:
            return []
        return [*self._watch.closed(upstream, reason, now), *self._flee(upstream, reason, now)]

    def expire(self, now: float) -> list[Effect]:
        """Repeat what was not answered in time, or ask the next server; watch all servers."""
        effects: list[Effect] = []
        for upstream in self._roster.due(now):
            effects.extend(self._tend(upstream, now))
        while (due := self._overdue_at) is not None and due <= now:
            exchange = heapq.heappop(self._agenda)[2]
            effects.extend(self._overdue(exchange, now))
        return effects

    @property
    def _overdue_at(self) -> float | None:
        while self._agenda and self._agenda[0][0] != self._agenda[0][2].deadline:
            heapq.heappop(self._agenda)
        return self._agenda[0][0] if self._agenda else None

    def _tend(self, upstream: Upstream, now: float) -> list[Effect]:
        if not upstream.retired:
            before = upstream.alive(now)
            effects = self._watch.tend(upstream, now)
            fled = before and not upstream.alive(now)
            trouble = upstream.stream.trouble if upstream.stream else ""
            return [*effects, *(self._flee(upstream, trouble, now) if fled else [])]
        if any(attempt.exchange for attempt in upstream.attempts.values()):
            upstream.due = now + _LEAVE_SECONDS
            return []
        self._roster.forget(upstream)
        return [Disconnect(upstream.destination)] if upstream.stream else []

    def _packet(self, upstream: Upstream, slot: int, data: bytes, now: float) -> list[Effect]:
        try:
            reply = Packet.read(data)
            attempt = upstream.attempts.get((slot, reply.identifier))
            # a reply to a request that is over: a second answer to a repeated datagram
            return self._reply(attempt, reply, now) if attempt else []
        except Malformed as error:
            upstream.events["reply refused: malformed"] += 1
            return [*self._tally.note("malformed", f"RADIUS reply of {upstream} dropped: {error}")]

    def _reply(self, attempt: Attempt, reply: Packet, now: float) -> list[Effect]:
        exchange, upstream = attempt.exchange, attempt.upstream
        try:
            verify_reply(
                reply,
                attempt.request,
                attempt.secret,
                signature_required=upstream.signature_required,
            )
        except Unverified as error:
            if exchange is not None:
                exchange.refused = f"its reply was refused, as {error}"
            upstream.events[f"reply refused: {error.kind}"] += 1
            return [*self._tally.note("unverified", f"RADIUS reply of {upstream} dropped: {error}")]
        if exchange is None:
            self._watch.answered(upstream, now)
            return self._heard(upstream, now)
        message = decode(reply, attempt.secret, attempt.request.authenticator)
        if message.code not in LEGAL_REPLIES[exchange.message.code]:
            upstream.events["reply refused: wrong code"] += 1
            text = f"{upstream} answered {exchange.message.code.name} with {message.code.name}"
            return [*self._tally.note("wrong code", text)]
        self._close(exchange)
        upstream.events[message.code.name.replace("_", "-").lower()] += 1
        self._affinity.learn(message, upstream)
        return [Answered(exchange.token, message, str(upstream)), *self._heard(upstream, now)]

    @staticmethod
    def _heard(upstream: Upstream, now: float) -> list[Effect]:
        back = upstream.heard(now)
        return [Noted(Level.INFO, f"RADIUS server {upstream} answers again")] if back else []

    def _overdue(self, exchange: Exchange, now: float) -> list[Effect]:
        upstream = exchange.upstream
        worth_it = upstream.stream is None and self._patient(exchange)
        late = self._late(exchange, now)
        if worth_it and not late and not exchange.hopeless(upstream, now):
            return self._repeat(exchange, now)
        trouble, since = exchange.trouble(), exchange.asked_at
        exchange.give_up_on(upstream, trouble)
        upstream.events["timeout"] += 1
        moved = self._unanswered(exchange) if late else self._ask_next(exchange, now)
        if late and worth_it:
            # a request that ran out of time proves nothing against its last server
            return moved
        return [*moved, *self._bury(upstream, trouble, since, now)]

    def _patient(self, exchange: Exchange) -> bool:
        """Tell whether to repeat: the last server is asked on as long as it answers others."""
        return exchange.tries < self._settings.tries or exchange.unlucky

    def _late(self, exchange: Exchange, now: float) -> bool:
        return now >= exchange.started + self._settings.patience_seconds

    def _bury(self, upstream: Upstream, trouble: str, since: float, now: float) -> list[Effect]:
        if not upstream.silent(since, now, self._settings.dead_seconds):
            return []
        if upstream.stream is not None:
            return self._hang_up(upstream, trouble, now)
        self._watch.begin(upstream, now)
        text = _DEAD.format(upstream, trouble, self._settings.dead_seconds)
        return [Noted(Level.WARNING, text), *self._flee(upstream, trouble, now)]

    def _hang_up(self, upstream: Upstream, trouble: str, now: float) -> list[Effect]:
        ended = self._watch.hang_up(upstream, trouble, now)
        return [*ended, *self._flee(upstream, trouble, now)]

    def _flee(self, upstream: Upstream, trouble: str, now: float) -> list[Effect]:
        """Let all who wait for a server that is of no use ask another that is."""
        waiting = [row.exchange for row in upstream.attempts.values() if row.latest]
        effects: list[Effect] = []
        for exchange in waiting:
            if exchange is not None and exchange.hopeless(upstream, now):
                exchange.give_up_on(upstream, trouble)
                effects.extend(self._ask_next(exchange, now))
        return effects

    def _ask_next(self, exchange: Exchange, now: float) -> list[Effect]:
        while upstream := exchange.next_upstream(now):
            if (place := upstream.free()) is not None:
                return self._ask(exchange, upstream, place, now)
            exchange.give_up_on(upstream, f"{upstream.capacity} requests wait for it already")
        return self._unanswered(exchange)

    def _unanswered(self, exchange: Exchange) -> list[Effect]:
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
        attempt = Attempt(exchange, upstream, place[0], request, upstream.secret)
        upstream.attempts[place] = attempt
        exchange.attempts.append(attempt)
        return self._transmit(attempt, exchange, now)

    def _repeat(self, exchange: Exchange, now: float) -> list[Effect]:
        last = exchange.attempts[-1]
        # new contents need a new identifier (RFC 2866 section 3); the old one may still be answered
        if exchange.outdated(now) and (place := last.upstream.free()) is not None:
            return self._ask(exchange, last.upstream, place, now)
        return self._transmit(last, exchange, now)

    def _transmit(self, attempt: Attempt, exchange: Exchange, now: float) -> list[Effect]:
        exchange.tries += 1
        attempt.upstream.events["request" if exchange.tries == 1 else "retry"] += 1
        wait = self._wait_seconds(attempt.upstream, exchange)
        exchange.deadline = min(now + wait, exchange.started + self._settings.patience_seconds)
        heapq.heappush(self._agenda, (exchange.deadline, next(self._order), exchange))
        upstream = attempt.upstream
        if not upstream.reachable:
            return []
        return [Transmit(attempt.slot, upstream.destination, attempt.request.octets)]

    def _wait_seconds(self, upstream: Upstream, exchange: Exchange) -> float:
        if upstream.stream is not None:
            # TLS repeats what is lost by itself (RFC 6613 section 2.6.1)
            return self._settings.stream_wait_seconds
        return exchange.wait_seconds(self._settings, self._entropy(1)[0])

    def _close(self, exchange: Exchange) -> None:
        del self._exchanges[exchange.token]
        _release(exchange.close())


def _release(attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        del attempt.upstream.attempts[attempt.slot, attempt.request.identifier]


_LEAVE_SECONDS = 1.0
"""How often a removed server is looked at: does anybody still wait for it?"""

_STRANGER = (
    "datagram from {0}:{1} dropped: no RADIUS server is configured at this address and port; "
    "a server that answers from another address than the one asked must be configured by that one"
)
_DEAD = (
    "RADIUS server {0} is taken for dead: {1}; it is not asked for {2:g} seconds while another is "
    "left. Does it run, do firewalls pass its UDP port, does it know our address and secret?"
)
