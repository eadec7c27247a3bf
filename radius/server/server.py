"""The server engine: who asks, was it asked before, what is the answer."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from radius.malformed import Malformed, Unencodable
from radius.message import Code, Message
from radius.notice import Level, Noted, Tally, printable
from radius.packet import Entropy, Packet, Unverified, decode, encode_reply, verify_request
from radius.server.access import Access
from radius.server.accounting import ACKNOWLEDGED, Accounting
from radius.server.duplicates import Duplicates
from radius.server.effects import Effect, Reply
from radius.server.settings import Settings
from radius.server.users.store import StoreFailure, Users


@dataclass(frozen=True, slots=True)
class _Question:
    """A verified request, from where, under which secret."""

    request: Packet
    source: tuple[str, int]
    secret: bytes = field(repr=False)
    message: Message


class Server:
    """Answers Access-Requests and Accounting-Requests of known access servers (RFC 2865, 2866).

    Whatever is unsigned, broken or from a stranger gets no answer at all, and a notice.
    """

    def __init__(self, settings: Settings, users: Users, entropy: Entropy) -> None:
        self.accounting = Accounting(settings.most_sessions)
        self._clients = sorted(
            ((ip_network(row.network), row.secret) for row in settings.clients),
            key=lambda row: -row[0].prefixlen,
        )
        self._entropy = entropy
        self._access = Access(users, entropy)
        self._duplicates = Duplicates(settings.duplicate_seconds, settings.most_duplicates)
        self._tally = Tally()

    @property
    def counts(self) -> dict[str, int]:
        """How many datagrams got no answer, by reason."""
        return dict(self._tally.counts)

    def receive(self, data: bytes, source: tuple[str, int], now: float) -> list[Effect]:
        """Take a datagram; return its reply, if it deserves one, and what the log should say."""
        secret = self._secret_of(source[0])
        if secret is None:
            return self._dropped("stranger", source, "this address is not among the RADIUS clients")
        try:
            return self._verified(Packet.read(data), secret, source, now)
        except Malformed as error:
            return self._dropped("malformed", source, str(error))
        except Unverified as error:
            return self._dropped("unverified", source, str(error))
        except StoreFailure as error:
            # silence makes the access server ask its next server
            return [Noted(Level.ERROR, str(error))]
        except Unencodable as error:
            return [Noted(Level.ERROR, f"the reply to {source[0]} cannot be written: {error}")]

    def _secret_of(self, address: str) -> bytes | None:
        """Return the secret of the narrowest network that holds the address."""
        host = ip_address(address)
        return next((secret for network, secret in self._clients if host in network), None)

    def _verified(
        self, request: Packet, secret: bytes, source: tuple[str, int], now: float
    ) -> list[Effect]:
        if request.code not in (Code.ACCESS_REQUEST, Code.ACCOUNTING_REQUEST):
            return self._dropped("code", source, f"code {request.code} is not served")
        verify_request(request, secret)
        if (stored := self._duplicates.find(request, source, now)) is not None:
            return [Reply(source, stored)]
        message = decode(request, secret, request.authenticator)
        return self._answer(_Question(request, source, secret, message), now)

    def _answer(self, question: _Question, now: float) -> list[Effect]:
        message, source = question.message, question.source
        if message.code is Code.ACCOUNTING_REQUEST:
            if why := self.accounting.record(message, source[0], now):
                return self._dropped("incomplete", source, why)
            return [self._reply(question, ACKNOWLEDGED, now)]
        verdict = self._access.judge(message, question.request.authenticator)
        return [self._reply(question, verdict.reply, now), verdict.noted]

    def _reply(self, question: _Question, answer: Message, now: float) -> Reply:
        # proxies find their way back by these (RFC 2865 section 5.33)
        states = [("Proxy-State", value) for value in question.message.all("Proxy-State")]
        full = Message(answer.code, (*answer.attributes, *states))
        octets = encode_reply(full, question.request, question.secret, self._entropy).octets
        self._duplicates.keep(question.request, question.source, octets, now)
        return Reply(question.source, octets)

    def _dropped(self, kind: str, source: tuple[str, int], why: str) -> list[Effect]:
        text = f"RADIUS datagram from {printable(source[0])}:{source[1]} dropped: {why}"
        return [*self._tally.note(kind, text)]
