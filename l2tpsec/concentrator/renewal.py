"""How a session that is up comes to a new grant (RFC 2865 section 5.29, RFC 5176 section 3.2).

RADIUS is asked and the client is not: whoever logged in with a one-time code, or left the machine,
could not answer.
"""

from dataclasses import dataclass, replace

from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.accounting import Books
from l2tpsec.concentrator.aaa.identity import AUTHORIZE_ONLY
from l2tpsec.concentrator.aaa.reply_message import words
from l2tpsec.concentrator.aaa.restrictions import Filters, Unobeyable
from l2tpsec.concentrator.aaa.unheeded import complaint
from l2tpsec.model.change import difference
from l2tpsec.model.grant import Grant
from l2tpsec.model.records import Level, Noted, Phase
from radius.message import Attribute, Code, Message

TAKEN = (
    "session_timeout_seconds",
    "renews",
    "state",
    "idle_timeout_seconds",
    "interim_interval_seconds",
    "octet_quota",
    "filter",
    "up",
    "down",
    "classes",
    "chargeable_identity",
)
"""The fields of a grant that a new one replaces."""

_NAMES_OF_THE_SESSION = ("classes", "chargeable_identity")
"""Which stay what they are until RADIUS tells others."""

_SAYING_NOTHING = Grant("")

KEPT = {
    "name": "User-Name",
    "address": "Framed-IP-Address",
    "client_may_choose": "Framed-IP-Address",
    "pool": "Framed-Pool",
    "dns": "MS-Primary-DNS-Server",
    "wins": "MS-Primary-NBNS-Server",
    "domain": "L2tpsec-Domain",
    "routes": "L2tpsec-Route",
    "sites": "Framed-Route",
    "table_group": "Tunnel-Private-Group-Id",
    "mtu": "Framed-MTU",
    "ipv6_prefix": "Framed-IPv6-Prefix",
    "ipv6_pool": "Framed-IPv6-Pool",
    "ipv6_dns": "DNS-Server-IPv6-Address",
    "interface_identifier": "Framed-Interface-Id",
    "session_limit": "Port-Limit",
    "replace_oldest": "L2tpsec-Simultaneous-Use",
}
"""The others, of which the client has been told or which count at its dial-in alone."""


PATIENCE_SECONDS = 30.0
"""For so long RADIUS is asked again where it is known at once that no server can be: where a
connection is being opened, or all requests that servers take together are under way."""
_WAIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Question:
    """What RADIUS is asked, until when, and when again; None: it is being asked now."""

    message: Message
    until: float
    again_at: float | None = None

    def put_off(self, now: float, dice: int) -> "Question":
        """Return the same to be asked later; `dice`, a random octet, keeps many apart."""
        wait = _WAIT_SECONDS * (0.5 + dice / 255)
        return replace(self, again_at=min(now + wait, self.until))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What RADIUS made of it; without a grant, `denied` tells a refusal from no answer."""

    notes: tuple[Noted, ...]
    grant: Grant | None = None
    denied: bool = False


def request(books: Books, state: bytes, *, wants_identity: bool) -> Message:
    """Ask for a new grant of the session that `books` are about; `state` goes back as it came.

    Class is not among what may stand in an Access-Request (RFC 2865 section 5.44).
    """
    identity = books.chargeable_identity or (access.NO_IDENTITY if wants_identity else b"")
    attributes: list[Attribute] = [
        ("User-Name", books.user),
        ("Framed-IP-Address", str(books.address)),
        *books.ipv6,
        *books.dialin.attributes(AUTHORIZE_ONLY),
        *access.chargeable(identity),
    ]
    if state:
        attributes.append(("State", state))
    return Message(Code.ACCESS_REQUEST, attributes)


def unanswered(reason: str) -> Outcome:
    """Say that no server told whether the session may go on."""
    return Outcome((_note(Level.WARNING, f"RADIUS does not renew the session: {reason}"),))


def judged(grant: Grant, address: str, reply: Message, filters: Filters, told: set[str]) -> Outcome:
    """Read RADIUS's answer about a session that has `grant` and `address`."""
    if reply.code is not Code.ACCESS_ACCEPT:
        return _denied(_refusal(reply))
    try:
        asked = access.grant(grant.name, reply, filters)
    except Unobeyable as error:
        return _denied(f"what it wants cannot be obeyed: {error}")
    new = _merged(grant, asked)
    lasts = new.session_timeout_seconds
    text = f"renewed by RADIUS for {lasts} s" if lasts else "renewed by RADIUS without a timeout"
    changes = difference(grant, new)
    notes = [_note(Level.INFO, f"{text}, changed: {changes}" if changes else text)]
    if kept := _passed_over(grant, asked, address):
        text = f"what RADIUS wants changed and a session that is up keeps: {', '.join(kept)}"
        notes.append(_note(Level.WARNING, text))
    return Outcome((*notes, *complaint(reply, told)), new)


def _refusal(reply: Message) -> str:
    if reply.code is Code.ACCESS_CHALLENGE:
        return "it asks for a further step (Access-Challenge), and the client is not asked"
    return access.printable(words(reply)) or "no reason given"


def _denied(why: str) -> Outcome:
    text = f"RADIUS does not renew the session: {why}"
    return Outcome((_note(Level.WARNING, text),), denied=True)


def _merged(grant: Grant, asked: Grant) -> Grant:
    new = {name: getattr(asked, name) for name in TAKEN}
    for name in _NAMES_OF_THE_SESSION:
        new[name] = new[name] or getattr(grant, name)
    return replace(grant, **new)


def _passed_over(grant: Grant, asked: Grant, address: str) -> list[str]:
    """Name the attributes that ask for something else than the session has."""
    if str(asked.address) == address:
        asked = replace(asked, address=grant.address)
    differing = [
        attribute
        for name, attribute in KEPT.items()
        if getattr(asked, name) not in (getattr(grant, name), getattr(_SAYING_NOTHING, name))
    ]
    return list(dict.fromkeys(differing))


def _note(level: Level, text: str) -> Noted:
    return Noted(Phase.RADIUS, level, text)
