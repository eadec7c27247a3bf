"""The engine for orders to an access server: Disconnect and Change-of-Authorization (RFC 5176).

A request passes in this order: is its sender on the list, is it signed (Message-Authenticator is
required), is it recent, was it answered before. What is not, gets no answer at all. The rest is
`Ordered`, and `answer` makes the ACK or NAK of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import ip_address, ip_network

from radius.malformed import Malformed
from radius.message import Attribute, Code, Message
from radius.notice import Noted, Tally, printable
from radius.packet import Entropy, Packet, Unverified, decode, encode_reply, verify_request
from radius.server.duplicates import Duplicates
from radius.server.effects import Reply

_REPLIES = {
    Code.DISCONNECT_REQUEST: (Code.DISCONNECT_ACK, Code.DISCONNECT_NAK),
    Code.COA_REQUEST: (Code.COA_ACK, Code.COA_NAK),
}


class ErrorCause(IntEnum):
    """Why an order is not obeyed (RFC 5176 section 3.5)."""

    UNSUPPORTED_ATTRIBUTE = 401
    MISSING_ATTRIBUTE = 402
    NAS_IDENTIFICATION_MISMATCH = 403
    INVALID_REQUEST = 404
    UNSUPPORTED_SERVICE = 405
    INVALID_ATTRIBUTE_VALUE = 407
    SESSION_CONTEXT_NOT_FOUND = 503
    RESOURCES_UNAVAILABLE = 506
    REQUEST_INITIATED = 507


AUTHORIZE_ONLY = 17
"""Service-Type of what is asked, or is to be asked, without a password (RFC 5176 section 3.2)."""


@dataclass(frozen=True, slots=True)
class DynamicClient:
    """Who may give orders: an address or a network, and the shared secret."""

    network: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", str(ip_network(self.network)))
        if not self.secret:
            raise ValueError(f"the dynamic authorization client {self.network} needs a secret")


@dataclass(frozen=True, slots=True)
class DynamicSettings:
    """Clients; how far an Event-Timestamp may be off; how long replies are kept (RFC 5176 6.3).

    Without `event_timestamp_required` an order that has none can be replayed at any later time.
    """

    clients: tuple[DynamicClient, ...]
    window_seconds: float = 300.0
    duplicate_octets: int = 16 << 20
    event_timestamp_required: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """A verified Disconnect-Request or CoA-Request, to be obeyed or refused with `answer`."""

    message: Message
    request: Packet
    source: tuple[str, int]
    client: DynamicClient


Effect = Ordered | Reply | Noted


class DynamicAuthorization:
    """Judges who may give orders and answers them; `wall` tells seconds since 1970."""

    def __init__(
        self, settings: DynamicSettings, wall: Callable[[], float], entropy: Entropy
    ) -> None:
        self._settings = settings
        self._clients = sorted(
            ((ip_network(row.network), row) for row in settings.clients),
            key=lambda row: -row[0].prefixlen,
        )
        self._wall = wall
        self._entropy = entropy
        # a copy is known for as long as its Event-Timestamp would pass
        self._duplicates = Duplicates(2 * settings.window_seconds, settings.duplicate_octets)
        self._tally = Tally()

    @property
    def counts(self) -> dict[str, int]:
        """How many datagrams got no answer, by reason."""
        return dict(self._tally.counts)

    def receive(self, data: bytes, source: tuple[str, int], now: float) -> list[Effect]:
        """Take a datagram; return the order in it, or the answer that it had before."""
        host = ip_address(source[0])
        client = next((client for network, client in self._clients if host in network), None)
        if client is None:
            return self._dropped("stranger", source, "its sender is not among the clients")
        try:
            return self._verified(Packet.read(data), client, source, now)
        except Malformed as error:
            return self._dropped("malformed", source, str(error))
        except Unverified as error:
            return self._dropped("unverified", source, str(error))

    def answer(self, order: Ordered, cause: ErrorCause | None, now: float) -> list[Effect]:
        """Acknowledge an order, or refuse it for `cause`."""
        # both go back as they came (sections 3.1 and 3.3)
        states = [row for row in order.message.attributes if row[0] in ("State", "Proxy-State")]
        code, said = _verdict(order.message, cause)
        reply = Message(code, (*said, *states))
        request, client = order.request, order.client
        octets = encode_reply(reply, request, client.secret, self._entropy).octets
        self._duplicates.keep(client.network, request.authenticator, request, octets, now)
        return [Reply(order.source, octets)]

    def _verified(
        self, request: Packet, client: DynamicClient, source: tuple[str, int], now: float
    ) -> list[Effect]:
        if request.code not in _REPLIES:
            return self._dropped("code", source, f"code {request.code} is no order")
        verify_request(request, client.secret)
        message = decode(request, client.secret, request.authenticator)
        moment = message.number("Event-Timestamp")
        if moment is None and self._settings.event_timestamp_required:
            return self._dropped("undated", source, _UNDATED)
        if moment is not None and abs(moment - self._wall()) > self._settings.window_seconds:
            return self._dropped("stale", source, _STALE)
        # a checksum of all that it says: a copy is one from wherever it comes, for it is a replay
        place = request.authenticator
        if (stored := self._duplicates.find(client.network, place, request, now)) is not None:
            return [Reply(source, stored)]
        return [Ordered(message, request, source, client)]

    def _dropped(self, kind: str, source: tuple[str, int], why: str) -> list[Effect]:
        text = f"order from {printable(source[0])}:{source[1]} to RADIUS port dropped: {why}"
        return [*self._tally.note(kind, text)]


def _verdict(order: Message, cause: ErrorCause | None) -> tuple[Code, list[Attribute]]:
    """Return what the answer says; words have no place in it (section 3.6)."""
    ack, nak = _REPLIES[order.code]
    if cause is not None:
        return nak, [("Error-Cause", int(cause))]
    if order.code is Code.DISCONNECT_REQUEST:
        return ack, [("Acct-Terminate-Cause", _ADMIN_RESET)]
    if order.number("Service-Type") == AUTHORIZE_ONLY:
        # what it changes is up to the Access-Request that follows, so it is never acknowledged
        initiated = int(ErrorCause.REQUEST_INITIATED)
        return nak, [("Service-Type", AUTHORIZE_ONLY), ("Error-Cause", initiated)]
    return ack, []


_ADMIN_RESET = 6
_UNDATED = "it has no Event-Timestamp, which `require_event_timestamp` wants: it may be a replay"
_STALE = "its Event-Timestamp is too far from our clock: it is old, or one of the clocks is wrong"
