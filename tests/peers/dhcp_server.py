"""A site's DHCP server as an engine, and a wire that can lose; for tests under a virtual clock."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.agent import DhcpAgent
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.effects import Effect, Transmit
from l2tpsec.protocols.dhcp.packet import Message, Options
from l2tpsec.protocols.dhcp.settings import DhcpSettings

GATEWAY = IPv4Address("10.99.0.1")
FIRST = IPv4Address("10.0.0.1")
SECOND = IPv4Address("10.0.0.2")


class Dice:
    """Entropy that never repeats itself and is the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, octets: int) -> bytes:
        """Return the next octets."""
        self._count += 1
        return (self._count * 37 % (1 << 8 * octets)).to_bytes(octets)


@dataclass
class SiteServer:
    """Leases `10.99.0.100` and up, one for each client identifier; keeps what it heard."""

    address: IPv4Address = FIRST
    seconds: int = 3600
    extra: Options = field(default_factory=dict)
    heard: list[Message] = field(default_factory=list)
    leases: dict[bytes, IPv4Address] = field(default_factory=dict)
    spoilt: set[IPv4Address] = field(default_factory=set)
    refuses: bool = False
    silent: bool = False
    next_host: int = 100

    def types(self) -> list[str]:
        """Return the types of what it heard."""
        return [Type(message.type).name for message in self.heard]

    def receive(self, data: bytes) -> list[bytes]:
        """Answer as RFC 2131 section 4.3 says."""
        message = packet.decode(data)
        self.heard.append(message)
        if self.silent:
            return []
        who = message.options.get(Code.CLIENT_ID, message.hardware)
        asked_server = message.options.get(Code.SERVER_ID)
        if asked_server not in {None, self.address.packed}:
            return []
        match message.type:
            case Type.DISCOVER:
                return [self._reply(message, Type.OFFER, self._lease(who))]
            case Type.REQUEST:
                return [self._requested(message, who)]
            case Type.INFORM:
                return [self._reply(message, Type.ACK, packet.NOWHERE)]
            case Type.RELEASE:
                self.leases.pop(who, None)
            case Type.DECLINE:
                self.spoilt.add(self.leases.pop(who))
            case _:
                pass
        return []

    def _lease(self, who: bytes) -> IPv4Address:
        while who not in self.leases:
            address = IPv4Address(f"10.99.0.{self.next_host}")
            self.next_host += 1
            if address not in self.spoilt:
                self.leases[who] = address
        return self.leases[who]

    def _requested(self, message: Message, who: bytes) -> bytes:
        wanted = message.address(Code.REQUESTED_ADDRESS) or message.ciaddr
        if self.refuses or self.leases.get(who) != wanted:
            text: Options = {Code.TEXT: b"wrong \x1b network"}
            return self._reply(message, Type.NAK, packet.NOWHERE, text)
        return self._reply(message, Type.ACK, wanted)

    def _reply(
        self, message: Message, kind: Type, address: IPv4Address, options: Options | None = None
    ) -> bytes:
        said: Options = {Code.TYPE: bytes([kind]), Code.SERVER_ID: self.address.packed}
        if kind in {Type.OFFER, Type.ACK} and message.type != Type.INFORM:
            said[Code.LEASE_SECONDS] = self.seconds.to_bytes(4)
        said |= self.extra | (options or {})
        if agent := message.options.get(Code.RELAY_AGENT):
            said[Code.RELAY_AGENT] = agent
        reply = replace(message, op=packet.REPLY, options=said, yiaddr=address)
        return packet.encode(reply)


class Site:
    """An agent, its servers, a clock; `lose` names the transmissions (from 1) that get lost."""

    def __init__(self, *servers: SiteServer, lose: set[int] | None = None) -> None:
        self.servers = {server.address: server for server in servers}
        self.agent = DhcpAgent(DhcpSettings(GATEWAY, tuple(self.servers)), Dice())
        self.lose = lose or set()
        self.sent = 0
        self.now = 1000.0
        self.log: list[Effect] = []

    def run(self, effects: list[Effect]) -> list[Effect]:
        """Deliver everything there and back; return what is not for the wire."""
        kept: list[Effect] = []
        queue = list(effects)
        while queue:
            effect = queue.pop(0)
            if isinstance(effect, Transmit):
                queue += self._deliver(effect)
            else:
                kept.append(effect)
        self.log += kept
        return kept

    def _deliver(self, effect: Transmit) -> list[Effect]:
        self.sent += 1
        if self.sent in self.lose:
            return []
        found: list[Effect] = []
        for reply in self.servers[effect.destination].receive(effect.data):
            self.sent += 1
            if self.sent not in self.lose:
                found += self.agent.receive(reply, effect.destination, self.now)
        return found

    def until(self, moment: float) -> list[Effect]:
        """Let time pass, doing what is due when it is due; return what is not for the wire."""
        found: list[Effect] = []
        while (deadline := self.agent.deadline) is not None and deadline <= moment:
            assert deadline >= self.now
            self.now = deadline
            found += self.run(self.agent.expire(self.now))
            assert self.agent.deadline is None or self.agent.deadline > self.now
        self.now = moment
        return found
