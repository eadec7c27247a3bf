"""One client from IKE to IPCP, without I/O: its datagrams in, what it sends out, time an argument.

The bench's load generator runs many of them; the protocols are those of tests/peers.
"""

import os
from dataclasses import dataclass

from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa
from l2tpsec.protocols.ike.policy import Policy
from tests.peers import lac, ppp_peer
from tests.peers.ike_initiator import Client, Initiator

IKE_PORT, NAT_PORT = 500, 4500
RETRY_SECONDS = 1.0
# No header compression and no IPv6: what every server under test agrees to in one round.
PPP = ppp_peer.Profile(
    "bench", ((1, (1400).to_bytes(2)), (5, b"")), methods=("mschapv2",), ipv6=False
)
LAC = lac.XL2TPD

Datagram = tuple[int, bytes]
"""The server's port, 500 or 4500, and a UDP payload to or from it."""


@dataclass(frozen=True)
class Account:
    """What a client must know to dial in, and what it offers."""

    server: str
    psk: bytes
    user: bytes
    password: str
    policy: Policy


class Caller:
    """A client behind a NAT; `up` when IP may flow."""

    def __init__(self, account: Account) -> None:
        self.initiator = Initiator(
            Client(
                account.psk,
                server=account.server,
                suites=account.policy.suites,
                transforms=account.policy.transforms,
                life_kilobytes=1 << 30,  # a bench moves more than any default
                wants_verbatim=False,
            ),
            os.urandom,
        )
        self.lac = lac.Lac(LAC)
        self.ppp = ppp_peer.PppPeer(PPP, account.user, account.password, os.urandom)
        self.started = self.finished = 0.0
        self.failure = ""
        self.repeats = 0
        self._last_ike: list[Datagram] = []
        self._ike_deadline: float | None = None

    @property
    def up(self) -> bool:
        """Whether IP may flow."""
        return self.finished > 0

    def start(self, now: float) -> list[Datagram]:
        """Dial."""
        self.started = now
        return self._ike([self.initiator.start()], now)

    def receive(self, port: int, data: bytes, now: float) -> list[Datagram]:
        """Take a datagram from one of the server's ports."""
        if port == NAT_PORT and data[:4] != bytes(4):
            return self._esp(data, now) if len(data) > 4 else []
        return self._isakmp(data[4:] if port == NAT_PORT else data, now)

    def expire(self, now: float) -> list[Datagram]:
        """Repeat what went unanswered."""
        if self._ike_deadline is not None:
            if now < self._ike_deadline:
                return []
            self._ike_deadline = now + RETRY_SECONDS
            self.repeats += 1
            return self._last_ike
        sent = self._act(self.lac.expire(now), now)
        if self.ppp.deadline is not None and self.ppp.deadline <= now:
            sent += self._frames(self.ppp.expire(now))
        return sent

    def hang_up(self, now: float) -> list[Datagram]:
        """Take leave: LCP Terminate, CDN, StopCCN, IKE Deletes."""
        sent = self._frames(self.ppp.hang_up(now)) + self._act(self.lac.hang_up(now), now)
        return sent + [self._marked(message) for message in self.initiator.delete()]

    # IKE

    def _ike(self, messages: list[bytes], now: float) -> list[Datagram]:
        if messages:
            self._last_ike = [self._marked(message) for message in messages]
            self._ike_deadline = now + RETRY_SECONDS
            self.repeats = 0
        return self._last_ike if messages else []

    def _marked(self, message: bytes) -> Datagram:
        if self.initiator.floated:
            return NAT_PORT, bytes(4) + message
        return IKE_PORT, message

    def _isakmp(self, data: bytes, now: float) -> list[Datagram]:
        before = self.initiator.established
        sent = self._ike(self.initiator.receive(data), now)
        if self.initiator.established and not before:
            return self._ike([self.initiator.quick_mode()], now)
        if self.initiator.pairs and self._ike_deadline is not None:
            self._ike_deadline = None
            return sent + self._secured(now)
        return sent

    # ESP, L2TP, PPP

    def _secured(self, now: float) -> list[Datagram]:
        pair = self.initiator.pairs[0]
        self.open = inbound_sa(pair.transform, pair.inbound).open
        self.seal = outbound_sa(pair.transform, pair.outbound_spi, pair.outbound, os.urandom).seal
        return self._act(self.lac.open(now), now)

    def _act(self, effects: list[lac.Effect], now: float) -> list[Datagram]:
        sent: list[Datagram] = []
        for effect in effects:
            match effect:
                case lac.Send(data):
                    sent.append(self._sealed(data))
                case lac.Connected(tunnel, session):
                    self.data_header = b"\0\2" + tunnel.to_bytes(2) + session.to_bytes(2)
                    sent += self._frames(self.ppp.open(now))
                case lac.Closed(text):
                    self.failure = text
        return sent

    def _sealed(self, l2tp: bytes) -> Datagram:
        ports = LAC.port.to_bytes(2) + (1701).to_bytes(2)
        return NAT_PORT, self.seal(ports + (8 + len(l2tp)).to_bytes(2) + bytes(2) + l2tp)

    def _frames(self, frames: list[bytes]) -> list[Datagram]:
        return [self._sealed(self.data_header + frame) for frame in frames]

    def packet(self, inner: bytes) -> bytes:
        """Return the UDP payload for port 4500 that carries an IP packet."""
        return self._sealed(self.data_header + self.ppp.send_ip(inner))[1]

    def _esp(self, data: bytes, now: float) -> list[Datagram]:
        if self._ike_deadline is not None or not self.initiator.pairs:
            return []
        l2tp = self.open(data)[8:]
        if l2tp[0] & 0x80:
            return self._act(self.lac.receive(l2tp, now), now)
        sent = self._frames(self.ppp.receive(frame_of(l2tp), now))
        if self.ppp.up and not self.finished:
            self.finished = now
        return sent


def frame_of(l2tp: bytes) -> bytes:
    """Return the PPP frame of an L2TP data message, whatever optional fields it has."""
    at = 6 + (2 if l2tp[0] & 0x40 else 0) + (4 if l2tp[0] & 0x08 else 0)
    if l2tp[0] & 0x02:
        at += 2 + int.from_bytes(l2tp[at : at + 2])
    return l2tp[at:]
