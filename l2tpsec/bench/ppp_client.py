"""The client's half of PPP: LCP, MS-CHAPv2, IPCP (RFC 1661, 2759, 1332); no IPv6."""

import hmac
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Address

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.packet import (
    Code,
    Packet,
    RawOption,
    decode_options,
    encode_options,
)
from radius import mschap

RETRY_SECONDS = 1.0
MTU = 1400
_MRU, _AUTHENTICATION, _MAGIC = 1, 3, 5
_IP_ADDRESS, _NAME_SERVERS = 3, (129, 131)
_MSCHAPV2 = b"\xc2\x23\x81"
_KNOWN = {frame.LCP: range(1, 9), frame.IPCP: (_IP_ADDRESS,)}
_SUCCESS, _FAILURE = 3, 4


class Stage(Enum):
    """How far a client has come."""

    LINK = auto()
    AUTHENTICATION = auto()
    NETWORK = auto()
    UP = auto()


@dataclass
class Negotiation:
    """A Configure exchange: what we ask for, and who has agreed to what the other wants."""

    protocol: int
    wishes: dict[int, bytes]
    identifier: int = 0
    we_agreed: bool = False
    they_agreed: bool = False

    @property
    def open(self) -> bool:
        """Whether both have."""
        return self.we_agreed and self.they_agreed


class PppClient:
    """Takes and returns frames; `address` once it is `up`, `failure` when it never will be."""

    def __init__(self, name: bytes, password: str, entropy: Entropy) -> None:
        self.stage = Stage.LINK
        self.failure = ""
        self.deadline: float | None = None
        self.packets: list[bytes] = []
        self._name = name
        self._password = password
        self._entropy = entropy
        self._magic = entropy(4)
        self._challenge = self._response = b""
        self._expected = b""
        self._link = Negotiation(frame.LCP, {_MRU: MTU.to_bytes(2), _MAGIC: self._magic})
        wishes = dict.fromkeys((_IP_ADDRESS, *_NAME_SERVERS), bytes(4))
        self._network = Negotiation(frame.IPCP, wishes)

    @property
    def up(self) -> bool:
        """Whether IP may flow."""
        return self.stage is Stage.UP

    @property
    def address(self) -> IPv4Address:
        """Return the address that the server gave."""
        return IPv4Address(self._network.wishes[_IP_ADDRESS])

    @property
    def dns(self) -> tuple[IPv4Address, ...]:
        """Return the name servers that the server gave."""
        given = (self._network.wishes.get(code, b"") for code in _NAME_SERVERS)
        return tuple(IPv4Address(value) for value in given if any(value))

    def open(self, now: float) -> list[bytes]:
        """Begin."""
        return [self._ask(self._link, now)]

    def hang_up(self) -> list[bytes]:
        """Take leave."""
        self.deadline = None
        return [_frame(frame.LCP, Packet(Code.TERMINATE_REQUEST, 1, b""))]

    def expire(self, now: float) -> list[bytes]:
        """Ask again what was not answered."""
        if self.deadline is None or now < self.deadline:
            return []
        if self.stage is Stage.AUTHENTICATION:  # the server asks again
            return []
        return [self._ask(self._network if self.stage is Stage.NETWORK else self._link, now)]

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take a frame; Malformed if it is none."""
        protocol, information = frame.decode(data)
        if protocol == frame.IP:
            self.packets.append(information)
            return []
        if protocol not in {frame.LCP, frame.CHAP, frame.IPCP}:
            rejected = Packet(Code.PROTOCOL_REJECT, 1, protocol.to_bytes(2) + information)
            return [_frame(frame.LCP, rejected)]
        packet = Packet.decode(information)
        if protocol == frame.CHAP:
            return self._authenticate(packet, now)
        negotiation = self._link if protocol == frame.LCP else self._network
        if packet.code <= Code.CONFIGURE_REJECT:
            return self._configure(negotiation, packet, now)
        return self._other(packet) if protocol == frame.LCP else []

    def _other(self, packet: Packet) -> list[bytes]:
        match packet.code:
            case Code.ECHO_REQUEST:
                return [_frame(frame.LCP, Packet(Code.ECHO_REPLY, packet.identifier, self._magic))]
            case Code.TERMINATE_REQUEST:
                self.failure = self.failure or f"the server hung up: {packet.data!r}"
                return [_frame(frame.LCP, Packet(Code.TERMINATE_ACK, packet.identifier, b""))]
            case _:
                return []

    # LCP and IPCP

    def _ask(self, negotiation: Negotiation, now: float) -> bytes:
        self.deadline = now + RETRY_SECONDS
        data = encode_options([RawOption(*each) for each in negotiation.wishes.items()])
        request = Packet(Code.CONFIGURE_REQUEST, negotiation.identifier, data)
        return _frame(negotiation.protocol, request)

    def _configure(self, negotiation: Negotiation, packet: Packet, now: float) -> list[bytes]:
        if packet.code == Code.CONFIGURE_REQUEST:
            answer = self._judged(negotiation, packet)
            negotiation.we_agreed = answer.code == Code.CONFIGURE_ACK
            return [_frame(negotiation.protocol, answer), *self._advance(negotiation, now)]
        if packet.identifier != negotiation.identifier or negotiation.they_agreed:
            return []
        if packet.code == Code.CONFIGURE_ACK:
            negotiation.they_agreed = True
            return self._advance(negotiation, now)
        for option in decode_options(packet.data):
            if packet.code == Code.CONFIGURE_REJECT:
                negotiation.wishes.pop(option.code, None)
            elif option.code in negotiation.wishes:
                negotiation.wishes[option.code] = option.data
        negotiation.identifier += 1
        return [self._ask(negotiation, now)]

    def _judged(self, negotiation: Negotiation, packet: Packet) -> Packet:
        options = decode_options(packet.data)
        unknown = [each for each in options if each.code not in _KNOWN[negotiation.protocol]]
        if unknown:
            return Packet(Code.CONFIGURE_REJECT, packet.identifier, encode_options(unknown))
        wanted = next((each.data for each in options if each.code == _AUTHENTICATION), b"")
        if negotiation is self._link and wanted not in {b"", _MSCHAPV2}:
            offer = encode_options([RawOption(_AUTHENTICATION, _MSCHAPV2)])
            return Packet(Code.CONFIGURE_NAK, packet.identifier, offer)
        return Packet(Code.CONFIGURE_ACK, packet.identifier, packet.data)

    def _advance(self, negotiation: Negotiation, now: float) -> list[bytes]:
        if not negotiation.open:
            return []
        if negotiation is self._link and self.stage is Stage.LINK:
            self.stage, self.deadline = Stage.AUTHENTICATION, now + RETRY_SECONDS
        elif negotiation is self._network and self.stage is Stage.NETWORK:
            self.stage, self.deadline = Stage.UP, None
        return []

    # MS-CHAPv2

    def _authenticate(self, packet: Packet, now: float) -> list[bytes]:
        if packet.code == _FAILURE:
            self.failure = f"not let in: {packet.data!r}"
        elif packet.code == _SUCCESS and self.stage is Stage.AUTHENTICATION:
            if not hmac.compare_digest(packet.data[:42], self._expected):
                self.failure = "the server does not prove that it knows the password"
                return []
            self.stage = Stage.NETWORK
            return [self._ask(self._network, now)]
        elif packet.code == 1:
            return [_frame(frame.CHAP, Packet(2, packet.identifier, self._responded(packet)))]
        return []

    def _responded(self, packet: Packet) -> bytes:
        challenge = packet.data[1 : 1 + packet.data[0]] if packet.data else b""
        if challenge != self._challenge:
            self._challenge = challenge
            secret, own = mschap.nt_hash(self._password), self._entropy(16)
            proof = mschap.nt_response(challenge, own, self._name, secret)
            self._expected = mschap.authenticator_response(
                proof, challenge, own, self._name, secret
            )
            self._response = own + bytes(8) + proof + b"\0"
        return bytes((len(self._response),)) + self._response + self._name


def _frame(protocol: int, packet: Packet) -> bytes:
    return frame.ALL_STATIONS + frame.encode(protocol, packet.encode())


def ip_frame(packet: bytes) -> bytes:
    """Return the frame of an IPv4 packet."""
    return frame.ALL_STATIONS + frame.encode(frame.IP, packet)
