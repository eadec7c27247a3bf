"""A whole VPN client without I/O: IPsec, L2TP and PPP, as an operating system runs them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from tests.peers import lac as l2tp
from tests.peers.ike_initiator import Client
from tests.peers.ipsec import Ipsec, Outgoing
from tests.peers.lac import Lac
from tests.peers.ppp_peer import LCP, PppPeer, decode
from tests.peers.profiles import Profile

__all__ = ["Account", "Outgoing", "VpnClient"]

TERMINATE_ACK = 6
TERMINATE_SECONDS, TERMINATE_TIMES = 2.0, 2
TYPE_BIT, LENGTH_BIT, SEQUENCE_BIT = 0x8000, 0x4000, 0x0800


@dataclass(frozen=True)
class Account:
    """What the user typed in."""

    psk: bytes
    server: str
    user: str = "alice"
    password: str = "secret"


@dataclass
class VpnClient:
    """`dial`, then `receive` and `expire`; each returns what is to be sent.

    `state` goes from "idle" by "securing", "calling" and "negotiating" to "up", and by "leaving" to
    "closed". `failure` is what the user would be told; `complaints` is what a strict client found
    wrong with the server.
    """

    profile: Profile
    account: Account
    address: str
    entropy: Callable[[int], bytes]
    tunnel: int = 1
    state: str = "idle"
    failure: str = ""
    complaints: list[str] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        profile, account = self.profile, self.account
        port = profile.lac.port if profile.id_port is None else profile.id_port
        self._outbox: list[Outgoing] = []
        client = Client(
            account.psk,
            address=self.address,
            server=account.server,
            suites=profile.policy.suites,
            transforms=profile.policy.transforms,
            pfs=profile.pfs,
            nat=profile.nat,
            life_seconds=profile.life_seconds,
            life_kilobytes=profile.life_kilobytes,
            port=port,
            counts_message_ids=profile.counts_message_ids,
        )
        self.ipsec = Ipsec(profile, client, self.entropy, self._outbox)
        self.lac = Lac(profile.lac, tunnel=self.tunnel, complaints=self.complaints)
        self.ppp = PppPeer(profile.ppp, account.user.encode(), account.password, self.entropy)
        self._heard_at = 0.0
        self._terminate_at: float | None = None
        self._terminates = 0
        self._farewell_at: float | None = None

    # what the user does

    def dial(self, now: float) -> list[Outgoing]:
        """Begin."""
        self.state = "securing"
        self.ipsec.negotiate(now)
        return self._sent()

    def hang_up(self, now: float) -> list[Outgoing]:
        """Disconnect as the user does: LCP, then L2TP, then IPsec."""
        if self.state not in ("negotiating", "up"):
            self._leave(now)
            return self._sent()
        self.state = "leaving"
        self._terminate(now)
        return self._sent()

    def send(self, packet: bytes, now: float) -> list[Outgoing]:
        """Send an IP packet through the tunnel."""
        assert self.state == "up", self.state
        self._send_frame(self.ppp.send_ip(packet), now)
        return self._sent()

    def _sent(self) -> list[Outgoing]:
        sent, self._outbox[:] = self._outbox.copy(), []
        return sent

    # what comes

    def receive(self, port: int, data: bytes, now: float) -> list[Outgoing]:
        """Take a datagram that came to local UDP `port`, or as protocol 50 (port 0)."""
        if self.state in ("idle", "closed"):
            return []
        datagram = self.ipsec.receive(port, data, now)
        if datagram is not None:
            self._receive_udp(datagram, now)
        self._advance(now)
        return self._sent()

    def _receive_udp(self, datagram: bytes, now: float) -> None:
        ports = int.from_bytes(datagram[:2]), int.from_bytes(datagram[2:4])
        if ports != (1701, self.profile.lac.port) or datagram[4:6] != len(datagram).to_bytes(2):
            self.complaints.append(f"UDP header {datagram[:8].hex()}")
            return
        self._heard_at = now
        payload = datagram[8:]
        if payload[0] & 0x80:
            self._act(self.lac.receive(payload, now), now)
        else:
            self._receive_data(payload, now)

    def _receive_data(self, payload: bytes, now: float) -> None:
        flags = int.from_bytes(payload[:2])
        # Windows discards what has any bit but T, L and S; S would move the octets after it.
        if flags & 0xFFF0 & ~(TYPE_BIT | LENGTH_BIT | SEQUENCE_BIT) or flags & 15 != 2:
            self.complaints.append(f"data flags {flags:#06x}")
            return
        at = 4 if flags & LENGTH_BIT else 2
        numbers = int.from_bytes(payload[at : at + 2]), int.from_bytes(payload[at + 2 : at + 4])
        if numbers != (self.lac.tunnel, self.lac.session):
            return  # late, for a call that is over
        body = at + 4 + (4 if flags & SEQUENCE_BIT else 0)
        self._receive_frame(payload[body:], now)

    def _receive_frame(self, frame: bytes, now: float) -> None:
        if self.state not in ("negotiating", "up", "leaving"):
            return
        protocol, information = decode(frame)
        if self.state == "leaving":
            if protocol == LCP and information[0] == TERMINATE_ACK:
                self._leave(now)
            return
        for answer in self.ppp.receive(frame, now):
            self._send_frame(answer, now)
        if self.ppp.data:
            self.packets += self.ppp.data
            self.ppp.data.clear()

    # how it goes on

    def _advance(self, now: float) -> None:
        if self.ipsec.failure and self.state not in ("leaving", "closed"):
            self._fail(self.ipsec.failure, now)
        if self.state == "securing" and self.ipsec.current is not None:
            self.state = "calling"
            self._heard_at = now
            self._act(self.lac.open(now), now)
        if self.state in ("negotiating", "up"):
            # A late Configure-Request takes an open link back to its negotiation (RFC 1661 4.1).
            self.state = "up" if self.ppp.up else "negotiating"
        if self.state == "negotiating" and self.ppp.failure and not self.ppp.ended:
            self.failure = self.ppp.failure.decode("utf-8", "replace")
            self.state = "leaving"
            self._terminate(now)
        if self.state in ("negotiating", "up") and self.ppp.ended:
            failure = self.ppp.failure or self.ppp.terminate_data or b""
            words = failure.decode("utf-8", "replace") or "the server ended the link"
            self._fail(words, now)

    def _fail(self, text: str, now: float) -> None:
        self.failure = self.failure or text
        self._leave(now)

    def _act(self, effects: list[l2tp.Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case l2tp.Send(data):
                    self._send_control(data, now)
                case l2tp.Connected():
                    self.state = "negotiating"
                    for frame in self.ppp.open(now):
                        self._send_frame(frame, now)
                case l2tp.Closed(text):
                    if self.state != "leaving":
                        self.failure = self.failure or text
                        self.state = "leaving"
                    self._terminate_at = None
                    self._farewell_at = now + self.profile.farewell_seconds

    def _send_control(self, data: bytes, now: float) -> None:
        datagram = self._udp(data)
        again = self.lac.state == "wait-sccrp" and self.lac.tries > 1
        if again and self.profile.renews_for_each_sccrq:
            self.ipsec.send_on_new_pair(datagram, now)
        else:
            self.ipsec.send(datagram, now)

    def _send_frame(self, frame: bytes, now: float) -> None:
        numbers = self.lac.peer_tunnel.to_bytes(2) + self.lac.peer_session.to_bytes(2)
        front = b"\x00\x02"
        if self.profile.length_bit:
            front = b"\x40\x02" + (8 + len(frame)).to_bytes(2)
        self.ipsec.send(self._udp(front + numbers + frame), now)

    def _udp(self, payload: bytes) -> bytes:
        ports = self.profile.lac.port.to_bytes(2) + (1701).to_bytes(2)
        return ports + (8 + len(payload)).to_bytes(2) + bytes(2) + payload

    # the end

    def _terminate(self, now: float) -> None:
        if self._terminates == TERMINATE_TIMES:
            self._leave(now)
            return
        self._terminates += 1
        self._terminate_at = now + TERMINATE_SECONDS
        for frame in self.ppp.hang_up(now):
            self._send_frame(frame, now)

    def _leave(self, now: float) -> None:
        """Close L2TP, unless it is closed; IPsec's end follows."""
        self._terminate_at = None
        self.state = "leaving"
        if self.lac.state in ("idle", "closed") or self.ipsec.current is None:
            self._farewell_at = self._farewell_at or now + self.profile.farewell_seconds
        elif self.lac.state != "closing":
            self._act(self.lac.hang_up(now), now)

    # time

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        if self.state in ("idle", "closed"):
            return None
        moments = [self.ipsec.deadline, self.lac.deadline, self._terminate_at, self._farewell_at]
        if self.state in ("negotiating", "up"):
            moments.append(self.ppp.deadline)
        if self.state == "up" and self.profile.hello_seconds:
            moments.append(self._heard_at + self.profile.hello_seconds)
        return min((m for m in moments if m is not None), default=None)

    def expire(self, now: float) -> list[Outgoing]:
        """Do what is due."""
        self.ipsec.expire(now)
        self._act(self.lac.expire(now), now)
        if self.state in ("negotiating", "up"):
            for frame in self.ppp.expire(now):
                self._send_frame(frame, now)
        self._expire_silence(now)
        if self._terminate_at is not None and self._terminate_at <= now:
            self._terminate(now)
        self._advance(now)
        if self._farewell_at is not None and self._farewell_at <= now:
            self._farewell_at = None
            self.ipsec.farewell(now)
            self.state = "closed"
        return self._sent()

    def _expire_silence(self, now: float) -> None:
        hello = self.profile.hello_seconds
        if self.state == "up" and hello and now >= self._heard_at + hello:
            self._heard_at = now
            if self.lac.deadline is None:
                self._act(self.lac.hello(now), now)

    # what came of it

    @property
    def inner_address(self) -> IPv4Address:
        """The address that the server gave."""
        assert self.ppp.address is not None
        return self.ppp.address

    def fresh(self, *, same_tunnel: bool = False) -> "VpnClient":
        """Return the same client before its next dial-in."""
        number = self.tunnel if same_tunnel else self.tunnel + 1
        return replace(
            self, tunnel=number, state="idle", failure="", complaints=self.complaints, packets=[]
        )
