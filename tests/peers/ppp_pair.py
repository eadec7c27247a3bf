"""A PPP link and its client on a simulated wire; RADIUS and the address source take their time."""

import hashlib
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.model.credentials import (
    Chap,
    Credentials,
    Eap,
    MsChap,
    MsChapV2,
    MsChapV2ChangePassword,
    Pap,
)
from l2tpsec.model.grant import NetworkSettings, Verdict
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.protocols.ppp.effects import (
    AddressWished,
    Authenticate,
    Effect,
    Ipv6Up,
    LinkEnded,
    LinkEstablished,
    NetworkUp,
    NetworkWanted,
    SendFrame,
)
from l2tpsec.protocols.ppp.link import Link
from l2tpsec.protocols.ppp.settings import PppSettings
from radius import mschap
from tests.peers.ppp_peer import PPPD, PppPeer, Profile

NETWORK = NetworkSettings(
    IPv4Address("10.99.0.7"),
    IPv4Address("10.99.0.1"),
    dns=(IPv4Address("10.99.0.1"), IPv4Address("10.99.0.2")),
    wins=(IPv4Address("10.99.0.3"),),
)


def verify(credentials: Credentials, name: bytes, password: str) -> Verdict:
    """Judge as RADIUS would, for one user."""
    if credentials.name != name:
        return Verdict(accepted=False)
    password_hash = mschap.nt_hash(password)
    match credentials:
        case Pap(_, given):
            return Verdict(given == password.encode())
        case Chap(_, identifier, challenge, response):
            secret = bytes((identifier,)) + password.encode() + challenge
            return Verdict(response == hashlib.md5(secret).digest())
        case MsChap(_, _, challenge, response):
            return Verdict(
                response[24:48] == mschap.challenge_response(challenge, password_hash),
            )
        case MsChapV2(_, _, challenge, response):
            peer = response[:16]
            expected = mschap.nt_response(challenge, peer, name, password_hash)
            proof = mschap.authenticator_response(expected, challenge, peer, name, password_hash)
            good = response[24:48] == expected
            return Verdict(good, proof + b" M=Welcome" if good else b"")
        case MsChapV2ChangePassword() | Eap():
            return Verdict(accepted=False)
        case _:
            assert_never(credentials)


@dataclass(frozen=True)
class Wire:
    """Chances between 0 and 1; `delay_seconds` one way, doubled for a reordered frame."""

    loss: float = 0
    duplication: float = 0
    reordering: float = 0
    delay_seconds: float = 0.01


@dataclass
class Pair:
    """Runs both ends under one virtual clock; `effects` is all that the link said."""

    profile: Profile = PPPD
    settings: PppSettings = field(default_factory=PppSettings)
    wire: Wire = Wire()
    seed: int = 1
    password: str = "secret"
    network: NetworkSettings | None = NETWORK
    radius_seconds: float | None = 0.05
    address_seconds: float = 0.05

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.link = Link(self.settings, self.dice.randbytes)
        self.peer = PppPeer(self.profile, b"alice", self.password, self.dice.randbytes)
        self.effects: list[Effect] = []
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._tie = 0

    def start(self) -> None:
        """Bring the link up, then let the client begin."""
        self.absorb(self.link.open(self.now))
        self.to_link(self.peer.open(self.now))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something at a later moment."""
        self._tie += 1
        heapq.heappush(self._queue, (self.now + seconds, self._tie, action))

    def _carry(self, deliver: Callable[[], None]) -> None:
        if self.dice.random() < self.wire.loss:
            return
        late = 1 + (self.dice.random() < self.wire.reordering)
        self.later(self.wire.delay_seconds * late, deliver)
        if self.dice.random() < self.wire.duplication:
            self.later(self.wire.delay_seconds * 3, deliver)

    def to_link(self, frames: list[bytes]) -> None:
        """Send frames of the client."""
        for frame in frames:
            self._carry(partial(self._deliver, frame))

    def _deliver(self, frame: bytes) -> None:
        self.absorb(self.link.receive(frame, self.now))

    def _to_peer(self, frame: bytes) -> None:
        self._carry(lambda: self.to_link(self.peer.receive(frame, self.now)))

    def absorb(self, effects: list[Effect]) -> None:
        """Carry out what the link orders."""
        for effect in effects:
            self.effects.append(effect)
            match effect:
                case SendFrame():
                    self._to_peer(effect.frame)
                case Authenticate():
                    self._judge(effect.credentials)
                case NetworkWanted():
                    self.later(self.address_seconds, self._give_network)
                case LinkEstablished() | NetworkUp() | Ipv6Up() | LinkEnded() | Noted() | Dropped():
                    pass
                case AddressWished():
                    pass
                case _:
                    assert_never(effect)

    def _judge(self, credentials: Credentials) -> None:
        if self.radius_seconds is None:
            return
        verdict = verify(credentials, b"alice", "secret")
        self.later(self.radius_seconds, lambda: self.absorb(self.link.judged(verdict, self.now)))

    def _give_network(self) -> None:
        if self.network is not None:
            self.absorb(self.link.start_network(self.network, self.now))

    def run(self, until: float, steps: int = 20_000) -> None:
        """Let time pass up to `until`."""
        for _ in range(steps):
            moments = [self.link.deadline, self.peer.deadline]
            moments.append(self._queue[0][0] if self._queue else None)
            moment = min((m for m in moments if m is not None), default=until)
            if moment >= until:
                self.now = until
                return
            self.now = max(self.now, moment)
            while self._queue and self._queue[0][0] <= self.now:
                heapq.heappop(self._queue)[2]()
            self.absorb(self.link.expire(self.now))
            self.to_link(self.peer.expire(self.now))
        raise AssertionError("the two never come to rest")

    def said(self, kind: type[Effect]) -> list[Effect]:
        """Return what the link said of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]
