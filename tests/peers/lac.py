"""An L2TP client (LAC) without I/O, as Windows, macOS, Android and Linux's xl2tpd behave.

Written apart from the server's code, so that the two can disagree. UDP payloads go in and come
out; time is an argument. What the server does that a client would choke on is in `complaints`.
"""

import hashlib
import struct
from dataclasses import dataclass, field

SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO = 1, 2, 3, 4, 6
ICRQ, ICRP, ICCN, CDN = 10, 11, 12, 14
CONTROL_FLAGS = 0xC802
HEADER_OCTETS = 12


def avp(attribute: int, value: bytes, *, mandatory: bool = True, vendor: int = 0) -> bytes:
    """One AVP in clear."""
    flags = (0x8000 if mandatory else 0) | (len(value) + 6)
    return struct.pack("!HHH", flags, vendor, attribute) + value


def message(kind: int, *avps: bytes) -> bytes:
    """The body of a control message."""
    return avp(0, u16(kind)) + b"".join(avps)


def datagram(tunnel: int, session: int, ns: int, nr: int, body: bytes = b"") -> bytes:
    """A control message with its header."""
    head = struct.pack("!HHHHHH", CONTROL_FLAGS, HEADER_OCTETS + len(body), tunnel, session, ns, nr)
    return head + body


def u16(number: int) -> bytes:
    return number.to_bytes(2)


def u32(number: int) -> bytes:
    return number.to_bytes(4)


def parse(body: bytes) -> dict[tuple[int, int], bytes]:
    """AVPs by vendor and type; the bytes come from our own server, so nothing is forgiven."""
    avps: dict[tuple[int, int], bytes] = {}
    while body:
        flags, vendor, attribute = struct.unpack("!HHH", body[:6])
        octets = flags & 0x3FF
        assert 6 <= octets <= len(body), "AVP length"
        assert not flags & 0x7C00, "a hidden AVP or a reserved bit"
        assert vendor == 0 or not flags & 0x8000, "a mandatory vendor AVP"
        avps[vendor, attribute] = body[6:octets]
        body = body[octets:]
    return avps


@dataclass(frozen=True)
class Profile:
    """What one kind of client sends and how it waits."""

    name: str
    host_name: bytes
    framing: int
    receive_window: int
    port: int = 1701
    sccrq: tuple[bytes, ...] = ()
    icrq: tuple[bytes, ...] = ()
    iccn: tuple[bytes, ...] = ()
    tx_speed: int = 100_000_000
    serial: int = 1
    waits_for_zlb: bool = False
    deaf_when_up: bool = False
    stop_result: bytes = u16(1) + u16(0)
    cdn_result: bytes = u16(3) + u16(0)
    retry_first_seconds: float = 1
    retry_cap_seconds: float = 8
    attempts: int = 5


WINDOWS = Profile(
    "windows",
    b"DESKTOP-7Q2VJ1K",
    framing=1,
    receive_window=8,
    sccrq=(
        avp(4, u32(0)),
        avp(6, u16(0x0A00), mandatory=False),
        avp(8, b"Microsoft", mandatory=False),
    ),
    icrq=(
        avp(18, u32(2), mandatory=False),
        avp(1, bytes(range(16)), mandatory=False, vendor=311),
    ),
    iccn=(avp(29, u16(4), mandatory=False),),
    serial=0,
)
MACOS = Profile(
    "macos",
    b"mac.local\0",
    framing=3,
    receive_window=4,
    port=50979,
    tx_speed=1_000_000,
    stop_result=bytes([1, 0, 0, 0, 0, 0, 0, 0]),  # little endian, and longer than it need be
    cdn_result=bytes([3, 0, 0, 0, 0, 0, 0, 0]),
    retry_cap_seconds=4,
    attempts=9,
)
ANDROID = Profile(
    "android",
    b"anonymous",
    framing=3,
    receive_window=1,
    port=41234,
    waits_for_zlb=True,
    deaf_when_up=True,
    stop_result=u16(6),
    cdn_result=u16(2) + u16(6),
    retry_first_seconds=2,
    retry_cap_seconds=2,
    attempts=15,
)
XL2TPD = Profile(
    "xl2tpd",
    b"guest",
    framing=3,
    receive_window=8,
    sccrq=(
        avp(4, u32(0)),
        avp(6, u16(0x0690), mandatory=False),
        avp(8, b"xelerance.com", mandatory=False),
    ),
    icrq=(avp(18, u32(0)),),
    iccn=(avp(38, u32(100_000_000), mandatory=False),),
)
PROFILES = (WINDOWS, MACOS, ANDROID, XL2TPD)


@dataclass(frozen=True)
class Send:
    """A UDP payload for the server's port 1701, from `Profile.port`."""

    data: bytes


@dataclass(frozen=True)
class Connected:
    """The call is up: PPP may start, with the server's numbers in the data header."""

    tunnel: int
    session: int


@dataclass(frozen=True)
class Closed:
    """The client has come to its end."""

    text: str


Effect = Send | Connected | Closed


@dataclass
class Lac:
    """One client: a tunnel and one call in it."""

    profile: Profile
    tunnel: int = 1
    session: int = 1
    secret: bytes | None = None
    state: str = "idle"
    peer_tunnel: int = 0
    peer_session: int = 0
    deadline: float | None = None
    complaints: list[str] = field(default_factory=list)
    closing: str = ""
    _ns: int = 0
    _nr: int = 0
    _acked: int = 0
    _peer_window: int = 4
    _attempt: int = 0
    _unacked: list[tuple[int, bytes, bool]] = field(default_factory=list)
    _challenge: bytes = b"sixteen octets.."

    @property
    def tries(self) -> int:
        """How often the oldest message without acknowledgment was sent."""
        return self._attempt

    # -- what a user does

    def open(self, now: float) -> list[Effect]:
        """Dial."""
        profile = self.profile
        avps = [
            avp(2, u16(0x0100)),
            avp(3, u32(profile.framing)),
            *profile.sccrq,
            avp(7, profile.host_name),
            avp(9, u16(self.tunnel)),
            avp(10, u16(profile.receive_window)),
        ]
        if self.secret is not None:
            avps.append(avp(11, self._challenge))
        self.state = "wait-sccrp"
        return self._send(now, 0, message(SCCRQ, *avps))

    def hang_up(self, now: float) -> list[Effect]:
        """CDN and StopCCN, as on a user's disconnect."""
        cdn = message(CDN, avp(14, u16(self.session)), avp(1, self.profile.cdn_result))
        stop = message(STOPCCN, avp(9, u16(self.tunnel)), avp(1, self.profile.stop_result))
        effects = self._send(now, self.peer_session, cdn) if self.state == "up" else []
        self.state, self.closing = "closing", "hung up"
        return effects + self._send(now, 0, stop)

    def hello(self, now: float) -> list[Effect]:
        """Ask whether the server lives."""
        return self._send(now, 0, message(HELLO))

    # -- sending

    def _send(self, now: float, session: int, body: bytes) -> list[Effect]:
        self._unacked.append((session, body, False))
        return self._push(now)

    def _push(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        window = 1 if self.profile.receive_window == 1 else self._peer_window
        for index, (session, body, sent) in enumerate(self._unacked[:window]):
            if not sent:
                self._unacked[index] = session, body, True
                ns = (self._acked + index) & 0xFFFF
                self._ns = max(self._ns, ns + 1)
                effects.append(Send(datagram(self.peer_tunnel, session, ns, self._nr, body)))
        if effects and self.deadline is None:
            self._attempt = 1
            self.deadline = now + self.profile.retry_first_seconds
        return effects

    def _zlb(self) -> Effect:
        return Send(datagram(self.peer_tunnel, 0, self._ns, self._nr))

    def expire(self, now: float) -> list[Effect]:
        """Retransmit, or give up."""
        if self.deadline is None or now < self.deadline:
            return []
        if self._attempt >= self.profile.attempts:
            return self._close(self.closing or "the server does not answer")
        delay = self.profile.retry_first_seconds * 2**self._attempt
        self.deadline = now + min(delay, self.profile.retry_cap_seconds)
        self._attempt += 1
        self._unacked = [(session, body, False) for session, body, _ in self._unacked]
        return self._push(now)

    def _close(self, text: str) -> list[Effect]:
        self.state, self.deadline = "closed", None
        self._unacked.clear()
        return [Closed(text)]

    # -- receiving

    def receive(self, data: bytes, now: float) -> list[Effect]:
        """Take a UDP payload from the server."""
        if self.state == "closed" or not self._sane(data):
            return []
        if self.state == "up" and self.profile.deaf_when_up:
            return []
        ns, nr = struct.unpack("!HH", data[8:12])
        self._take_ack(nr, now)
        body = data[HEADER_OCTETS:]
        effects = self._deliver(data, ns, body, now)
        if self.state == "closing" and not self._unacked:
            return effects + self._close(self.closing)
        return effects + self._push(now)

    def _sane(self, data: bytes) -> bool:
        flags, length, tunnel, session = struct.unpack("!HHHH", data[:8])
        if flags != CONTROL_FLAGS:
            self.complaints.append(f"flags {flags:#06x}")
        if length != len(data):
            self.complaints.append(f"length {length} in {len(data)} octets")
        if session not in {0, self.session}:
            self.complaints.append(f"session {session}")
        if length > HEADER_OCTETS and data[12:18] != bytes.fromhex("800800000000"):
            self.complaints.append("the first AVP is not a plain Message Type")
        return tunnel == self.tunnel and not self.complaints

    def _take_ack(self, nr: int, now: float) -> None:
        count = (nr - self._acked) & 0xFFFF
        if not 0 < count <= len(self._unacked):
            return
        del self._unacked[:count]
        self._acked = nr
        self._attempt = 1
        waits = any(sent for _, _, sent in self._unacked)
        self.deadline = now + self.profile.retry_first_seconds if waits else None

    def _deliver(self, data: bytes, ns: int, body: bytes, now: float) -> list[Effect]:
        android = self.profile.waits_for_zlb
        if android and (ns != self._nr or self._unacked):
            # Window 1: only the next message counts, and only if it acknowledges ours.
            old = ((ns - self._nr) & 0xFFFF) > 0x7FFF
            return [self._zlb()] if body and old else []
        if not body:
            return self._acknowledged(now)
        if ns != self._nr:
            return [self._zlb()]
        self._nr = (self._nr + 1) & 0xFFFF
        session = int.from_bytes(data[6:8])
        return self._act(body, session, now)

    def _acknowledged(self, now: float) -> list[Effect]:
        """A ZLB; Android's next step waits for it."""
        if self.state == "wait-scccn-zlb":
            return self._place_call(now)
        if self.state == "wait-iccn-zlb":
            return self._up()
        return []

    def _act(self, body: bytes, session: int, now: float) -> list[Effect]:
        avps = parse(body)
        kind = int.from_bytes(avps[0, 0])
        if kind == SCCRP:
            return self._on_sccrp(avps, now)
        if kind == ICRP:
            return self._on_icrp(avps, session, now)
        if kind in {STOPCCN, CDN}:
            return [self._zlb(), *self._close(f"message {kind}: {avps[0, 1]!r}")]
        if self.profile.waits_for_zlb and self.state in {"wait-scccn-zlb", "wait-iccn-zlb"}:
            return [self._zlb(), *self._acknowledged(now)]
        return [self._zlb()]

    def _on_sccrp(self, avps: dict[tuple[int, int], bytes], now: float) -> list[Effect]:
        if self.state != "wait-sccrp":
            return [self._zlb()]
        self.peer_tunnel = int.from_bytes(avps[0, 9])
        self._peer_window = int.from_bytes(avps.get((0, 10), u16(4)))
        response = self._response(SCCRP, self._challenge)
        if response is not None and avps.get((0, 13)) != response:
            return self._close("the server does not know the secret")
        answer = self._response(SCCCN, avps[0, 11]) if (0, 11) in avps else None
        extra = [avp(13, answer)] if answer is not None else []
        self.state = "wait-scccn-zlb" if self.profile.waits_for_zlb else "wait-icrp"
        effects = self._send(now, 0, message(SCCCN, *extra))
        return effects if self.profile.waits_for_zlb else effects + self._place_call(now)

    def _response(self, kind: int, challenge: bytes) -> bytes | None:
        if self.secret is None:
            return None
        return hashlib.md5(bytes([kind]) + self.secret + challenge).digest()

    def _place_call(self, now: float) -> list[Effect]:
        self.state = "wait-icrp"
        number = avp(14, u16(self.session))
        serial = avp(15, u32(self.profile.serial))
        return self._send(now, 0, message(ICRQ, number, serial, *self.profile.icrq))

    def _on_icrp(
        self, avps: dict[tuple[int, int], bytes], session: int, now: float
    ) -> list[Effect]:
        if self.state != "wait-icrp" or session != self.session:
            return [self._zlb()]
        self.peer_session = int.from_bytes(avps[0, 14])
        speed, framing = u32(self.profile.tx_speed), u32(self.profile.framing)
        iccn = message(ICCN, avp(24, speed), avp(19, framing), *self.profile.iccn)
        self.state = "wait-iccn-zlb" if self.profile.waits_for_zlb else "up"
        effects = self._send(now, self.peer_session, iccn)
        return effects if self.profile.waits_for_zlb else effects + self._up()

    def _up(self) -> list[Effect]:
        self.state = "up"
        return [Connected(self.peer_tunnel, self.peer_session)]
