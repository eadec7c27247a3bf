"""The servers: which there are, and in which order a request goes to them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

from radius.client.effects import STREAM, Address
from radius.client.settings import Server, Settings, Transport
from radius.client.soonest import soonest
from radius.client.stream import Stream
from radius.client.upstream import Upstream
from radius.message import Code
from radius.packet import Entropy

Place = tuple[bool, Address]
"""Whether over TLS, and where."""


class Roster:
    """Every server's ports by place; those that were removed stay until nobody waits for them."""

    def __init__(self, settings: Settings, entropy: Entropy) -> None:
        self._entropy = entropy
        self._slots = settings.slots
        self._upstreams: dict[Place, Upstream] = {}
        self._ranks: dict[Code, list[list[Upstream]]] = {}
        self.reload(settings, 0.0)

    def __iter__(self) -> Iterator[Upstream]:
        return iter(list(self._upstreams.values()))

    def at(self, slot: int, destination: Address) -> Upstream | None:
        """Return whoever is asked there."""
        return self._upstreams.get((slot == STREAM, destination))

    def serves(self, code: Code) -> bool:
        """Tell whether requests of this code are sent at all."""
        return code in self._ranks

    @property
    def deadline(self) -> float | None:
        """When the next of them wants attention."""
        return soonest([row.due for row in self._upstreams.values()])

    def due(self, now: float) -> list[Upstream]:
        """Return those that want attention."""
        return [row for row in self._upstreams.values() if row.due is not None and row.due <= now]

    def reload(self, settings: Settings, now: float) -> None:
        """Take new servers; one that stays where it was keeps its health and what it was asked."""
        ranks: dict[Code, dict[int, list[Upstream]]] = {
            Code.ACCESS_REQUEST: defaultdict(list),
            Code.ACCOUNTING_REQUEST: defaultdict(list),
        }
        kept = set()
        for priority, server in settings.ranked:
            ports = _ports(server)
            for code, port in ports.items():
                kept.add(place := (server.transport is Transport.TLS, (server.address, port)))
                ranks[code][priority].append(self._upstream(place, server, now))
        self._ranks = {code: [rows[n] for n in sorted(rows)] for code, rows in ranks.items()}
        for place, upstream in self._upstreams.items():
            if place not in kept:
                upstream.retired, upstream.due = True, now

    def _upstream(self, place: Place, server: Server, now: float) -> Upstream:
        over_tls, destination = place
        upstream = self._upstreams.get(place)
        if upstream is None:
            stream = Stream() if over_tls else None
            slots = 1 if over_tls else self._slots
            upstream = Upstream(destination, server.secret, slots, stream=stream)
            upstream.due = now if over_tls else None
            self._upstreams[place] = upstream
        upstream.secret, upstream.weight, upstream.retired = server.secret, server.weight, False
        # what TLS delivers needs no further signature (RFC 6614 section 2.3)
        upstream.signature_required = server.require_message_authenticator and not over_tls
        return upstream

    def forget(self, upstream: Upstream) -> None:
        """Let go of a removed server."""
        del self._upstreams[upstream.stream is not None, upstream.destination]

    def order(self, code: Code) -> list[Upstream]:
        """Return the servers for one request: by priority, and by lot within a priority."""
        return [row for rank in self._ranks[code] for row in self._drawn(rank)]

    def _drawn(self, rank: list[Upstream]) -> Iterable[Upstream]:
        if len(rank) == 1:
            return rank
        # a race of exponential clocks: each comes first as often as its share of the weights says
        times = [-math.log((self._draw() + 1) / 2**32) / row.weight for row in rank]
        return [row for _, row in sorted(zip(times, rank, strict=True), key=lambda pair: pair[0])]

    def _draw(self) -> int:
        return int.from_bytes(self._entropy(4), "big")


def _ports(server: Server) -> dict[Code, int]:
    if server.transport is Transport.TLS:
        return dict.fromkeys((Code.ACCESS_REQUEST, Code.ACCOUNTING_REQUEST), server.tls_port)
    return {
        Code.ACCESS_REQUEST: server.auth_port,
        Code.ACCOUNTING_REQUEST: server.acct_port,
    }
