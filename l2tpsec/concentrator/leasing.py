"""What clients ask of DHCP, and what the site's servers answer: which session hears of it."""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.concentrator import dhcp as link
from l2tpsec.concentrator.effects import (
    AskLease,
    DeclineLease,
    Report,
    SendPacket,
    TransmitDhcp,
)
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers, Turn
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.dhcp import effects as dhcp
from l2tpsec.protocols.dhcp.agent import DhcpAgent
from l2tpsec.protocols.dhcp.packet import Message
from l2tpsec.protocols.dhcp.settings import DhcpSettings

Output = TransmitDhcp | SendPacket | Report | Turn


class Leasing:
    """One DHCP agent for the sessions in `subscribers`."""

    def __init__(self, settings: DhcpSettings, subscribers: Subscribers, entropy: Entropy) -> None:
        self._gateway = settings.gateway
        self._subscribers = subscribers
        self._agent = DhcpAgent(settings, entropy)

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        return self._agent.deadline

    def question(self, subscriber: Subscriber, packet: bytes, now: float) -> list[Output]:
        """Take what a client sent to the DHCP server of its link."""
        if (terms := subscriber.terms) is None:
            return [_dropped(subscriber, "DHCP of no session")]
        try:
            asked = link.question(packet)
        except Malformed as error:
            return [_dropped(subscriber, "malformed", str(error))]
        number, applicant = subscriber.number, subscriber.applicant
        return self._translated(self._agent.request(number, asked, terms, applicant, now), now)

    def receive(self, data: bytes, source: IPv4Address, now: float) -> list[Output]:
        """Take a datagram that came to UDP 67 of our PPP address."""
        return self._translated(self._agent.receive(data, source, now), now)

    def expects(self, data: bytes) -> bool:
        """Tell whether a datagram answers what we asked."""
        return self._agent.expects(data)

    def obey(
        self, subscriber: Subscriber, order: AskLease | DeclineLease, now: float
    ) -> list[Output]:
        """Lease an address for a session, or another one than it has got."""
        if isinstance(order, DeclineLease):
            return self._translated(self._agent.decline(order.number, now), now)
        return self._translated(self._agent.acquire(order.number, subscriber.applicant, now), now)

    def release(self, number: int, now: float) -> list[Output]:
        """Give back what a session had."""
        return self._translated(self._agent.release(number, now), now)

    def expire(self, now: float) -> list[Output]:
        """Do what is due."""
        return self._translated(self._agent.expire(now), now)

    def _translated(self, effects: Iterable[dhcp.Effect], now: float) -> list[Output]:
        return [mine for effect in effects for mine in self._translate(effect, now)]

    def _translate(self, effect: dhcp.Effect, now: float) -> list[Output]:
        if isinstance(effect, dhcp.Transmit):
            return [TransmitDhcp(effect.destination, effect.data)]
        subscriber = self._subscribers.get(effect.token)
        if isinstance(effect, dhcp.Report):
            label = subscriber.peer.label if subscriber else "-"
            return [Report(effect.record, label, subscriber.user if subscriber else "")]
        if subscriber is None:
            return []
        match effect:
            case dhcp.Answered(message=message):
                return [*self._answer(subscriber, message)]
            case dhcp.Leased(address=address, options=options):
                return [(subscriber, subscriber.leased(address, options, now))]
            case dhcp.Lost(reason=reason):
                return [(subscriber, subscriber.lease_lost(reason, now))]
            case _ as unreachable:
                assert_never(unreachable)

    def _answer(self, subscriber: Subscriber, message: Message) -> list[SendPacket]:
        if subscriber.lease is None:
            return []
        client = subscriber.lease.address
        packets = link.answer(message, self._gateway, client, subscriber.mtu)
        return [SendPacket(subscriber.peer.id, subscriber.ids, packet) for packet in packets]


def _dropped(subscriber: Subscriber, reason: str, detail: str = "") -> Report:
    return Report(Dropped(Phase.DHCP, reason, detail), subscriber.peer.label)
