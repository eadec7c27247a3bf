"""What an answer of RADIUS means here: attribute by attribute, and the session that comes of it.

The results are worked out by the code that serves dial-ins, so they cannot disagree with it. An
attribute matters if they were others without it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network

from l2tpsec.concentrator import dhcp, holdings
from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.accounting import interim_seconds
from l2tpsec.concentrator.aaa.catalogue import Fate, entry
from l2tpsec.concentrator.aaa.restrictions import Unobeyable
from l2tpsec.concentrator.addressing.chain import Exhausted, Lease
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.model.credentials import Credentials
from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Rate
from l2tpsec.protocols.dhcp.inform import Terms
from radius.dictionary import standard
from radius.message import Attribute, Message, Value

RADIUS, CONFIGURATION = "RADIUS", "configuration"
HIDDEN = "(not shown)"
_SESSION = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute of the answer: `matters` unless all were as it is without it."""

    name: str
    value: str
    fate: Fate
    matters: bool
    does: str


@dataclass(frozen=True, slots=True)
class Result:
    """One thing of the session, and who wants it so."""

    title: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the client hears of it; results only of a dial-in that is let in."""

    accepted: bool
    reason: str
    lines: tuple[Line, ...] = ()
    results: tuple[Result, ...] = ()


def explain(
    credentials: Credentials, reply: Message, settings: ConcentratorSettings
) -> Explanation:
    """Say what comes of `reply` to these credentials."""
    whole = _outcome(credentials, reply, settings)
    lines = []
    for index, attribute in enumerate(reply.attributes):
        rest = (*reply.attributes[:index], *reply.attributes[index + 1 :])
        other = _outcome(credentials, Message(reply.code, rest), settings)
        lines.append(_line(attribute, matters=other != whole))
    return replace(whole, lines=tuple(lines))


def _line(attribute: Attribute, *, matters: bool) -> Line:
    name, value = attribute
    row = entry(name)
    return Line(name, shown(name, value), row.fate, matters, row.does)


def shown(name: str, value: Value) -> str:
    """Return a value for people; what proves or opens anything is not shown."""
    plain = name.partition(":")[0]
    if entry(plain).secret or standard().named(plain).hiding:
        return HIDDEN
    if isinstance(value, bytes):
        octets = access.without_identifier(value, b"E=") if plain == "MS-CHAP-Error" else value
        text = octets.decode("ascii", "replace")
        return text if text.isprintable() and text.isascii() else f"0x{value.hex()}"
    return access.printable(standard().label(name, value).encode("utf-8", "surrogateescape"))


def _outcome(
    credentials: Credentials, reply: Message, settings: ConcentratorSettings
) -> Explanation:
    verdict = access.verdict(credentials, reply)
    if not verdict.accepted:
        return Explanation(accepted=False, reason=access.refusal(credentials, reply, verdict))
    try:
        granted = access.grant(credentials.name, reply, settings.filters)
        box = _Box(settings, granted, credentials.name)
        results = tuple(Result(row.title, *row.of(box)) for row in RESULTS)
    except (Unobeyable, _Unservable) as error:
        return Explanation(accepted=False, reason=f"though not by RADIUS: {error}")
    said = verdict.message
    words = said.partition(b" M=")[2] if said.startswith(b"S=") else said
    return Explanation(accepted=True, reason=access.printable(words), results=results)


class _Unservable(Exception):  # noqa: N818 - what the box cannot give
    """The dial-in fails for want of this."""


@dataclass(frozen=True, slots=True)
class _Box:
    settings: ConcentratorSettings
    grant: Grant
    name: bytes
    terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        terms = dhcp.terms(self.settings.address, self.grant, {}, ())
        object.__setattr__(self, "terms", terms)


Said = tuple[str, str]
"""A value and its source."""


def _joined(items: tuple[object, ...]) -> str:
    return ", ".join(map(str, items))


def _listed(items: tuple[object, ...], granted: object) -> Said:
    text = _joined(items)
    return (text, RADIUS if granted else CONFIGURATION) if text else ("none", "")


def _address(box: _Box) -> Said:
    settings = box.settings.address
    match holdings.chain(settings).acquire(box.grant, _SESSION):
        case Lease(address=address, source="radius"):
            return str(address), RADIUS
        case Lease() if box.grant.client_may_choose:
            return f"the client's choice or another of {_joined(_choices(box))}", RADIUS
        case Lease() if box.grant.pool:
            return f"one of {_joined(_choices(box))}, [pools.{box.grant.pool}]", RADIUS
        case Lease():
            return f"one of {_joined(settings.pool)}", CONFIGURATION
        case Exhausted(text=text):
            raise _Unservable(text)
        case _:
            return "leased by a DHCP server", CONFIGURATION


def _choices(box: _Box) -> tuple[IPv4Network, ...]:
    settings = box.settings.address
    return settings.pools[box.grant.pool].networks if box.grant.pool else settings.pool


def _sites(box: _Box) -> Said:
    sites, client = Sites(box.settings.address), box.settings.address.gateway
    place = box.grant.address or next((s.gateway for s in box.grant.sites if s.gateway), client)
    taken = [
        network
        for here in (place, IPv6Network("::/64"))
        for network in sites.take(_SESSION, "", box.grant.sites, here, ()).networks
    ]
    return _listed(tuple(taken), granted=True)


def _table(box: _Box) -> Said:
    name = box.grant.table_group
    if not name:
        return "the host's own", ""
    table = box.settings.address.groups.get(name)
    if table is None:
        raise _Unservable(f"RADIUS names the group {name!r}, and there is no [groups.{name}]")
    return f"{table}, [groups.{name}]", RADIUS


def _mtu(box: _Box) -> Said:
    usual = box.settings.ppp.mru
    if box.grant.mtu is None:
        return f"at most {usual} octets", CONFIGURATION
    return f"at most {min(usual, box.grant.mtu)} octets", RADIUS


def _routes(box: _Box) -> Said:
    everything = "all traffic goes through the tunnel", CONFIGURATION
    return _listed(box.terms.routes, box.grant.routes) if box.terms.routes else everything


def _ipv6(box: _Box) -> Said:
    framed, name = box.grant.ipv6_prefix, box.grant.ipv6_pool
    reserves = holdings.prefixes(box.settings.address)
    if not reserves:
        return "none: there is no ipv6_pool", CONFIGURATION
    if framed is not None and reserves.home(framed).fits(framed):
        return str(framed), RADIUS
    pools = box.settings.address.pools
    if not name:
        return f"a /64 of {box.settings.address.ipv6_pool}", CONFIGURATION
    if reserves.pool(name) is None:
        return f"none: there is no [pools.{name}] ipv6", RADIUS
    return f"a /64 of {pools[name].ipv6}, [pools.{name}]", RADIUS


def _ipv6_names(box: _Box) -> Said:
    found = box.grant.ipv6_dns or box.settings.address.ipv6_dns
    return _listed(found, box.grant.ipv6_dns)


def _interface(box: _Box) -> Said:
    octets = box.grant.interface_identifier
    if not octets:
        return "the client's choice", ""
    host = IPv6Network("::/64").network_address + int.from_bytes(octets)
    return str(host), RADIUS


def _limit(seconds: int | None) -> Said:
    return (f"{seconds} s", RADIUS) if seconds else ("none", "")


def _timeout(box: _Box) -> Said:
    value, source = _limit(box.grant.session_timeout_seconds)
    if source and box.grant.renews:
        with_state = ", with its State" if box.grant.state else ""
        value = f"{value}, then RADIUS is asked to renew it{with_state}"
    return value, source


def _charged(box: _Box) -> Said:
    identity = box.grant.chargeable_identity
    return (shown("Chargeable-User-Identity", identity), RADIUS) if identity else ("none", "")


def _at_once(box: _Box) -> Said:
    most = box.grant.session_limit
    if most is None:
        return "any number", ""
    excess = "the oldest is ended" if box.grant.replace_oldest else "one more is refused"
    return f"{most} ({excess})", RADIUS


def _quota(box: _Box) -> Said:
    quota = box.grant.octet_quota
    return ("none", "") if quota is None else (f"{quota} octets", RADIUS)


def _filter(box: _Box) -> Said:
    chosen = box.grant.filter
    return (f"{chosen.name}, {len(chosen.rules)} rules", RADIUS) if chosen.rules else ("none", "")


def _rate(rate: Rate) -> Said:
    return (f"{rate} bit/s", RADIUS) if rate.bits_per_second else ("none", "")


def _interim(box: _Box) -> Said:
    usual = box.settings.interim_interval_seconds
    seconds = interim_seconds(box.grant, usual)
    told = box.grant.interim_interval_seconds is not None
    return f"{seconds} s" if seconds else "never", RADIUS if told else CONFIGURATION


def _classes(box: _Box) -> Said:
    texts = [shown("Class", value) for value in box.grant.classes]
    return (", ".join(texts), RADIUS) if texts else ("none", "")


@dataclass(frozen=True, slots=True)
class _Row:
    title: str
    of: Callable[[_Box], Said]


RESULTS = (
    _Row("address", _address),
    _Row("name servers", lambda box: _listed(box.terms.dns, box.grant.dns)),
    _Row("WINS servers", lambda box: _listed(box.terms.wins, box.grant.wins)),
    _Row("domain", lambda box: _listed((box.terms.domain,), box.grant.domain)),
    _Row("split tunnel", _routes),
    _Row("routed to the client", _sites),
    _Row("table of routes", _table),
    _Row("packets", _mtu),
    _Row("IPv6 prefix", _ipv6),
    _Row("IPv6 name servers", _ipv6_names),
    _Row("interface identifier", _interface),
    _Row("session timeout", _timeout),
    _Row("idle timeout", lambda box: _limit(box.grant.idle_timeout_seconds)),
    _Row("sessions at once", _at_once),
    _Row("quota", _quota),
    _Row("filter", _filter),
    _Row("rate from the client", lambda box: _rate(box.grant.up)),
    _Row("rate to the client", lambda box: _rate(box.grant.down)),
    _Row("accounting every", _interim),
    _Row("class", _classes),
    _Row("charged as", _charged),
    _Row(
        "accounted as", lambda box: (box.grant.user, "" if box.name == box.grant.name else RADIUS)
    ),
)
"""A row more is a result more: a test wants every field of a grant to show in one."""
