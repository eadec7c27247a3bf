"""Orders of RADIUS, from the datagram to the sessions that they end or change (RFC 5176)."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from l2tpsec.concentrator.aaa import dynamic
from l2tpsec.concentrator.aaa.dynamic import Face, Order, Refusal
from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.effects import Effect, Report
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.model.cause import Cause
from l2tpsec.model.records import Level, Noted, Phase
from radius.dynamic import DynamicAuthorization, ErrorCause, Ordered
from radius.message import Message
from radius.notice import Noted as Notice
from radius.server.effects import Reply

_ASKED_ALREADY = "RADIUS is being asked about the session already, or it is ending: try again"


class Obedience:
    """Ends or changes the sessions that an order means; `nas_identifier` is ours."""

    def __init__(self, concentrator: Concentrator, nas_identifier: str) -> None:
        self._concentrator = concentrator
        self._nas_identifier = nas_identifier

    def obey(
        self, message: Message, sender: str, now: float
    ) -> tuple[Refusal | None, list[Effect]]:
        """Carry out an order of `sender`, or say why not."""
        directory = self._concentrator.directory
        servers = directory.server_addresses if message.get("NAS-IP-Address") is not None else ()
        faces = _faces(directory.candidates(message))
        order = dynamic.judge(
            message, faces, self._nas_identifier, self._concentrator.filters, servers
        )
        if isinstance(order, Refusal):
            return order, []
        found = [self._concentrator.subscribers.get(number) for number in order.numbers]
        chosen = [subscriber for subscriber in found if subscriber is not None]
        if order.state is not None and not all(subscriber.renewable for subscriber in chosen):
            return Refusal(ErrorCause.RESOURCES_UNAVAILABLE, _ASKED_ALREADY), []
        told = Noted(Phase.RADIUS, Level.INFO, f"{message.code.name} from {sender}")
        mine: list[Effect] = [Report(told, s.peer.label, s.user) for s in chosen]
        return None, [*mine, *self._carried_out(order, chosen, now)]

    def _carried_out(self, order: Order, chosen: list[Subscriber], now: float) -> list[Effect]:
        mine: list[Effect] = []
        if order.state is not None:
            for subscriber in chosen:
                mine += self._concentrator.renew(subscriber, order.state, now)
        elif order.change is not None:
            for subscriber in chosen:
                mine += self._concentrator.alter(subscriber, order.change, now)
        if order.ends:
            mine += self._concentrator.hang_up(chosen, Cause.ADMIN_RESET, now)
        return mine


def _faces(subscribers: Iterable[Subscriber]) -> Iterator[Face]:
    for subscriber in subscribers:
        if subscriber.connected and subscriber.lease is not None:
            address, identity = str(subscriber.lease.address), subscriber.chargeable_identity
            number, user, dialin = subscriber.number, subscriber.user, subscriber.dialin
            yield Face(number, user, address, dialin, identity, subscriber.ipv6.attributes)


class Orders:
    """Lets those be obeyed that `engine` lets through, and answers them."""

    def __init__(
        self, concentrator: Concentrator, engine: DynamicAuthorization, nas_identifier: str
    ) -> None:
        self._engine = engine
        self._obedience = Obedience(concentrator, nas_identifier)

    def receive(self, data: bytes, source: tuple[str, int], now: float) -> list[Effect | Reply]:
        """Take a datagram; a Reply goes back from the port where it came in."""
        mine: list[Effect | Reply] = []
        for effect in self._engine.receive(data, source, now):
            match effect:
                case Ordered():
                    mine += self._obey(effect, now)
                case Reply():
                    mine.append(effect)
                case Notice(text=text):
                    mine.append(_report(text))
                case _ as unreachable:
                    assert_never(unreachable)
        return mine

    def _obey(self, ordered: Ordered, now: float) -> list[Effect | Reply]:
        refusal, effects = self._obedience.obey(ordered.message, ordered.source[0], now)
        mine: list[Effect | Reply] = [*effects]
        cause, text = (refusal.cause, refusal.text) if refusal else (None, "")
        if cause is not None:
            mine.append(_report(refused(ordered, cause, text)))
        replies = self._engine.answer(ordered, cause, now)
        return [*mine, *(row for row in replies if isinstance(row, Reply))]


def refused(ordered: Ordered, cause: ErrorCause, text: str) -> str:
    """Say in words why an order was not obeyed."""
    told = f"{ordered.message.code.name} from {ordered.source[0]}"
    return f"{told} refused: {text} (Error-Cause {int(cause)})"


def _report(text: str) -> Report:
    return Report(Noted(Phase.RADIUS, Level.WARNING, text), "-")
