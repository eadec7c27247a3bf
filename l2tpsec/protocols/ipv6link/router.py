"""The router of one link: advertises itself, answers what a client asks of its link."""

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.inet import icmpv6, ipv6, udp
from l2tpsec.protocols.inet.icmpv6 import Icmpv6
from l2tpsec.protocols.inet.ipv6 import Ipv6
from l2tpsec.protocols.ipv6link import discovery, information
from l2tpsec.protocols.ipv6link.discovery import (
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
)
from l2tpsec.protocols.ipv6link.effects import Effect, SendPacket
from l2tpsec.protocols.ipv6link.settings import LinkSettings

FIRST_SECONDS = (2.0, 8.0)
"""After the first advertisement, until the next ones: a client may take a while to listen."""

_ANSWERS_PER_SECOND = 2
_ANSWERS_AT_ONCE = 10
_ALL_ROUTERS = ipv6.ALL_NODES[:15] + b"\x02"


class Router:
    """A link's router, from `start` on."""

    def __init__(self, settings: LinkSettings, entropy: Entropy) -> None:
        self.deadline: float | None = None
        self._settings = settings
        self._entropy = entropy
        self._answers = Bucket(_ANSWERS_PER_SECOND, _ANSWERS_AT_ONCE)
        self._advertised = 0

    def start(self, now: float) -> list[Effect]:
        """Advertise at once: the client may have asked before IPv6 was up here."""
        return self._advertise(now)

    def expire(self, now: float) -> list[Effect]:
        """Advertise when it is time (RFC 4861 section 6.2.4)."""
        return self._advertise(now) if self.deadline is not None and now >= self.deadline else []

    def receive(self, packet: bytes, now: float) -> list[Effect]:
        """Take an IPv6 packet that the client sent to its link, and not through it."""
        try:
            fields = ipv6.decode(packet)
            effects = self._answer(fields)
        except Malformed as error:
            return [Dropped(Phase.SESSION, "malformed", str(error))]
        if any(isinstance(effect, SendPacket) for effect in effects) and not self._may(now):
            return _dropped("too many questions of a link's router")
        return effects

    def _may(self, now: float) -> bool:
        return self._answers.take(now)

    def _answer(self, fields: Ipv6) -> list[Effect]:
        if fields.next_header == icmpv6.PROTOCOL:
            message = icmpv6.decode(fields.payload, fields.source, fields.destination)
            return self._icmp(fields, message)
        if fields.next_header == udp.PROTOCOL:
            return self._datagram(fields, udp.decode(fields.payload))
        return _dropped("IPv6 packet for the link of no known protocol")

    def _icmp(self, fields: Ipv6, message: Icmpv6) -> list[Effect]:
        if message.type == icmpv6.ECHO_REQUEST:
            return self._echo(fields, message)
        if message.type not in (ROUTER_SOLICITATION, NEIGHBOUR_SOLICITATION):
            return _dropped("ICMPv6 message that no router answers")
        if fields.hop_limit != discovery.HOP_LIMIT or message.code:
            return _dropped("Neighbour Discovery message not of this link")
        if message.type == ROUTER_SOLICITATION:
            return self._router_solicited(fields, message)
        return self._neighbour_solicited(fields, message)

    def _echo(self, fields: Ipv6, message: Icmpv6) -> list[Effect]:
        ours = (self._settings.address, ipv6.ALL_NODES, _ALL_ROUTERS)
        if fields.destination not in ours or not ipv6.is_link_local(fields.source):
            return _dropped("echo request for nobody here")
        return self._send(Icmpv6(icmpv6.ECHO_REPLY, 0, message.body), fields.source)

    def _router_solicited(self, fields: Ipv6, message: Icmpv6) -> list[Effect]:
        options = discovery.router_solicitation(message.body)
        nobody = fields.source == ipv6.UNSPECIFIED
        if nobody and discovery.SOURCE_LINK_LAYER in options:
            return _dropped("Neighbour Discovery message not of this link")
        return self._send(self._advertisement(), ipv6.ALL_NODES if nobody else fields.source)

    def _neighbour_solicited(self, fields: Ipv6, message: Icmpv6) -> list[Effect]:
        target = discovery.neighbour_solicitation(message.body)
        if target != self._settings.address:
            return _dropped("neighbour solicited that is not here")
        nobody = fields.source == ipv6.UNSPECIFIED
        body = discovery.neighbour_advertisement(target, solicited=not nobody)
        answer = Icmpv6(NEIGHBOUR_ADVERTISEMENT, 0, body)
        return self._send(answer, ipv6.ALL_NODES if nobody else fields.source)

    def _datagram(self, fields: Ipv6, datagram: udp.Udp) -> list[Effect]:
        if datagram.destination_port != information.SERVER_PORT:
            return _dropped("UDP for the link to another port than DHCPv6's")
        if fields.destination != information.ALL_AGENTS or not ipv6.is_link_local(fields.source):
            return _dropped("DHCPv6 message not of this link")
        message = information.decode(datagram.payload)
        if reason := information.refusal(message, self._settings):
            return _dropped(reason)
        content = information.reply(message, self._settings)
        return self._reply(content, fields.source, datagram.source_port)

    def _reply(self, content: bytes, client: bytes, port: int) -> list[Effect]:
        ours = self._settings.address
        datagram = udp.encode(udp.Udp(information.SERVER_PORT, port, content), ours, client)
        return [SendPacket(ipv6.encode(Ipv6(udp.PROTOCOL, ours, client, datagram)))]

    def _advertisement(self) -> Icmpv6:
        return Icmpv6(ROUTER_ADVERTISEMENT, 0, discovery.router_advertisement(self._settings))

    def _advertise(self, now: float) -> list[Effect]:
        first = FIRST_SECONDS[self._advertised : self._advertised + 1]
        self.deadline = now + (first[0] if first else self._interval())
        self._advertised += 1
        return self._send(self._advertisement(), ipv6.ALL_NODES)

    def _interval(self) -> float:
        # Between three quarters and the whole, so that routers do not fall into step.
        return discovery.INTERVAL_SECONDS * (1 - self._entropy(1)[0] / 1024)

    def _send(self, message: Icmpv6, destination: bytes) -> list[Effect]:
        ours = self._settings.address
        return [
            SendPacket(icmpv6.packet(message, ours, destination, discovery.HOP_LIMIT)),
        ]


def _dropped(reason: str) -> list[Effect]:
    return [Dropped(Phase.SESSION, reason)]
