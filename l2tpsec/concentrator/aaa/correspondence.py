"""What goes to RADIUS servers and comes back: questions on sessions, and the ledger's records."""

from collections.abc import Iterable
from typing import assert_never

from l2tpsec.concentrator.aaa.ledger import Ledger, LedgerEffect
from l2tpsec.concentrator.effects import (
    AppendRecord,
    ConnectRadius,
    Deliver,
    DisconnectRadius,
    Judged,
    Report,
    TransmitRadius,
)
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.records import Level, Noted, Phase
from radius.client import effects as radius
from radius.client.client import Client
from radius.client.settings import Settings
from radius.message import Message
from radius.notice import Noted as Notice

Output = TransmitRadius | ConnectRadius | DisconnectRadius | AppendRecord | Report | Judged


class Correspondence:
    """One client for both: an Access-Request's token is above zero, a record's below."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self._token = 0
        self._asked: dict[int, int] = {}

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        moments = (self._client.deadline, self._ledger.deadline)
        return soonest(moments)

    @property
    def pending(self) -> int:
        """How many requests are under way."""
        return self._client.pending

    @property
    def waiting(self) -> int:
        """How many accounting records no server has acknowledged."""
        return self._ledger.waiting

    @property
    def events(self) -> dict[tuple[str, str], int]:
        """What became of requests, by server and event."""
        return self._client.events

    def alive(self, now: float) -> dict[str, bool]:
        """Tell of every server whether it is asked."""
        return self._client.alive(now)

    def open(self, now: float) -> list[Output]:
        """Tell RADIUS that we serve, and what a predecessor left untold."""
        return self._from_ledger(self._ledger.open(), now)

    def release(self, now: float) -> list[Output]:
        """Deliver the records that were held back: another has told RADIUS that we serve."""
        return self._from_ledger(self._ledger.release(), now)

    def close(self, now: float) -> list[Output]:
        """Tell RADIUS that we serve no more."""
        return self._from_ledger(self._ledger.close(), now)

    def ask(self, number: int, message: Message, now: float) -> list[Output]:
        """Send an Access-Request of the session `number`; Judged follows."""
        self._token += 1
        self._asked[self._token] = number
        return self._from_client(self._client.request(self._token, message, now), now)

    def record(self, message: Message, now: float) -> list[Output]:
        """Deliver an Accounting-Request, whatever it takes."""
        return self._from_ledger(self._ledger.record(message), now)

    def receive(self, data: bytes, source: tuple[str, int], slot: int, now: float) -> list[Output]:
        """Take a RADIUS packet that came to the local socket numbered `slot`."""
        return self._from_client(self._client.receive(data, source, slot, now), now)

    def connected(self, server: tuple[str, int], now: float) -> list[Output]:
        """Take a TLS connection to a server."""
        return self._from_client(self._client.connected(server, now), now)

    def disconnected(self, server: tuple[str, int], reason: str, now: float) -> list[Output]:
        """Do without a TLS connection that ended or could not be had."""
        return self._from_client(self._client.disconnected(server, reason, now), now)

    def reload(self, settings: Settings, now: float) -> list[Output]:
        """Take new servers; what is asked of the old ones goes on."""
        return self._from_client(self._client.reload(settings, now), now)

    def expire(self, now: float) -> list[Output]:
        """Do what is due."""
        effects = self._from_client(self._client.expire(now), now)
        return effects + self._from_ledger(self._ledger.expire(now), now)

    def _from_client(self, effects: Iterable[radius.Effect], now: float) -> list[Output]:
        return [mine for effect in effects for mine in self._translate(effect, now)]

    def _translate(self, effect: radius.Effect, now: float) -> list[Output]:
        match effect:
            case radius.Transmit(slot, destination, data):
                return [TransmitRadius(slot, destination, data)]
            case radius.Connect(server):
                return [ConnectRadius(server)]
            case radius.Disconnect(server):
                return [DisconnectRadius(server)]
            case radius.Answered(token, message):
                return self._answered(token, message, now)
            case radius.Unanswered(token, reason):
                return self._unanswered(token, reason, now)
            case Notice(level, text):
                loudness = Level.INFO if level.name == "INFO" else Level.WARNING
                return [Report(Noted(Phase.RADIUS, loudness, text), "-")]
            case _ as unreachable:
                assert_never(unreachable)

    def _answered(self, token: int, reply: Message, now: float) -> list[Output]:
        if token < 0:
            return self._from_ledger(self._ledger.answered(-token, now), now)
        return [Judged(self._asked.pop(token, 0), reply)]

    def _unanswered(self, token: int, reason: str, now: float) -> list[Output]:
        if token < 0:
            return self._from_ledger(self._ledger.unanswered(-token, reason, now), now)
        return [Judged(self._asked.pop(token, 0), None, reason)]

    def _from_ledger(self, effects: Iterable[LedgerEffect], now: float) -> list[Output]:
        mine: list[Output] = []
        for effect in effects:
            match effect:
                case Deliver(number, message):
                    mine += self._from_client(self._client.request(-number, message, now), now)
                case Noted():
                    mine.append(Report(effect, "-"))
                case _:
                    mine.append(effect)
        return mine
