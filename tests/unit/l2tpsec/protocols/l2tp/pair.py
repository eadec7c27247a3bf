"""The LNS and its clients over a simulated link that loses, doubles and reorders."""

import heapq
import itertools
import random
from dataclasses import dataclass, field
from typing import Any, TypeVar

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.identifiers import PeerId
from l2tpsec.protocols.l2tp.effects import (
    CallEnded,
    CallEstablished,
    Effect,
    Report,
    Transmit,
    TunnelEnded,
    TunnelEstablished,
)
from l2tpsec.protocols.l2tp.lns import Lns
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from tests.peers import lac
from tests.peers.lac import Lac

Kind = TypeVar("Kind")
Fact = TunnelEstablished | TunnelEnded | CallEstablished | CallEnded


def seeded(seed: int = 1) -> Entropy:
    return random.Random(seed).randbytes


@dataclass
class Pair:
    settings: L2tpSettings = field(default_factory=L2tpSettings)
    loss: float = 0.0
    seed: int = 1
    delay_seconds: float = 0.02
    now: float = 0.0
    clients: dict[PeerId, Lac] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.lns = Lns(self.settings, seeded(self.seed))
        self._wire: list[tuple[float, int, PeerId, bool, bytes]] = []
        self._tie = itertools.count()

    def client(self, profile: lac.Profile = lac.WINDOWS, peer: int = 1, **more: Any) -> Lac:
        client = self.clients[PeerId(peer)] = Lac(profile, **more)
        return client

    def dial(self, profile: lac.Profile = lac.WINDOWS, peer: int = 1, **more: Any) -> Lac:
        client = self.client(profile, peer, **more)
        self.act(client, client.open(self.now))
        self.run(5)
        return client

    def act(self, client: Lac, effects: list[lac.Effect]) -> None:
        peer = next(peer for peer, known in self.clients.items() if known is client)
        for effect in effects:
            if isinstance(effect, lac.Send):
                self._post(peer, up=True, data=effect.data)

    def tell(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                assert effect.port == self.clients[effect.peer].profile.port
                self.sent.append(effect.data)
                self._post(effect.peer, up=False, data=effect.data)
            elif isinstance(effect, Report):
                self.reports.append(effect)
            else:
                self.facts.append(effect)

    def _post(self, peer: PeerId, *, up: bool, data: bytes) -> None:
        copies = 2 if self.loss and self.dice.random() < self.loss else 1
        for _ in range(copies):
            if self.dice.random() >= self.loss:
                jitter = self.dice.random() * 4 * self.delay_seconds if self.loss else 0
                when = self.now + self.delay_seconds + jitter
                heapq.heappush(self._wire, (when, next(self._tie), peer, up, data))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (moment := self._next()) is not None and moment <= end:
            self.now = max(self.now, moment)
            self._turn()
        self.now = end

    def _next(self) -> float | None:
        moments = [client.deadline for client in self.clients.values()]
        moments += [self.lns.deadline, self._wire[0][0] if self._wire else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def _turn(self) -> None:
        if self._wire and self._wire[0][0] <= self.now:
            _, _, peer, up, data = heapq.heappop(self._wire)
            client = self.clients[peer]
            if up:
                self.tell(self.lns.receive(peer, client.profile.port, data, self.now))
            else:
                self.act(client, client.receive(data, self.now))
        for client in self.clients.values():
            self.act(client, client.expire(self.now))
        self.tell(self.lns.expire(self.now))

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def texts(self) -> str:
        return "\n".join(str(report.record) for report in self.reports)
