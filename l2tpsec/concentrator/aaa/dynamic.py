"""Which sessions an order of RADIUS means, and what it changes (RFC 5176 section 3)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from l2tpsec.concentrator.aaa import access, restrictions
from l2tpsec.concentrator.aaa.identity import AUTHORIZE_ONLY, Dialin
from l2tpsec.concentrator.aaa.restrictions import FILTER_NAMES, RATE_NAMES, Filters, Unobeyable
from l2tpsec.model.change import Change
from radius.dynamic import ErrorCause
from radius.message import Attribute, Code, Message, Value


@dataclass(frozen=True, slots=True)
class Face:
    """A session as an order can name it; `number` is ours."""

    number: int
    user: str
    address: str
    dialin: Dialin
    chargeable_identity: bytes = b""
    ipv6: Sequence[Attribute] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The order is not obeyed."""

    cause: ErrorCause
    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """Change these sessions, end them, or ask for new grants of them with this State."""

    numbers: tuple[int, ...]
    change: Change | None = None
    state: bytes | None = None
    ends: bool = False


_NOBODY = -1

_NAMES: dict[str, Callable[[Face], Value]] = {
    "User-Name": lambda face: face.user,
    "Acct-Session-Id": lambda face: face.dialin.session_id,
    "Acct-Multi-Session-Id": lambda face: face.dialin.multi_session_id,
    "Framed-IP-Address": lambda face: face.address,
    "NAS-Port": lambda face: face.dialin.port,
    "Calling-Station-Id": lambda face: face.dialin.client_address,
    "Called-Station-Id": lambda face: face.dialin.server_address,
    # whose session has none is nobody's whom an empty one could mean
    "Chargeable-User-Identity": lambda face: face.chargeable_identity or _NOBODY,
    "Framed-IPv6-Prefix": lambda face: dict(face.ipv6).get("Framed-IPv6-Prefix", _NOBODY),
    "Framed-Interface-Id": lambda face: dict(face.ipv6).get("Framed-Interface-Id", _NOBODY),
}
"""By what a session is named; all that are given must fit. A row more is a name more."""

_TIMES = ("Session-Timeout", "Idle-Timeout", "Acct-Interim-Interval")
CHANGEABLE = (*_TIMES, "Termination-Action", *FILTER_NAMES, *RATE_NAMES, "Class")
"""What a CoA-Request may change; `_change` has a field of Change for each."""
_ACTIONS = {0: False, 1: True}

_OF_THE_NAS = ("NAS-Identifier", "NAS-IP-Address")
_NEUTRAL = ("Event-Timestamp", "Proxy-State", "State", "Reply-Message", "NAS-Port-Type")
_REQUESTS_OWN = {
    Code.DISCONNECT_REQUEST: ("Acct-Terminate-Cause", "Class"),
    Code.COA_REQUEST: CHANGEABLE,
}
_LEAST_INTERIM_SECONDS = 60
_LONGEST_TEXT = 200


def judge(
    message: Message,
    faces: Iterable[Face],
    nas_identifier: str,
    filters: Filters,
    server_addresses: Collection[str] = (),
) -> Order | Refusal:
    """Find what an order means among sessions, or why it cannot be obeyed.

    Our own addresses are `server_addresses`, and those that the sessions came to.
    """
    known = list(faces)
    ours = {*server_addresses, *(face.dialin.server_address for face in known)}
    return (
        _mistaken(message, ours, nas_identifier)
        or (_unauthorizable(message) if _authorizes(message) else _unsupported(message))
        or _order(message, [face for face in known if _fits(message, face)], filters)
    )


def _mistaken(message: Message, ours: set[str], nas_identifier: str) -> Refusal | None:
    name, address = message.text("NAS-Identifier"), message.text("NAS-IP-Address")
    if name not in (None, nas_identifier):
        text = f"NAS-Identifier is not ours, which is {nas_identifier}"
        return Refusal(ErrorCause.NAS_IDENTIFICATION_MISMATCH, text)
    if address is not None and ours and address not in ours:
        text = f"NAS-IP-Address is not ours: {', '.join(sorted(ours))}"
        return Refusal(ErrorCause.NAS_IDENTIFICATION_MISMATCH, text)
    return None


def _authorizes(message: Message) -> bool:
    """Tell whether it wants us to ask for a new grant (RFC 5176 section 3.2)."""
    service = message.get("Service-Type")
    return message.code is Code.COA_REQUEST and service == AUTHORIZE_ONLY


def _unauthorizable(message: Message) -> Refusal | None:
    if refusal := _strange(message, ("Service-Type",)) or _nameless(message):
        return refusal
    if not message.octets("State"):
        text = "no State: without one the Access-Request would not be known for an answer to this"
        return Refusal(ErrorCause.MISSING_ATTRIBUTE, text)
    return None


def _strange(message: Message, own: Iterable[str]) -> Refusal | None:
    known = {*_NAMES, *_OF_THE_NAS, *_NEUTRAL, *own}
    odd = [name for name, _ in message.attributes if name not in known]
    if not odd:
        return None
    text = f"not supported: {', '.join(odd)}"[:_LONGEST_TEXT]
    return Refusal(ErrorCause.UNSUPPORTED_ATTRIBUTE, text)


def _nameless(message: Message) -> Refusal | None:
    if any(message.get(name) is not None for name in _NAMES):
        return None
    text = f"no session is named: give one of {', '.join(_NAMES)}"
    return Refusal(ErrorCause.MISSING_ATTRIBUTE, text)


def _unsupported(message: Message) -> Refusal | None:
    coa = message.code is Code.COA_REQUEST
    if coa and message.get("Service-Type") is not None:
        # of a Disconnect-Request it is the attribute that is wrong (sections 3.2 and 3.5)
        text = "the one Service-Type of an order is Authorize-Only"
        return Refusal(ErrorCause.UNSUPPORTED_SERVICE, text)
    if refusal := _strange(message, _REQUESTS_OWN[message.code]) or _nameless(message):
        return refusal
    if coa and not any(message.get(name) is not None for name in CHANGEABLE):
        text = f"nothing to change: give one of {', '.join(CHANGEABLE)}"
        return Refusal(ErrorCause.MISSING_ATTRIBUTE, text)
    return None


def _fits(message: Message, face: Face) -> bool:
    asked = [(name, value) for name, value in message.attributes if name in _NAMES]
    return all(_NAMES[name](face) == value for name, value in asked)


def _order(message: Message, found: list[Face], filters: Filters) -> Order | Refusal:
    if not found:
        text = "no session here is what was named"
        return Refusal(ErrorCause.SESSION_CONTEXT_NOT_FOUND, text)
    numbers = tuple(face.number for face in found)
    if message.code is not Code.COA_REQUEST:
        # of its Class the Stop is to tell (RFC 3576 section 3.2, note 4)
        classes = access.classes(message)
        return Order(numbers, Change(classes=classes) if classes else None, ends=True)
    if _authorizes(message):
        return Order(numbers, state=message.octets("State"))
    try:
        return Order(numbers, _change(message, filters))
    except Unobeyable as error:
        return Refusal(ErrorCause.INVALID_ATTRIBUTE_VALUE, str(error)[:_LONGEST_TEXT])


def _change(message: Message, filters: Filters) -> Change:
    session, idle, interim = (message.number(name) for name in _TIMES)
    if 0 < (interim or 0) < _LEAST_INTERIM_SECONDS:
        raise Unobeyable(f"Acct-Interim-Interval is below {_LEAST_INTERIM_SECONDS} seconds")
    up, down = restrictions.rates_of(message)
    action = message.number("Termination-Action")
    if action not in (None, *_ACTIONS):
        raise Unobeyable("Termination-Action is neither Default nor RADIUS-Request")
    return Change(
        renews=None if action is None else _ACTIONS[action],
        # it came for that renewal, and for no other purpose (RFC 3576 section 3.2, note 7)
        state=None if action is None else message.octets("State") or b"",
        session_timeout_seconds=session,
        idle_timeout_seconds=idle,
        interim_interval_seconds=interim,
        filter=restrictions.filter_of(message, filters),
        up=up,
        down=down,
        classes=access.classes(message) or None,
    )
