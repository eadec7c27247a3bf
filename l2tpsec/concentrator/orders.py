"""Orders of RADIUS, from the datagram to the sessions that they end or change (RFC 5176)."""

from collections.abc import Iterator
from typing import assert_never

from l2tpsec.concentrator.aaa import dynamic
from l2tpsec.concentrator.aaa.dynamic import Face, Refusal
from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.effects import Effect, Report
from l2tpsec.model.cause import Cause
from l2tpsec.model.records import Level, Noted, Phase
from radius.dynamic import DynamicAuthorization, Ordered
from radius.notice import Noted as Notice
from radius.server.effects import Reply


class Orders:
    """Obeys those that `engine` lets through; `nas_identifier` is ours."""

    def __init__(
        self, concentrator: Concentrator, engine: DynamicAuthorization, nas_identifier: str
    ) -> None:
        self._concentrator = concentrator
        self._engine = engine
        self._nas_identifier = nas_identifier

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
        told = f"{ordered.message.code.name} from {ordered.source[0]}"
        order = dynamic.judge(
            ordered.message, self._faces(), self._nas_identifier, self._concentrator.filters
        )
        if isinstance(order, Refusal):
            replies = self._engine.answer(ordered, order.cause, order.text, now)
            report = _report(f"{told} refused: {order.text} (Error-Cause {int(order.cause)})")
            return [report, *(row for row in replies if isinstance(row, Reply))]
        found = [self._concentrator.subscribers.get(number) for number in order.numbers]
        chosen = [subscriber for subscriber in found if subscriber is not None]
        mine: list[Effect | Reply] = [
            Report(Noted(Phase.RADIUS, Level.INFO, told), s.peer.label, s.user) for s in chosen
        ]
        if order.change is None:
            mine += self._concentrator.hang_up(chosen, Cause.ADMIN_RESET, now)
        else:
            for subscriber in chosen:
                mine += self._concentrator.alter(subscriber, order.change, now)
        replies = self._engine.answer(ordered, None, "", now)
        return [*mine, *(row for row in replies if isinstance(row, Reply))]

    def _faces(self) -> Iterator[Face]:
        for subscriber in self._concentrator.subscribers:
            if subscriber.connected and subscriber.lease is not None:
                address = str(subscriber.lease.address)
                yield Face(subscriber.number, subscriber.user, address, subscriber.dialin)


def _report(text: str) -> Report:
    return Report(Noted(Phase.RADIUS, Level.WARNING, text), "-")
