"""A RADIUS client and real server engines under a virtual clock, over a network that loses."""

import heapq
import random
from collections.abc import Callable
from functools import partial
from itertools import count

from radius import mschap
from radius.client.client import Client
from radius.client.effects import (
    STREAM,
    Address,
    Answered,
    Connect,
    Disconnect,
    Effect,
    Transmit,
    Unanswered,
)
from radius.client.settings import Server as Upstream
from radius.client.settings import Settings, Transport
from radius.message import Code, Message
from radius.notice import Noted
from radius.packet import Packet
from radius.server.effects import Reply
from radius.server.server import Server
from radius.server.settings import NasClient
from radius.server.settings import Settings as ServerSettings
from radius.server.users.store import User

NAS = "198.51.100.1"
LOGIN = Message(Code.ACCESS_REQUEST, [("User-Name", "bob"), ("User-Password", b"pw")])
START = Message(
    Code.ACCOUNTING_REQUEST,
    [("User-Name", "bob"), ("Acct-Status-Type", "Start"), ("Acct-Session-Id", "1")],
)


class Bob:
    """A store with one user."""

    def find(self, name: str) -> User | None:
        return User("bob", mschap.nt_hash("pw")) if name == "bob" else None

    def one_time_secret_of(self, user: User) -> bytes | None:
        return None

    def use_step(self, name: str, step: int) -> bool:
        return False

    def password_of(self, user: User) -> str | None:
        return None

    def change_password(self, name: str, password: str) -> None:
        raise AssertionError(name)


def source_of_octets(seed: int = 0) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def places(server: Upstream) -> list[tuple[bool, Address]]:
    if server.transport is Transport.TLS:
        return [(True, (server.address, server.tls_port))]
    return [(False, (server.address, port)) for port in (server.auth_port, server.acct_port)]


class Net:
    """A client and its servers; `lose` decides over each datagram by its number.

    Servers in `down` are silent, those in `deaf` to Status-Server too; `refused` are connections.
    """

    def __init__(self, chosen: Settings, lose: Callable[[int], bool] = lambda _: False) -> None:
        self.now = 1000.0
        self.client = Client(chosen, source_of_octets())
        self.lose = lose
        self.down: set[Address] = set()
        self.deaf: set[Address] = set()
        self.refused: set[Address] = set()
        self.open: set[Address] = set()
        self.delay = 0.01
        self.delays: dict[Address, float] = {}
        self.sent: list[Transmit] = []
        self.connects: list[tuple[float, Address]] = []
        self.told: list[Effect] = []
        self.ended: dict[int, float] = {}
        self.servers: dict[Address, Server] = {}
        self._flying: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.start_servers(chosen)
        self.apply(self.client.expire(self.now))

    def start_servers(self, chosen: Settings) -> None:
        for server in chosen.servers:
            nas = NasClient(NAS, server.secret, None)
            for _, place in places(server):
                engine = Server(ServerSettings((nas,)), Bob(), source_of_octets(1))
                self.servers[place] = engine

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    self.sent.append(effect)
                    self._fly(effect.slot, partial(self._serve, effect))
                case Connect(place):
                    self.connects.append((self.now, place))
                    self._fly(STREAM, partial(self._connect, place))
                case Disconnect(place):
                    self.open.discard(place)
                case _:
                    self.told.append(effect)
                    if isinstance(effect, Answered | Unanswered):
                        self.ended[effect.token] = self.now

    def _fly(self, slot: int, arrive: Callable[[], None], delay: float | None = None) -> None:
        number = next(self._order)
        if slot == STREAM or not self.lose(number):
            delay = self.delay if delay is None else delay
            heapq.heappush(self._flying, (self.now + delay, number, arrive))

    def _connect(self, place: Address) -> None:
        if place in self.refused:
            return self.apply(self.client.disconnected(place, "refused", self.now))
        self.open.add(place)
        return self.apply(self.client.connected(place, self.now))

    def cut(self, place: Address) -> None:
        """End a connection from outside."""
        self.open.discard(place)
        self.apply(self.client.disconnected(place, "reset", self.now))

    def _serve(self, order: Transmit) -> None:
        place = order.destination
        status = Packet.read(order.data).code == Code.STATUS_SERVER
        if place in self.down or (order.slot == STREAM and place not in self.open):
            return
        if status and place in self.deaf:
            return
        nas = (NAS, 40000 + order.slot)
        for effect in self.servers[place].receive(order.data, nas, self.now):
            if isinstance(effect, Reply):
                arrive = partial(self._reply, order, effect.data)
                self._fly(order.slot, arrive, self.delays.get(place))

    def _reply(self, order: Transmit, data: bytes) -> None:
        place = order.destination
        if order.slot != STREAM or place in self.open:
            self.apply(self.client.receive(data, place, order.slot, self.now))

    def request(self, token: int, message: Message) -> None:
        self.apply(self.client.request(token, message, self.now))

    def reload(self, chosen: Settings) -> None:
        self.start_servers(chosen)
        self.apply(self.client.reload(chosen, self.now))

    def run(self, until: float | None = None) -> None:
        """Let time pass until that moment, or until every request has ended."""
        while until is not None or self.client.pending or self._flying:
            deadline = self.client.deadline
            times = [row[0] for row in self._flying[:1]] + ([deadline] if deadline else [])
            if until is not None and min(times, default=until) >= until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            if self._flying and self._flying[0][0] <= self.now:
                heapq.heappop(self._flying)[2]()
            else:
                self.apply(self.client.expire(self.now))

    def codes(self, place: Address) -> list[int]:
        """What was sent there."""
        return [Packet.read(row.data).code for row in self.sent if row.destination == place]

    @property
    def ends(self) -> list[Answered | Unanswered]:
        return [e for e in self.told if isinstance(e, Answered | Unanswered)]

    @property
    def accepted(self) -> list[int]:
        return sorted(end.token for end in self.ends if isinstance(end, Answered))

    @property
    def texts(self) -> list[str]:
        return [e.text for e in self.told if isinstance(e, Noted)]
