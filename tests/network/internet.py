"""Packets, and the places that carry them: a clean segment, and an Internet that is not."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from l2tpsec.model.path import Endpoint
from tests.network.clock import Clock

UDP, ESP = 17, 50


@dataclass(frozen=True, slots=True)
class Packet:
    """An IP packet; where `protocol` is ESP both ports are 0."""

    protocol: int
    source: Endpoint
    destination: Endpoint
    payload: bytes

    def sent_from(self, source: Endpoint) -> "Packet":
        return replace(self, source=source)

    def sent_to(self, destination: Endpoint) -> "Packet":
        return replace(self, destination=destination)


Receiver = Callable[[Packet], None]


class Uplink(Protocol):
    """Takes what no host of a segment is to have."""

    def up(self, packet: Packet) -> None: ...


@dataclass(frozen=True)
class Quality:
    """Chances between 0 and 1; a reordered packet is late by up to four times the latency."""

    latency_seconds: float = 0.02
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0


CLEAN = Quality()
ROUGH = Quality(loss=0.05, duplication=0.05, reordering=0.1)
AWFUL = Quality(loss=0.2, duplication=0.1, reordering=0.2)


class Segment:
    """Hosts that reach one another at once."""

    latency_seconds = 0.0005

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.uplink: Uplink | None = None
        self._hosts: dict[str, Receiver] = {}

    def attach(self, address: str, receive: Receiver) -> None:
        assert address not in self._hosts, f"{address} is taken"
        self._hosts[address] = receive

    def detach(self, address: str) -> None:
        self._hosts.pop(address, None)

    def carry(self, packet: Packet) -> None:
        self.clock.later(self.latency_seconds, lambda: self._deliver(packet))

    def _deliver(self, packet: Packet) -> None:
        receive = self._hosts.get(packet.destination.address)
        if receive is not None:
            receive(packet)
        elif self.uplink is not None:
            self.uplink.up(packet)


class Internet(Segment):
    """Where packets get lost, doubled and late.

    `passes` may drop more of them, `seen` hears of each that is sent.
    """

    def __init__(self, clock: Clock, seed: int, quality: Quality = CLEAN) -> None:
        super().__init__(clock)
        self.quality = quality
        self.passes: Callable[[Packet], bool] = lambda _: True
        self.seen: Callable[[Packet], None] = lambda _: None
        self.counts: Counter[str] = Counter()
        self._dice = random.Random(seed)

    def carry(self, packet: Packet) -> None:
        self.seen(packet)
        self.counts["sent"] += 1
        chance = self._dice.random
        if not self.passes(packet) or chance() < self.quality.loss:
            self.counts["lost"] += 1
            return
        self._carry(packet)
        if chance() < self.quality.duplication:
            self._carry(packet)

    def _carry(self, packet: Packet) -> None:
        late = 1.0
        if self._dice.random() < self.quality.reordering:
            late += 4 * self._dice.random()
        self.clock.later(self.quality.latency_seconds * late, lambda: self._deliver(packet))
