"""One client from IKE to IPCP: datagrams in, datagrams out, time an argument."""

from dataclasses import dataclass, field

from l2tpsec.bench.initiator import Initiator, Offer
from l2tpsec.bench.lac import Lac
from l2tpsec.bench.ppp_client import PppClient, ip_frame
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa
from l2tpsec.protocols.l2tp.header import data_prefix, decode_data, is_control

IKE_PORT, NAT_PORT = 500, 4500
RETRY_SECONDS = 1.0
_PORTS = (1701).to_bytes(2) * 2
_UDP_OCTETS = 8

Datagram = tuple[int, bytes]
"""The server's port, 500 or 4500, and a UDP payload to or from it."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a client must know to dial in, and what it offers."""

    offer: Offer
    user: bytes
    password: str = field(repr=False)


class Caller:
    """A client behind a NAT; `up` when IP may flow, from `started` to `finished`.

    `repeats` counts how often in a row IKE went unanswered. Raises Malformed when the server says
    what it must not.
    """

    def __init__(self, account: Account, entropy: Entropy) -> None:
        self.initiator = Initiator(account.offer, entropy)
        self.lac = Lac()
        self.ppp = PppClient(account.user, account.password, entropy)
        self.started = self.finished = 0.0
        self.repeats = 0
        self._entropy = entropy
        self._last_ike: list[Datagram] = []
        self._ike_deadline: float | None = None
        self._data_header = b""

    @property
    def up(self) -> bool:
        """Whether IP may flow."""
        return self.finished > 0

    @property
    def failure(self) -> str:
        """Why it will never be up, in the server's words; empty as long as it may."""
        return self.ppp.failure or self.lac.ended

    @property
    def stage(self) -> str:
        """How far it has come."""
        if self.initiator.pair is None:
            return "Quick Mode" if self.initiator.established else "Main Mode"
        return f"PPP {self.ppp.stage.name.lower()}" if self.lac.up else "L2TP"

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
        sent = [self._sealed(each) for each in self.lac.expire(now)]
        return sent + self._frames(self.ppp.expire(now))

    def hang_up(self, now: float) -> list[Datagram]:
        """Take leave: LCP Terminate, CDN, StopCCN, IKE Deletes."""
        sent = self._frames(self.ppp.hang_up())
        sent += [self._sealed(each) for each in self.lac.hang_up(now)]
        return sent + [self._marked(message) for message in self.initiator.delete()]

    def packet(self, inner: bytes) -> bytes:
        """Return the UDP payload for port 4500 that carries an IP packet."""
        return self._sealed(self._data_header + ip_frame(inner))[1]

    # IKE

    def _ike(self, messages: list[bytes], now: float) -> list[Datagram]:
        if not messages:
            return []
        self._last_ike = [self._marked(message) for message in messages]
        self._ike_deadline = now + RETRY_SECONDS
        self.repeats = 0
        return self._last_ike

    def _marked(self, message: bytes) -> Datagram:
        if self.initiator.floated:
            return NAT_PORT, bytes(4) + message
        return IKE_PORT, message

    def _isakmp(self, data: bytes, now: float) -> list[Datagram]:
        before = self.initiator.established
        sent = self._ike(self.initiator.receive(data), now)
        if self.initiator.established and not before:
            return self._ike([self.initiator.quick_mode()], now)
        if self.initiator.pair is not None and self._ike_deadline is not None:
            self._ike_deadline = None
            return sent + self._secured(now)
        return sent

    # ESP, L2TP, PPP

    def _secured(self, now: float) -> list[Datagram]:
        pair = self.initiator.pair
        if pair is None:
            return []
        self._open = inbound_sa(pair.transform, pair.inbound).open
        outbound = outbound_sa(pair.transform, pair.outbound_spi, pair.outbound, self._entropy)
        self._seal = outbound.seal
        return [self._sealed(each) for each in self.lac.open(now)]

    def _sealed(self, l2tp: bytes) -> Datagram:
        length = (_UDP_OCTETS + len(l2tp)).to_bytes(2)
        return NAT_PORT, self._seal(_PORTS + length + bytes(2) + l2tp)

    def _frames(self, frames: list[bytes]) -> list[Datagram]:
        return [self._sealed(self._data_header + frame) for frame in frames]

    def _esp(self, data: bytes, now: float) -> list[Datagram]:
        if self.initiator.pair is None:
            return []
        l2tp = self._open(data)[_UDP_OCTETS:]
        if is_control(l2tp):
            return self._control(l2tp, now)
        sent = self._frames(self.ppp.receive(decode_data(l2tp)[2], now))
        if self.ppp.up and not self.finished:
            self.finished = now
        return sent

    def _control(self, l2tp: bytes, now: float) -> list[Datagram]:
        before = self.lac.up
        sent = [self._sealed(each) for each in self.lac.receive(l2tp, now)]
        if before or not self.lac.up:
            return sent
        self._data_header = data_prefix(self.lac.tunnel, self.lac.session)
        return sent + self._frames(self.ppp.open(now))
