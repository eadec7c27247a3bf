"""Our place between PPP clients and the site's DHCP servers: one port, replies told apart by xid.

Without servers it only answers DHCPINFORM.
"""

from ipaddress import IPv4Address

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.code import Type
from l2tpsec.protocols.dhcp.effects import Effect, Report
from l2tpsec.protocols.dhcp.identity import Applicant
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.lease import DhcpClient
from l2tpsec.protocols.dhcp.relay import Relay
from l2tpsec.protocols.dhcp.settings import DhcpSettings

_MOST_HOPS = 16  # RFC 1542 section 4.1.1
QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE = 2.0, 10.0
"""Of one session: an answer takes as long as fifty packets, in which others wait."""


class DhcpAgent:
    """Relay and clients behind one relay address; a token is a session's number, never 0."""

    def __init__(self, settings: DhcpSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._relay = Relay(settings)
        self._client = DhcpClient(settings, entropy)
        self._rooms: dict[int, Bucket] = {}
        # what the session itself uses
        self.acquire = self._client.acquire
        self.decline = self._client.decline

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        moments = (self._relay.deadline, self._client.deadline)
        return soonest(moments)

    @property
    def leased(self) -> int:
        """How many sessions have a lease or wait for one."""
        return len(self._client)

    def request(
        self, token: int, data: bytes, terms: Terms, applicant: Applicant, now: float
    ) -> list[Effect]:
        """Take what a client sent to the DHCP server of its link."""
        usual = Bucket(QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE)
        if not self._rooms.setdefault(token, usual).take(now):
            return [_dropped(token, "too many questions")]
        try:
            message = packet.decode(data)
        except Malformed as error:
            return [_dropped(token, "malformed", str(error))]
        if message.op != packet.REQUEST or message.type != Type.INFORM:
            return [_dropped(token, "no DHCPINFORM", packet.type_name(message.type))]
        if message.hops > _MOST_HOPS:
            return [_dropped(token, "too many hops")]
        return self._relay.ask(token, message, terms, applicant, now)

    def expects(self, data: bytes) -> bool:
        """Tell whether a datagram has the number of something that we asked."""
        try:
            xid = packet.decode(data).xid
        except Malformed:
            return False
        return xid in self._relay or xid in self._client

    def receive(self, data: bytes, source: IPv4Address, now: float) -> list[Effect]:
        """Take a datagram that came to the relay address."""
        if source not in self._settings.servers:
            text = f"{source} is not among [address] dhcp_servers"
            return [_dropped(0, "from a server that is not configured", text)]
        try:
            return self._reply(packet.decode(data), source, now)
        except Malformed as error:
            return [_dropped(0, "malformed", f"{source}: {error}")]

    def _reply(self, message: packet.Message, source: IPv4Address, now: float) -> list[Effect]:
        if message.op != packet.REPLY or message.giaddr != self._settings.gateway:
            return [_dropped(0, "no reply to this relay", str(source))]
        if message.xid in self._relay:
            return self._relay.receive(message, now)
        return self._client.receive(message, source, now)

    def expire(self, now: float) -> list[Effect]:
        """Do what is due."""
        return self._relay.expire(now) + self._client.expire(now)

    def release(self, token: int, now: float) -> list[Effect]:
        """Forget a session: its question goes unanswered, its lease goes back."""
        self._relay.forget(token)
        self._rooms.pop(token, None)
        return self._client.release(token, now)


def _dropped(token: int, reason: str, detail: str = "") -> Report:
    return Report(token, Dropped(Phase.DHCP, reason, detail))
