"""A PPP client without I/O, as Windows, macOS, Android and Linux's pppd behave.

Written apart from the server's code, so that the two can disagree. Frames go in and come out; time
and randomness are arguments.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from radius import mschap

IP, IPV6, IPCP, IPV6CP, CCP, ACSCP = 0x0021, 0x0057, 0x8021, 0x8057, 0x80FD, 0x8235
LCP, PAP, CHAP, EAP = 0xC021, 0xC023, 0xC223, 0xC227

AUTHENTICATION = {
    "eap": bytes.fromhex("c227"),
    "mschapv2": bytes.fromhex("c22381"),
    "mschap": bytes.fromhex("c22380"),
    "chap": bytes.fromhex("c22305"),
    "pap": bytes.fromhex("c023"),
}

Options = dict[int, bytes]
Receiver = Callable[[int, int, bytes, float], list[bytes]]


@dataclass(frozen=True)
class Profile:
    """What one kind of client asks for; "magic" and "identifier" options are drawn at random."""

    name: str
    lcp: tuple[tuple[int, bytes], ...]
    ipcp: tuple[int, ...] = (3, 129, 131)
    methods: tuple[str, ...] = ("mschapv2", "chap", "pap")
    others: tuple[tuple[int, bytes], ...] = ()  # first packets of protocols that we do not have
    ipv6: bool = True
    idents: tuple[bytes, ...] = ()
    terminate_data: bytes = b""
    restart_seconds: float = 3
    echo_seconds: float = 0
    one_counter: bool = False


_MAGIC = (5, b"")
_PFC, _ACFC = (7, b""), (8, b"")
_ACCM0 = (2, bytes(4))


def _mru(octets: int) -> tuple[int, bytes]:
    return 1, octets.to_bytes(2)


WINDOWS = Profile(
    "windows",
    (
        _mru(1400),
        _MAGIC,
        _PFC,
        _ACFC,
        (13, b"\x06"),
        (17, (1614).to_bytes(2)),
        (19, b"\x01" + bytes(range(20))),
    ),
    ipcp=(3, 129, 130, 131, 132),
    methods=("mschapv2",),
    idents=(b"MSRASV5.20", b"MSRAS-0-DESKTOP", bytes(range(0x80, 0x90))),
    terminate_data=bytes.fromhex("003ccd74"),
    restart_seconds=2,
    one_counter=True,
)
MACOS = Profile(
    "macos",
    (_ACCM0, _MAGIC, _PFC, _ACFC),
    methods=("mschapv2", "chap"),
    others=((ACSCP, bytes.fromhex("0101001001060000000102060000000100")[:16]),),
    echo_seconds=10,
)
ANDROID = Profile(
    "android",
    (_mru(1270), _ACCM0, _MAGIC, _PFC, _ACFC),
    ipcp=(2, 3, 129, 131),
    ipv6=False,
)
PPPD = Profile(
    "pppd",
    (_mru(1400), _ACCM0, _MAGIC, _PFC, _ACFC),
    ipcp=(2, 3, 129, 131),
    others=((CCP, bytes.fromhex("0101000f1a0478001803780015032f")),),
)
PROFILES = (WINDOWS, MACOS, ANDROID, PPPD)


def decode(frame: bytes) -> tuple[int, bytes]:
    """Split a frame of the server, compressed or not."""
    frame = frame.removeprefix(b"\xff\x03")
    if frame[0] & 1:
        return frame[0], frame[1:]
    return int.from_bytes(frame[:2]), frame[2:]


def packet(code: int, identifier: int, data: bytes) -> bytes:
    """Return a control packet."""
    return bytes((code, identifier)) + (len(data) + 4).to_bytes(2) + data


def unpack(data: bytes) -> Options:
    """Read options."""
    options: Options = {}
    while data:
        options[data[0]] = data[2 : data[1]]
        data = data[data[1] :]
    return options


def pack(options: Options) -> bytes:
    """Write options."""
    return b"".join(bytes((code, len(data) + 2)) + data for code, data in options.items())


@dataclass
class Negotiation:
    """One protocol's Configure exchange; `wishes` are ours, `theirs` the server's, acknowledged."""

    protocol: int
    wishes: Options
    judge: Callable[[Options], tuple[int, Options]]
    theirs: Options = field(default_factory=dict)
    identifier: int = 0
    tries: int = 0
    deadline: float | None = None
    running: bool = False
    we_acked: bool = False
    they_acked: bool = False

    @property
    def open(self) -> bool:
        """Whether both directions are agreed."""
        return self.we_acked and self.they_acked


class PppPeer:
    """A client: `open`, `receive`, `expire`, `hang_up` return frames to send.

    What came of it: `lcp_open`, `authenticated`, `address`, `dns`, `wins`, `failure` (the server's
    text), `proven` (its MS-CHAPv2 proof was right), `ended`, `data` (IP packets received).
    """

    def __init__(
        self,
        profile: Profile,
        name: bytes,
        password: str,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.profile = profile
        self._name = name
        self._password = password
        self._entropy = entropy
        self._counter: dict[int, int] = {}
        self._timer: float | None = None  # PAP's
        self._echo_timer: float | None = None
        self.magic = entropy(4)
        self.method = ""
        self.authenticated = self.proven = self.ended = False
        self.failure: bytes | None = None
        self.terminate_data: bytes | None = None
        self.rejected: list[int] = []
        self.echoes = 0
        self.data: list[bytes] = []
        self._response: tuple[bytes, bytes] | None = None
        self._expected = b""
        self._receivers: dict[int, Receiver] = {
            LCP: self._receive_lcp,
            CHAP: self._receive_chap,
            PAP: self._receive_pap,
        }
        wishes = {code: data or (self.magic if code == 5 else b"") for code, data in profile.lcp}
        self.lcp = Negotiation(LCP, wishes, self._judge_lcp)
        self.ipcp = Negotiation(IPCP, self._ipcp_wishes(), self._judge_ipcp)
        self.ipv6cp = Negotiation(IPV6CP, {1: entropy(8)}, self._judge_ipv6cp)

    def _ipcp_wishes(self) -> Options:
        vj = bytes.fromhex("002d0f01")
        return {code: vj if code == 2 else bytes(4) for code in self.profile.ipcp}

    # What came of it.

    @property
    def lcp_open(self) -> bool:
        """Whether LCP is open."""
        return self.lcp.open and not self.ended

    @property
    def up(self) -> bool:
        """Whether IP may flow."""
        return self.lcp_open and self.authenticated and self.ipcp.open

    def _given(self, code: int) -> IPv4Address | None:
        value = self.ipcp.wishes.get(code, bytes(4))
        return IPv4Address(value) if self.up and any(value) else None

    @property
    def address(self) -> IPv4Address | None:
        """The address that the server gave."""
        return self._given(3)

    @property
    def gateway(self) -> IPv4Address | None:
        """The server's own address."""
        return IPv4Address(self.ipcp.theirs[3]) if self.up and 3 in self.ipcp.theirs else None

    @property
    def dns(self) -> tuple[IPv4Address, ...]:
        """The name servers given."""
        return tuple(server for code in (129, 131) if (server := self._given(code)))

    @property
    def wins(self) -> tuple[IPv4Address, ...]:
        """The WINS servers given."""
        return tuple(server for code in (130, 132) if (server := self._given(code)))

    # Verbs.

    def open(self, now: float) -> list[bytes]:
        """Begin LCP."""
        return self._start(self.lcp, now)

    def hang_up(self, now: float, error: int = 0) -> list[bytes]:
        """Take leave, as a user does who disconnects."""
        self.ended = True
        data = self.profile.terminate_data
        if data:
            data = self.magic + data + error.to_bytes(4)
        return [self._frame(LCP, packet(5, self._next(LCP), data))]

    def send_ip(self, inner: bytes) -> bytes:
        """Return the frame of one IP packet, compressed as far as the server's LCP asked for."""
        acfc, pfc = 8 in self.lcp.theirs, 7 in self.lcp.theirs
        protocol = b"\x57" if inner[0] >> 4 == 6 else b"\x21"
        return (b"" if acfc else b"\xff\x03") + (b"" if pfc else b"\0") + protocol + inner

    @property
    def deadline(self) -> float | None:
        """When `expire` wants to be called."""
        moments = (
            self._timer,
            self._echo_timer,
            self.lcp.deadline,
            self.ipcp.deadline,
            self.ipv6cp.deadline,
        )
        waiting = [m for m in moments if m is not None]
        return None if self.ended or not waiting else min(waiting)

    def expire(self, now: float) -> list[bytes]:
        """Repeat what went unanswered."""
        if self.ended:
            return []
        frames: list[bytes] = []
        for negotiation in (self.lcp, self.ipcp, self.ipv6cp):
            if negotiation.deadline is not None and negotiation.deadline <= now:
                frames += self._request(negotiation, now)
        if self._timer is not None and self._timer <= now:
            frames += self._pap(now)
        if self._echo_timer is not None and self._echo_timer <= now:
            self._echo_timer = now + self.profile.echo_seconds
            frames.append(self._frame(LCP, packet(9, self._next(LCP), self.magic)))
        return frames

    def receive(self, frame: bytes, now: float) -> list[bytes]:
        """Take a frame of the server."""
        protocol, information = decode(frame)
        if protocol in (IP, IPV6):
            self.data += [information] if self.up else []
            return []
        code, identifier = information[0], information[1]
        data = information[4 : int.from_bytes(information[2:4])]
        if protocol != LCP and not self.lcp.open:  # "Discarded non-LCP packet when LCP not open"
            return []
        if protocol in self._receivers:
            return self._receivers[protocol](code, identifier, data, now)
        negotiation = {IPCP: self.ipcp, IPV6CP: self.ipv6cp}.get(protocol)
        if negotiation is None or not (self.profile.ipv6 or protocol == IPCP):
            rejected = protocol.to_bytes(2) + information
            return [self._frame(LCP, packet(8, self._next(LCP), rejected))]
        if not self.authenticated:
            return []
        return self._configure(negotiation, code, identifier, data, now)

    # Negotiation, alike for all protocols.

    def _next(self, protocol: int) -> int:
        key = 0 if self.profile.one_counter else protocol
        self._counter[key] = (self._counter.get(key, -1) + 1) % 256
        return self._counter[key]

    def _frame(self, protocol: int, information: bytes) -> bytes:
        short = protocol != LCP and 8 in self.lcp.theirs
        return (b"" if short else b"\xff\x03") + protocol.to_bytes(2) + information

    def _start(self, negotiation: Negotiation, now: float) -> list[bytes]:
        negotiation.running = True
        negotiation.tries = 0
        negotiation.identifier = self._next(negotiation.protocol)
        return self._request(negotiation, now)

    def _request(self, negotiation: Negotiation, now: float) -> list[bytes]:
        negotiation.tries += 1
        if negotiation.tries > 10:
            negotiation.deadline = None
            self.ended = self.ended or negotiation.protocol != IPV6CP
            return []
        negotiation.they_acked = False
        negotiation.deadline = now + self.profile.restart_seconds
        data = pack(negotiation.wishes)
        request = packet(1, negotiation.identifier, data)
        return [self._frame(negotiation.protocol, request)]

    def _configure(
        self, negotiation: Negotiation, code: int, identifier: int, data: bytes, now: float
    ) -> list[bytes]:
        if code == 1:
            return self._configure_request(negotiation, identifier, data, now)
        if code == 5:
            return [self._frame(negotiation.protocol, packet(6, identifier, b""))]
        fresh = not negotiation.they_acked and identifier == negotiation.identifier
        if not negotiation.running or not fresh:
            return []
        if code == 2 and data == pack(negotiation.wishes):
            negotiation.they_acked = True
            if negotiation.we_acked:
                return self._opened(negotiation, now)
            negotiation.deadline = now + self.profile.restart_seconds
        elif code in (3, 4):
            return self._revise(negotiation, code, unpack(data), now)
        return []

    def _configure_request(
        self, negotiation: Negotiation, identifier: int, data: bytes, now: float
    ) -> list[bytes]:
        frames: list[bytes] = []
        if negotiation.open:  # RFC 1661: down, and all over again
            frames += self._start(negotiation, now)
        code, answer = negotiation.judge(unpack(data))
        reply = data if code == 2 else pack(answer)
        frames.append(self._frame(negotiation.protocol, packet(code, identifier, reply)))
        negotiation.we_acked = code == 2
        if code == 2:
            negotiation.theirs = unpack(data)
            if negotiation.they_acked:
                frames += self._opened(negotiation, now)
        return frames

    def _revise(
        self, negotiation: Negotiation, code: int, options: Options, now: float
    ) -> list[bytes]:
        for option, value in options.items():
            if code == 4:
                negotiation.wishes.pop(option, None)
            elif option in negotiation.wishes:
                negotiation.wishes[option] = value
        return self._start(negotiation, now)

    def _opened(self, negotiation: Negotiation, now: float) -> list[bytes]:
        negotiation.deadline = None
        return self._lcp_opened(now) if negotiation is self.lcp else []

    # LCP.

    def _judge_lcp(self, options: Options) -> tuple[int, Options]:
        unknown = {c: d for c, d in options.items() if c not in (1, 2, 3, 5, 7, 8)}
        if unknown:
            return 4, unknown
        wanted = options.get(3, b"")
        allowed = [AUTHENTICATION[name] for name in self.profile.methods]
        if wanted and wanted not in allowed:
            return 3, {3: allowed[0]}
        self.method = next((n for n, o in AUTHENTICATION.items() if o == wanted), "")
        return 2, options

    def _lcp_opened(self, now: float) -> list[bytes]:
        frames = [
            self._frame(LCP, packet(12, self._next(LCP), self.magic + text))
            for text in self.profile.idents
        ]
        self.authenticated = False
        self._response = None
        if self.profile.echo_seconds:
            self._echo_timer = now + self.profile.echo_seconds
            frames.append(self._frame(LCP, packet(9, self._next(LCP), self.magic)))
        return frames + (self._pap(now) if self.method == "pap" else [])

    def _receive_lcp(self, code: int, identifier: int, data: bytes, now: float) -> list[bytes]:
        match code:
            case 5:
                self.ended = True
                self.terminate_data = data
                return [self._frame(LCP, packet(6, identifier, b""))]
            case 8:
                self.rejected.append(int.from_bytes(data[:2]))
                if self.rejected[-1] == IPV6CP:
                    self.ipv6cp.deadline = None
            case 9 if self.lcp.open:
                return [self._frame(LCP, packet(10, identifier, self.magic + data[4:]))]
            case 10:
                self.echoes += 1
            case 1 | 2 | 3 | 4 if not self.ended:
                return self._configure(self.lcp, code, identifier, data, now)
            case _:
                pass
        return []

    # Authentication.

    def _receive_chap(self, code: int, identifier: int, data: bytes, now: float) -> list[bytes]:
        match code:
            case 1:
                size = data[0]
                challenge = data[1 : 1 + size]
                if self._response is None or self._response[0] != challenge:
                    self._response = challenge, self._respond(identifier, challenge)
                value = self._response[1]
                reply = packet(2, identifier, bytes((len(value),)) + value + self._name)
                return [self._frame(CHAP, reply)]
            case 3 if not self.authenticated and self._response is not None:
                self.proven = bool(self._expected) and hmac.compare_digest(
                    data[:42], self._expected
                )
                if self.method == "mschapv2" and not self.proven:
                    return self.hang_up(now, 778)
                return self._authenticated(now)
            case 4:
                self.failure = data
                return self.hang_up(now, 691) if self.profile.terminate_data else []
            case _:
                pass
        return []

    def _respond(self, identifier: int, challenge: bytes) -> bytes:
        password_hash = mschap.nt_hash(self._password)
        if self.method == "chap":
            secret = bytes((identifier,)) + self._password.encode() + challenge
            return hashlib.md5(secret).digest()
        if self.method == "mschap":
            return bytes(24) + mschap.challenge_response(challenge, password_hash) + b"\x01"
        own = self._entropy(16)
        response = mschap.nt_response(challenge, own, self._name, password_hash)
        self._expected = mschap.authenticator_response(
            response, challenge, own, self._name, password_hash
        )
        return own + bytes(8) + response + b"\x00"

    def _pap(self, now: float) -> list[bytes]:
        self._timer = now + self.profile.restart_seconds
        password = self._password.encode()
        data = bytes((len(self._name),)) + self._name + bytes((len(password),)) + password
        return [self._frame(PAP, packet(1, self._next(PAP), data))]

    def _receive_pap(self, code: int, identifier: int, data: bytes, now: float) -> list[bytes]:
        if self._timer is None:
            return []
        self._timer = None
        if code == 2:
            return self._authenticated(now)
        self.failure = data[1 : 1 + data[0]]
        return []

    # Network.

    def _authenticated(self, now: float) -> list[bytes]:
        self.authenticated = True
        frames = self._start(self.ipv6cp, now) if self.profile.ipv6 else []
        frames += [self._frame(protocol, data) for protocol, data in self.profile.others]
        return frames + self._start(self.ipcp, now)

    def _judge_ipcp(self, options: Options) -> tuple[int, Options]:
        unknown = {code: data for code, data in options.items() if code != 3}
        return (4, unknown) if unknown else (2, options)

    def _judge_ipv6cp(self, options: Options) -> tuple[int, Options]:
        if options.get(1) == self.ipv6cp.wishes.get(1):
            return 3, {1: self._entropy(8)}
        return 2, options
