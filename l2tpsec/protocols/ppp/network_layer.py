"""The network-layer protocols of one link, IPCP and IPV6CP (RFC 1661 section 3.6)."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import NetworkSettings
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.protocols.ppp import control, frame
from l2tpsec.protocols.ppp.automaton import Event, State
from l2tpsec.protocols.ppp.control import Layer, ProtocolRejected
from l2tpsec.protocols.ppp.effects import AddressWished, Ipv6Up, NetworkUp, SendFrame
from l2tpsec.protocols.ppp.ipcp import Ipcp, wish
from l2tpsec.protocols.ppp.ipv6cp import INTERFACE_IDENTIFIER, Ipv6cp
from l2tpsec.protocols.ppp.packet import Code, Packet, decode_options
from l2tpsec.protocols.ppp.settings import PppSettings


@dataclass(frozen=True, slots=True)
class Failed:
    """Without IPCP the link is of no use: it must end."""

    cause: Cause
    text: str


Output = SendFrame | AddressWished | NetworkUp | Ipv6Up | Failed | Noted | Dropped


class NetworkLayer:
    """IPCP opens with the address that the box finds; IPV6CP, only if the client begins it."""

    __slots__ = (
        "_ipcp",
        "_ipv6_up",
        "_ipv6cp",
        "_kept_request",
        "_mru",
        "_settings",
        "_until",
        "_up",
    )

    def __init__(self, settings: PppSettings, entropy: Entropy) -> None:
        self._settings = settings
        self._ipcp = Ipcp(settings)
        self._ipv6cp = Ipv6cp(settings, entropy)
        self._kept_request: Packet | None = None  # IPCP's, from before there was an address
        self._up = self._ipv6_up = False
        self._mru = settings.mru
        self._until: float | None = None  # when patience with IPCP ends

    @property
    def deadline(self) -> float | None:
        """When `expire` wants to be called."""
        return soonest((self._until, self._ipcp.deadline, self._ipv6cp.deadline))

    @property
    def wish(self) -> IPv4Address | None:
        """The address that the client would like, 0.0.0.0 for any; None before it said so."""
        return wish(self._kept_request) if self._kept_request is not None else None

    def begin(self, now: float) -> None:
        """Let the client in: it may send requests, and an address is looked for."""
        self._until = now + self._settings.network_seconds

    def open(self, network: NetworkSettings, mru: int, now: float) -> list[Output]:
        """Open IPCP, and answer what the client asked while the address was looked for."""
        if self._ipcp.state is not State.INITIAL:
            return []
        self._until = now + self._settings.network_seconds
        self._mru = mru
        self._ipcp.terms.network = network
        self._ipv6cp.terms.wanted = network.interface_identifier
        outputs = self._ipcp.step(Event.OPEN, now) + self._ipcp.step(Event.UP, now)
        if self._kept_request is not None:
            outputs += self._ipcp.receive(self._kept_request, now)
            self._kept_request = None
        return self._from_ipcp(outputs)

    def receive(self, protocol: int, packet: Packet, now: float) -> list[Output]:
        """Take a packet of IPCP or IPV6CP."""
        if protocol == frame.IPV6CP:
            return self._receive_ipv6cp(packet, now)
        return self._receive_ipcp(packet, now)

    def rejected(self, protocol: int, now: float) -> list[Output]:
        """Take the client's Protocol-Reject of IPCP or IPV6CP."""
        if protocol == frame.IPV6CP:
            return self._from_ipv6cp(self._ipv6cp.step(Event.REJECT_CATASTROPHIC, now))
        return self._from_ipcp(self._ipcp.step(Event.REJECT_CATASTROPHIC, now))

    def expire(self, now: float) -> list[Output]:
        """Retransmit what is due; give up a client that dawdles."""
        if self._until is not None and now >= self._until:
            self._until = None
            text = f"IPCP did not open within {self._settings.network_seconds:g} s"
            return [Failed(Cause.NEGOTIATION_FAILED, text)]
        outputs = self._from_ipcp(self._ipcp.expire(now))
        return outputs + self._from_ipv6cp(self._ipv6cp.expire(now))

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._until = self._ipcp.deadline = self._ipv6cp.deadline = None

    def _receive_ipcp(self, packet: Packet, now: float) -> list[Output]:
        if self._ipcp.state is not State.INITIAL:
            return self._from_ipcp(self._ipcp.receive(packet, now))
        if packet.code != Code.CONFIGURE_REQUEST:
            return []
        # The client repeats itself only after two or three seconds: keep its last wish.
        decode_options(packet.data)  # Malformed now or never
        self._kept_request = packet
        return [AddressWished()]

    def _receive_ipv6cp(self, packet: Packet, now: float) -> list[Output]:
        outputs: list[control.Output] = []
        if self._ipv6cp.state is State.INITIAL:
            # Never of our own accord: a client without IPv6 hears nothing of it.
            outputs = self._ipv6cp.step(Event.OPEN, now) + self._ipv6cp.step(Event.UP, now)
        return self._from_ipv6cp(outputs + self._ipv6cp.receive(packet, now))

    def _from_ipcp(self, outputs: list[control.Output]) -> list[Output]:
        mine: list[Output] = []
        for output in outputs:
            match output:
                case Layer.UP:
                    mine += self._ipcp_up()
                case Layer.FINISHED:
                    mine.append(self._ipcp_finished())
                case Layer.DOWN | ProtocolRejected():
                    pass
                case SendFrame() | Noted() | Dropped():
                    mine.append(output)
                case _:
                    assert_never(output)
        if self._ipcp.terms.impasse:
            mine.append(Failed(Cause.NEGOTIATION_FAILED, self._ipcp.terms.impasse))
        return mine

    def _ipcp_up(self) -> list[Output]:
        self._until = None
        if self._up:
            return []
        self._up = True
        return [NetworkUp(self._ipcp.terms.network.address, self._mru)]

    def _ipcp_finished(self) -> Failed:
        if self._ipcp.terminated is not None:
            return Failed(Cause.USER_REQUEST, "the client closed IPCP")
        text = "the client does not take part in IPCP (Windows shows error 720)"
        return Failed(Cause.NEGOTIATION_FAILED, text)

    def _from_ipv6cp(self, outputs: list[control.Output]) -> list[Output]:
        mine: list[Output] = []
        for output in outputs:
            match output:
                case Layer.UP:
                    mine += self._ipv6cp_up()
                case Layer.DOWN | Layer.FINISHED | ProtocolRejected():
                    pass
                case SendFrame() | Noted() | Dropped():
                    mine.append(output)
                case _:
                    assert_never(output)
        return mine

    def _ipv6cp_up(self) -> list[Output]:
        if self._ipv6_up:
            return []
        self._ipv6_up = True
        theirs = self._ipv6cp.theirs.get(INTERFACE_IDENTIFIER, bytes(8))
        return [Ipv6Up(self._ipv6cp.terms.ours, theirs)]
