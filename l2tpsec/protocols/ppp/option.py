"""One row an option: how it is written, offered, judged and agreed (RFC 1661 section 5.1-5.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address
from typing import Any, Generic, TypeVar

from l2tpsec.protocols.ppp.packet import Code, RawOption, decode_options, encode_options

Value = TypeVar("Value")


@dataclass(slots=True)
class Terms:
    """What the rows of one protocol look at; `impasse` says why an agreement is impossible."""

    impasse: str = ""


TermsT = TypeVar("TermsT", bound=Terms)


@dataclass(frozen=True, slots=True)
class Codec(Generic[Value]):
    """The value of an option; `decode` is only called with `minimum` to `maximum` octets."""

    minimum: int
    maximum: int
    decode: Callable[[bytes], Value]
    encode: Callable[[Value], bytes]

    def fits(self, data: bytes) -> bool:
        """Tell whether data has a length that this option can have."""
        return self.minimum <= len(data) <= self.maximum


def _verbatim(data: bytes) -> bytes:
    return data


def octets(minimum: int, maximum: int = 253) -> Codec[bytes]:
    """Return the codec of a value that is its own octets."""
    return Codec(minimum, maximum, _verbatim, _verbatim)


def number(size: int) -> Codec[int]:
    """Return the codec of a number of `size` octets."""
    return Codec(size, size, int.from_bytes, lambda value: value.to_bytes(size))


FLAG: Codec[bytes] = octets(0, 0)
IPV4: Codec[IPv4Address] = Codec(4, 4, IPv4Address, lambda address: address.packed)


def _nothing(_terms: object) -> None:
    return None


def _refuse(_terms: object, _value: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Option(Generic[TermsT, Value]):
    """A row. Without functions: never offered, always rejected.

    `offer`: what we ask for ourselves, None: nothing. `naked`, `rejected`: what we ask after the
    peer's Nak with a value, or its Reject; None: nothing more. `judge`: the peer's wish; the same
    value acknowledges, another is our Nak, None rejects. `prompt`: the value to suggest to a peer
    that does not mention the option. `essential`: without agreement there is no link.
    """

    code: int
    name: str
    codec: Codec[Value]
    offer: Callable[[TermsT], Value | None] = _nothing
    naked: Callable[[TermsT, Value], Value | None] = _refuse
    rejected: Callable[[TermsT], Value | None] = _nothing
    judge: Callable[[TermsT, Value], Value | None] = _refuse
    prompt: Callable[[TermsT], Value | None] = _nothing
    essential: bool = False

    def raw(self, value: Value) -> RawOption:
        """Return the option with this value as it stands on the wire."""
        return RawOption(self.code, self.codec.encode(value))


# The values of one table's rows have several types; each row keeps its own consistent.
Row = Option[TermsT, Any]
Table = Mapping[int, Row[TermsT]]


@cache
def table(rows: tuple[Row[TermsT], ...]) -> Table[TermsT]:
    """Index rows by their code; the rows of a protocol are the same for all links."""
    return {row.code: row for row in rows}


@dataclass(slots=True)
class Answer:
    """The reply to a Configure-Request: code and data, and the peer's values when it is an Ack."""

    code: Code
    data: bytes
    agreed: dict[int, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Judgement:
    agreed: dict[int, Any] = field(default_factory=dict)
    naks: list[tuple[Row[Any], RawOption, Any]] = field(default_factory=list)
    rejects: list[RawOption] = field(default_factory=list)


def _judge_one(row: Row[TermsT], terms: TermsT, raw: RawOption, found: _Judgement) -> None:
    wish = row.codec.decode(raw.data)
    verdict = row.judge(terms, wish)
    if verdict is None:
        found.rejects.append(raw)
    elif verdict == wish:
        found.agreed[raw.code] = wish
    else:
        found.naks.append((row, raw, verdict))


def _judge_all(rows: Table[TermsT], terms: TermsT, data: bytes) -> _Judgement:
    found = _Judgement()
    seen: set[int] = set()
    for raw in decode_options(data):
        row = rows.get(raw.code)
        # RFC 1661 section 5.1: no option is listed twice.
        if row is None or raw.code in seen or not row.codec.fits(raw.data):
            found.rejects.append(raw)
        else:
            _judge_one(row, terms, raw, found)
        seen.add(raw.code)
    for row in rows.values():
        if row.code not in seen and (value := row.prompt(terms)) is not None:
            found.naks.append((row, RawOption(row.code, b""), value))
    return found


def _stop_naking(terms: TermsT, found: _Judgement) -> None:
    """Turn Naks into Rejects (RFC 1661 section 4.6, Max-Failure)."""
    for row, raw, _value in found.naks:
        if row.essential:
            wish = row.codec.decode(raw.data) if raw.data else "none"
            text = f"the client does not accept the {row.name} we give it, it wants {wish}"
            terms.impasse = terms.impasse or text
        else:
            found.rejects.append(raw)
    found.naks = [nak for nak in found.naks if nak[0].essential]


def answer(rows: Table[TermsT], terms: TermsT, data: bytes, *, may_nak: bool) -> Answer:
    """Judge a Configure-Request: Reject first, then Nak, then Ack."""
    found = _judge_all(rows, terms, data)
    if not may_nak:
        _stop_naking(terms, found)
    if found.rejects:
        return Answer(Code.CONFIGURE_REJECT, encode_options(found.rejects))
    if found.naks:
        suggestions = [row.raw(value) for row, _, value in found.naks]
        return Answer(Code.CONFIGURE_NAK, encode_options(suggestions))
    return Answer(Code.CONFIGURE_ACK, data, found.agreed)
