"""LCP (RFC 1661 section 6, RFC 1570): the link's own options, echo, identification."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import Method
from l2tpsec.protocols.ppp.authentication.methods import BY_NAME, BY_OPTION
from l2tpsec.protocols.ppp.automaton import Action, Event, State
from l2tpsec.protocols.ppp.control import (
    Actions,
    ControlProtocol,
    Handlers,
    Output,
    ProtocolRejected,
)
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.option import FLAG, Option, Row, Terms, number, octets
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.settings import PppSettings

MRU, ACCM, AUTHENTICATION, MAGIC, PFC, ACFC = 1, 2, 3, 5, 7, 8
DEFAULT_MRU = 1500
MIN_MRU = 576  # RFC 791: what every host takes; smaller ones only serve an attacker
MAX_LOOPS = 5
MAX_IDENTS = 8


@dataclass(slots=True, kw_only=True)
class LcpTerms(Terms):
    """`methods`: what the client has not refused yet, the one in question first."""

    settings: PppSettings
    entropy: Entropy
    methods: tuple[Method, ...] = ()
    wanted: str = ""
    magic: bytes = b""
    loops: int = 0

    def draw_magic(self) -> bytes:
        """Return a new magic number, never zero (RFC 1661 section 6.4)."""
        drawn = self.entropy(4)
        return drawn[:3] + bytes((drawn[3] | 1,))


def _mru_naked(_terms: LcpTerms, value: int) -> int:
    return min(max(value, MIN_MRU), DEFAULT_MRU)


def _mru_judge(terms: LcpTerms, wish: int) -> int:
    return wish if wish >= MIN_MRU else terms.settings.mru


def _method_naked(terms: LcpTerms, value: bytes) -> bytes | None:
    """Follow the client to a method that is allowed, else go on with our next."""
    wish = BY_OPTION.get(value)
    terms.wanted = wish.label if wish else f"protocol {value.hex()}"
    terms.methods = tuple(sorted(terms.methods[1:], key=lambda method: method is not wish))
    if terms.methods:
        return terms.methods[0].option
    terms.impasse = _no_method(terms, wish)
    return None


def _no_method(terms: LcpTerms, wish: Method | None) -> str:
    allowed = terms.settings.authentication
    labels = ", ".join(BY_NAME[name].label for name in allowed)
    allow = f' or allow "{wish.name}" in [ppp] authentication' if wish else ""
    return (
        f"the client accepts none of {labels}; it wants {terms.wanted} "
        f"(tick {BY_NAME[allowed[0]].label} on the client{allow})"
    )


def _method_rejected(terms: LcpTerms) -> None:
    terms.impasse = "the client refuses to authenticate itself at all"


def _count_loop(terms: LcpTerms) -> None:
    terms.loops += 1
    if terms.loops > MAX_LOOPS:
        terms.impasse = "our own frames come back: the link is looped"


def _magic_judge(terms: LcpTerms, wish: bytes) -> bytes:
    if wish == terms.magic:
        _count_loop(terms)
    return terms.draw_magic() if wish in (bytes(4), terms.magic) else wish


def _magic_naked(terms: LcpTerms, _value: bytes) -> bytes:
    terms.magic = terms.draw_magic()
    return terms.magic


def _magic_rejected(terms: LcpTerms) -> None:
    terms.magic = bytes(4)


def _acknowledge(_terms: object, wish: bytes) -> bytes:
    return wish


# The rows without functions are known and always rejected; the names are for people.
LCP_OPTIONS: tuple[Row[LcpTerms], ...] = (
    Option(
        MRU,
        "Maximum-Receive-Unit",
        number(2),
        offer=lambda terms: terms.settings.mru,
        naked=_mru_naked,
        judge=_mru_judge,
    ),
    # L2TP carries no characters to escape: any map is as good as none.
    Option(ACCM, "Async-Control-Character-Map", octets(4, 4), judge=_acknowledge),
    Option(
        AUTHENTICATION,
        "Authentication-Protocol",
        octets(2),
        offer=lambda terms: terms.methods[0].option,
        naked=_method_naked,
        rejected=_method_rejected,
    ),
    Option(4, "Quality-Protocol", octets(0)),
    Option(
        MAGIC,
        "Magic-Number",
        octets(4, 4),
        offer=lambda terms: terms.magic,
        naked=_magic_naked,
        rejected=_magic_rejected,
        judge=_magic_judge,
    ),
    Option(PFC, "Protocol-Field-Compression", FLAG, judge=_acknowledge),
    Option(ACFC, "Address-and-Control-Field-Compression", FLAG, judge=_acknowledge),
    Option(13, "Callback", octets(0)),
    Option(17, "Multilink-MRRU", octets(0)),
    Option(19, "Multilink-Endpoint-Discriminator", octets(1), judge=_acknowledge),
)


@cache
def _methods(names: tuple[str, ...]) -> tuple[Method, ...]:
    return tuple(BY_NAME[name] for name in names)


class Lcp(ControlProtocol[LcpTerms]):
    """Our end of LCP; `idents` are the texts of the client's Identification packets."""

    __slots__ = ("idents",)

    remembered: ClassVar[frozenset[int]] = frozenset({MRU, PFC, ACFC})

    def __init__(self, settings: PppSettings, entropy: Entropy) -> None:
        terms = LcpTerms(settings=settings, entropy=entropy)
        terms.methods = _methods(settings.authentication)
        terms.magic = terms.draw_magic()
        super().__init__(frame.LCP, Phase.LCP, LCP_OPTIONS, terms, settings)
        self.idents: list[str] = []

    @property
    def method(self) -> Method | None:
        """How the client agreed to authenticate itself."""
        return BY_OPTION.get((self.ours or {}).get(AUTHENTICATION, b""))

    @property
    def peer_mru(self) -> int:
        """The longest information that the client takes."""
        mru = self.theirs.get(MRU, DEFAULT_MRU)
        return int(mru)

    def echo_request(self) -> SendFrame:
        """Ask the client whether it lives."""
        return self.send(Code.ECHO_REQUEST, self.next_identifier(), self.terms.magic)

    def reject_protocol(self, protocol: int, information: bytes) -> SendFrame:
        """Refuse a protocol, with as much of its packet as the client's MRU takes."""
        data = protocol.to_bytes(2) + information
        room = min(self.peer_mru, DEFAULT_MRU) - 4
        return self.send(Code.PROTOCOL_REJECT, self.next_identifier(), data[:room])

    def _protocol_reject(self, packet: Packet, _now: float) -> list[Output]:
        if len(packet.data) < 2:
            raise Malformed("Protocol-Reject without a protocol", 4)
        if self.state is not State.OPENED:
            return self.drop("unexpected", "Protocol-Reject while LCP is not open")
        return [ProtocolRejected(int.from_bytes(packet.data[:2]))]

    def _echo(self, packet: Packet, now: float) -> list[Output]:
        if len(packet.data) < 4:
            raise Malformed("no magic number", 4)
        if packet.code == Code.ECHO_REQUEST and packet.data[:4] == self.terms.magic != bytes(4):
            _count_loop(self.terms)
            return self.drop("looped echo")
        return self.step(Event.ECHO, now)

    def _send_echo_reply(self, _now: float) -> list[Output]:
        received = self._received
        if received.code != Code.ECHO_REQUEST:
            return []
        data = self.terms.magic + received.data[4:]
        return [self.send(Code.ECHO_REPLY, received.identifier, data)]

    def _identification(self, packet: Packet, _now: float) -> list[Output]:
        """Keep what Windows says of itself: "MSRASV5.20", "MSRAS-0-" and its name, a GUID."""
        if len(self.idents) == MAX_IDENTS:
            return self.drop("too many identifications")
        text = printable(packet.data[4:])
        if packet.code == Code.IDENTIFICATION:
            self.idents.append(text)
        return [Noted(Phase.LCP, Level.DEBUG, f"the client says: {text}")]

    handlers: ClassVar[Handlers] = {
        **ControlProtocol.handlers,
        Code.PROTOCOL_REJECT: _protocol_reject,
        Code.ECHO_REQUEST: _echo,
        Code.ECHO_REPLY: _echo,
        Code.DISCARD_REQUEST: _echo,
        Code.IDENTIFICATION: _identification,
        Code.TIME_REMAINING: _identification,
    }
    actions: ClassVar[Actions] = {
        **ControlProtocol.actions,
        Action.SEND_ECHO_REPLY: _send_echo_reply,
    }


def printable(data: bytes) -> str:
    """Return a peer's text as ASCII, or in hexadecimal where it is none; 64 octets at most."""
    data = data[:64].rstrip(b"\0")
    if all(0x20 <= octet < 0x7F for octet in data):
        return data.decode("ascii")
    return data.hex()
