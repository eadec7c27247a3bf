"""The server engine: who asks, was it asked before, what is the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from radius.malformed import Malformed, Unencodable
from radius.message import Code, Message
from radius.notice import Level, Noted, Tally, printable
from radius.packet import Entropy, Packet, Unverified, decode, encode_reply, verify_request
from radius.server.access import Access, Verdict
from radius.server.accounting import ACKNOWLEDGED, Accounting
from radius.server.duplicates import Duplicates
from radius.server.effects import Effect, Reply
from radius.server.lockout import Lockout
from radius.server.rates import Rates
from radius.server.settings import NasClient, Port, Settings
from radius.server.users.logins import SqliteLogins
from radius.server.users.store import StoreBusy, StoreFailure, Users
from radius.server.users.usage import SqliteUsage


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, from where, to which port, under which secret, at which time of day."""

    request: Packet
    source: tuple[str, int]
    port: Port
    client: NasClient
    now: float
    wall: float

    @property
    def secret(self) -> bytes:
        """What it is signed with."""
        return self.client.secret

    @property
    def place(self) -> tuple[Port, tuple[str, int], int]:
        """What its sender uses for one request at a time (RFC 5080 section 2.2.2)."""
        return self.port, self.source, self.request.identifier

    @property
    def counter(self) -> str:
        """The access server, if it counts its sessions itself."""
        return self.source[0] if self.client.counts_sessions else ""


class Server:
    """Answers Access-Requests and Accounting-Requests of known access servers (RFC 2865, 2866).

    Whatever is unsigned, broken or from a stranger gets no answer at all, and a notice.
    """

    def __init__(
        self,
        settings: Settings,
        users: Users,
        entropy: Entropy,
        logins: SqliteLogins | None = None,
        usage: SqliteUsage | None = None,
    ) -> None:
        self.accounting = Accounting(usage)
        self.reload(settings.clients)
        self._entropy = entropy
        self._access = Access(
            users, entropy, self.accounting, Lockout(logins or SqliteLogins(), settings.lock_after)
        )
        self._duplicates = Duplicates(settings.duplicate_seconds, settings.duplicate_octets)
        self._rates = Rates(settings.most_hosts)
        self._tally = Tally()

    def reload(self, clients: Iterable[NasClient]) -> None:
        """Serve these clients from now on, and no others."""
        self._clients = sorted(
            ((ip_network(row.network), row) for row in clients), key=lambda row: -row[0].prefixlen
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many datagrams got no answer, by reason."""
        return dict(self._tally.counts)

    def authorize(self, name: str, wall: float) -> Verdict:
        """Say what a user with the right password would hear, for administrators."""
        return self._access.authorize(name, wall)

    def receive(
        self,
        data: bytes,
        source: tuple[str, int],
        now: float,
        wall: float = 0.0,
        port: Port = Port.AUTHENTICATION,
    ) -> list[Effect]:
        """Take a datagram; return its reply, if it deserves one, and what the log should say.

        `now` is monotonic, `wall` Unix time, by which hours, expiries and one-time passwords go.
        """
        client = self._client_of(source[0])
        if client is None:
            return self._dropped("stranger", source, "this address is not among the RADIUS clients")
        try:
            question = _Question(Packet.read(data), source, port, client, now, wall)
            return self._verified(question)
        except (Malformed, Unverified) as error:
            kind = "malformed" if isinstance(error, Malformed) else "unverified"
            return self._dropped(kind, source, str(error))
        except StoreBusy as error:
            return self._dropped("busy", source, f"{error}; a repetition is answered")
        except StoreFailure as error:
            # silence makes the access server ask its next server
            return [Noted(Level.ERROR, str(error))]
        except Unencodable as error:
            return [Noted(Level.ERROR, f"the reply to {source[0]} cannot be written: {error}")]

    def _client_of(self, address: str) -> NasClient | None:
        """Return the client of the narrowest network that holds the address."""
        host = ip_address(address)
        # a socket for both families shows IPv4 inside IPv6
        host = (isinstance(host, IPv6Address) and host.ipv4_mapped) or host
        return next((client for network, client in self._clients if host in network), None)

    def _verified(self, question: _Question) -> list[Effect]:
        request, source = question.request, question.source
        if request.code not in _SERVED:
            return self._dropped("code", source, f"code {request.code} is not served")
        verify_request(request, question.secret)
        client, now, place = question.client, question.now, question.place
        if (stored := self._duplicates.find(client.network, place, request, now)) is not None:
            return [Reply(source, stored)]
        # counted are its own requests alone: whoever forges its address could use up its share
        if not self._rates.allows(source[0], client.requests_per_second, now):
            return self._dropped("rate", source, _TOO_OFTEN.format(client.requests_per_second))
        message = decode(request, question.secret, request.authenticator)
        return self._answer(question, message)

    def _answer(self, question: _Question, message: Message) -> list[Effect]:
        match message.code:
            case Code.STATUS_SERVER:
                return [self._reply(question, message, _ALIVE[question.port])]
            case Code.ACCOUNTING_REQUEST:
                if why := self._record(message, question):
                    return self._dropped("incomplete", question.source, why)
                return [self._reply(question, message, ACKNOWLEDGED)]
            case _:
                vector = question.request.authenticator
                wall, counter = question.wall, question.counter
                verdict = self._access.judge(message, vector, wall, counter)
                reply = self._reply(question, message, verdict.reply)
                return [reply, verdict.noted, *self._complained(verdict)]

    def _record(self, message: Message, question: _Question) -> str | None:
        return self.accounting.record(message, question.source[0], question.wall)

    def _reply(self, question: _Question, message: Message, answer: Message) -> Reply:
        # proxies find their way back by these (RFC 2865 section 5.33)
        states = [("Proxy-State", value) for value in message.all("Proxy-State")]
        full = Message(answer.code, (*answer.attributes, *states))
        request, client = question.request, question.client.network
        reply = encode_reply(full, request, question.secret, self._entropy).octets
        self._duplicates.keep(client, question.place, request, reply, question.now)
        return Reply(question.source, reply)

    def _complained(self, verdict: Verdict) -> list[Noted]:
        return self._tally.note("log", verdict.complaint) if verdict.complaint else []

    def _dropped(self, kind: str, source: tuple[str, int], why: str) -> list[Effect]:
        text = f"RADIUS datagram from {printable(source[0])}:{source[1]} dropped: {why}"
        return [*self._tally.note(kind, text)]


_SERVED = (Code.ACCESS_REQUEST, Code.ACCOUNTING_REQUEST, Code.STATUS_SERVER)
# RFC 5997 section 3: a server that is alive says so by what its port is for
_ALIVE = {Port.AUTHENTICATION: Message(Code.ACCESS_ACCEPT), Port.ACCOUNTING: ACKNOWLEDGED}
_TOO_OFTEN = "it asks more than {:g} times a second: raise its limit if it may"
