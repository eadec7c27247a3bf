"""A RADIUS server on the simulated network, with users in memory."""

from collections.abc import Callable
from typing import Protocol

from l2tpsec.model.path import Endpoint
from radius import mschap
from radius.message import Attribute, Code, Message
from radius.notice import Noted
from radius.packet import Packet, decode
from radius.server.access import Access, Verdict
from radius.server.effects import Reply
from radius.server.server import Server
from radius.server.settings import NasClient, Settings
from radius.server.users.store import User
from tests.network.internet import Packet as Datagram
from tests.network.internet import Segment

SECRET = b"between access server and RADIUS"
PORTS = (1812, 1813)


class People:
    """Users in memory."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def add(
        self, name: str, password: str, *, enabled: bool = True, address: str | None = None
    ) -> None:
        nt_hash = mschap.nt_hash(password)
        self._users[name] = User(name, nt_hash, enabled, address, chap=True, password=password)

    def find(self, name: str) -> User | None:
        return self._users.get(name)

    def change_password(self, name: str, password: str) -> None:
        self.add(name, password)

    def password_of(self, user: User) -> str | None:
        return self._users[user.name].password

    def one_time_secret_of(self, user: User) -> bytes | None:
        return None

    def use_step(self, name: str, step: int) -> bool:
        return False


class Judge(Protocol):
    """Whoever judges EAP."""

    def judge(self, message: Message) -> Verdict: ...


class Generous:
    """The server's judgement, with more attributes in an Access-Accept than it knows of.

    `examiner` judges EAP in place of the server, which refuses it.
    """

    def __init__(self, access: Access) -> None:
        self.grants: dict[str, list[Attribute]] = {}
        self.examiner: Judge | None = None
        self._access = access

    def judge(
        self, message: Message, authenticator: bytes, wall: float, counter: str = ""
    ) -> Verdict:
        if self.examiner is not None and message.get("EAP-Message") is not None:
            verdict = self.examiner.judge(message)
        else:
            verdict = self._access.judge(message, authenticator, wall, counter)
        if verdict.reply.code is not Code.ACCESS_ACCEPT:
            return verdict
        more = self.grants.get(message.text("User-Name") or "", [])
        names = {name for name, _ in more}
        given = [row for row in verdict.reply.attributes if row[0] not in names]
        reply = Message(Code.ACCESS_ACCEPT, (*given, *more))
        return Verdict(reply, verdict.noted)


class Accounts:
    """One host with the server on both ports; `silent` makes it deaf, `grants` are by user."""

    def __init__(
        self,
        segment: Segment,
        address: str,
        entropy: Callable[[int], bytes],
        secret: bytes = SECRET,
    ) -> None:
        self.people = People()
        self.silent = False
        self.address = address
        settings = Settings((NasClient("0.0.0.0/0", secret),))
        self.server = Server(settings, self.people, entropy)
        access = Generous(self.server._access)
        self.server._access = access  # type: ignore[assignment]  # judges alike
        self.grants = access.grants
        self.judgement = access
        self.notices: list[str] = []
        self.records: list[Message] = []
        self.requests = 0
        self._segment = segment
        self._secret = secret
        segment.attach(address, self._receive)

    def _receive(self, packet: Datagram) -> None:
        if self.silent or packet.destination.port not in PORTS:
            return
        self.requests += 1
        if packet.destination.port == 1813:
            request = Packet.read(packet.payload)
            self.records.append(decode(request, self._secret, request.authenticator))
        now = self._segment.clock.now
        for effect in self.server.receive(packet.payload, packet.source, now, now):
            if isinstance(effect, Noted):
                self.notices.append(effect.text)
            if isinstance(effect, Reply):
                back = Endpoint(*effect.destination)
                answer = Datagram(packet.protocol, packet.destination, back, effect.data)
                self._segment.carry(answer)

    @property
    def online(self) -> list[str]:
        """Names of the users whose sessions are on the books."""
        return [row.user for row in self.server.accounting.sessions]
