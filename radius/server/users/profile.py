"""What a user or a group of users may be given: a row is a setting.

Values are kept as text in one canonical form; a user's own value goes before that of the group.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from radius.message import Attribute
from radius.server.users import hours
from radius.server.users.store import Refused

_LONGEST_TEXT_OCTETS = 247
_MOST_32 = (1 << 32) - 1
_MOST_64 = (1 << 64) - 1
_MOST_ROUTES = 64
_DECIMAL = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PERIODS: dict[str, Callable[[date], int]] = {
    "day": lambda today: 0,  # noqa: ARG005 - as the others
    "week": lambda today: today.weekday(),
    "month": lambda today: today.day - 1,
}
"""How many days of a period have passed before today."""
REPLACE = "replace"
_REPLACE_OLDEST = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: its name, what it is for, how it is checked, which attributes it is sent as.

    `check` returns the canonical text or raises ValueError with the reason.
    """

    name: str
    metavar: str
    text: str
    check: Callable[[str], str]
    attributes: Callable[[str], list[Attribute]]


def checked(name: str, value: str) -> str:
    """Return the canonical text of a setting's value; raises Refused."""
    row = next((row for row in ROWS if row.name == name), None)
    if row is None:
        raise Refused(f"there is no setting {name}; there are {', '.join(r.name for r in ROWS)}")
    try:
        return row.check(value)
    except ValueError as error:
        raise Refused(f"{name}: {error}") from None


def attributes(settings: Mapping[str, str]) -> list[Attribute]:
    """Return what an Access-Accept says about the settings."""
    return [
        one for row in ROWS if row.name in settings for one in row.attributes(settings[row.name])
    ]


def left_seconds(settings: Mapping[str, str], wall: float) -> float:
    """Return how long the user may be connected from now on by hours and account expiry."""
    windows = settings.get("hours")
    moment = datetime.fromtimestamp(wall).astimezone()
    within = hours.parse(windows).left_seconds(moment) if windows else math.inf
    return min(within, account_left_seconds(settings, wall))


def account_left_seconds(settings: Mapping[str, str], wall: float) -> float:
    """Return how long the account still exists; 0 or less when it has ended."""
    end = settings.get("account_ends")
    return _midnight(end) - wall if end else math.inf


def period_begin(settings: Mapping[str, str], wall: float) -> str:
    """Return the first day of the quota's period, YYYY-MM-DD; empty without a period."""
    period = settings.get("quota_period")
    if period is None or "quota" not in settings:
        return ""
    today = datetime.fromtimestamp(wall).astimezone().date()
    return (today - timedelta(_PERIODS[period](today))).isoformat()


def _midnight(day: str) -> float:
    return datetime.fromisoformat(day).astimezone().timestamp()


def _text(value: str) -> str:
    if not value.isprintable() or len(value.encode()) > _LONGEST_TEXT_OCTETS:
        raise ValueError(f"it is printable text of at most {_LONGEST_TEXT_OCTETS} octets")
    return value


def _amount(value: str, units: Mapping[str, int], most: int, example: str) -> int:
    match = re.fullmatch(r"(\d{1,20})\s*([a-z]?)", value.strip().lower())
    factor = units.get(match[2]) if match else None
    if match is None or factor is None or not 0 < (amount := int(match[1]) * factor) <= most:
        raise ValueError(f"{value} is none from 1 to {most}, such as {example}")
    return amount


def _number(value: str) -> str:
    return str(_amount(value, {"": 1}, _MOST_32, "2"))


def _seconds(value: str) -> str:
    return str(_amount(value, _SECONDS, _MOST_32, "600, 30m, 8h or 7d"))


def _octets(value: str) -> str:
    return str(_amount(value, _DECIMAL, _MOST_64, "500M or 10G"))


def _rate(value: str) -> str:
    up, _, down = value.partition("/")
    return "/".join(str(_amount(one, _DECIMAL, _MOST_32, "10M")) for one in (up, down or up))


def _hours(value: str) -> str:
    hours.parse(value)
    return value.strip()


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value)
        _midnight(day.isoformat())
    except (ValueError, OverflowError):
        raise ValueError(f"{value} is no date such as 2027-01-31") from None
    return day.isoformat()


def _period(value: str) -> str:
    if value not in _PERIODS:
        raise ValueError(f"{value} is none of {', '.join(_PERIODS)}")
    return value


def _when_full(value: str) -> str:
    if value not in ("deny", REPLACE):
        raise ValueError(f"{value} is neither deny nor {REPLACE}")
    return value


def _routes(value: str) -> str:
    networks = [IPv4Network(one) for one in _listed(value)]
    if len(networks) > _MOST_ROUTES:
        raise ValueError(f"there are at most {_MOST_ROUTES}")
    return ",".join(map(str, networks))


def _dns(value: str) -> str:
    addresses = [str(IPv4Address(one)) for one in _listed(value)]
    if len(addresses) > 2:
        raise ValueError("there are at most two")
    return ",".join(addresses)


def _listed(value: str) -> list[str]:
    return [one.strip() for one in value.split(",")]


def _none(_value: str) -> list[Attribute]:
    return []


def _as_text(name: str) -> Callable[[str], list[Attribute]]:
    return lambda value: [(name, value)]


def _as_number(name: str) -> Callable[[str], list[Attribute]]:
    return lambda value: [(name, int(value))]


def _as_rate(value: str) -> list[Attribute]:
    up, down = map(int, value.split("/"))
    return [("WISPr-Bandwidth-Max-Up", up), ("WISPr-Bandwidth-Max-Down", down)]


def _as_routes(value: str) -> list[Attribute]:
    return [("L2tpsec-Route", network) for network in _listed(value)]


def _as_sites(value: str) -> list[Attribute]:
    return [("Framed-Route", f"{network} 0.0.0.0 1") for network in _listed(value)]


def _as_dns(value: str) -> list[Attribute]:
    names = ("MS-Primary-DNS-Server", "MS-Secondary-DNS-Server")
    return list(zip(names, _listed(value), strict=False))


def _as_when_full(value: str) -> list[Attribute]:
    return [("L2tpsec-Simultaneous-Use", _REPLACE_OLDEST)] if value == REPLACE else []


ROWS = (
    Row("pool", "NAME", "pool of the address (Framed-Pool)", _text, _as_text("Framed-Pool")),
    Row("filter", "NAME", "filter on the traffic (Filter-Id)", _text, _as_text("Filter-Id")),
    Row("rate", "UP/DOWN", "bit/s from and to the user, as 5M/20M (WISPr)", _rate, _as_rate),
    Row(
        "quota",
        "OCTETS",
        "octets a session may carry, as 10G (L2tpsec-Octet-Quota)",
        _octets,
        _none,  # less what was used in the period, by `radius.server.admission`
    ),
    Row(
        "quota_period",
        "day|week|month",
        "the quota is for all sessions of the period together",
        _period,
        _none,
    ),
    Row(
        "session_timeout",
        "TIME",
        "longest session, as 8h (Session-Timeout)",
        _seconds,
        _none,  # joined with hours and the account's end by `radius.server.admission`
    ),
    Row(
        "idle_timeout",
        "TIME",
        "longest silence, as 30m (Idle-Timeout)",
        _seconds,
        _as_number("Idle-Timeout"),
    ),
    Row("sessions", "N", "how many at once (Port-Limit)", _number, _none),  # by admission too
    Row(
        "when_full",
        "deny|replace",
        "one session too many is refused here, or left to the access server to end the oldest",
        _when_full,
        _as_when_full,
    ),
    Row("routes", "NETS", "networks behind the tunnel (L2tpsec-Route)", _routes, _as_routes),
    Row("sites", "NETS", "networks behind the user's router (Framed-Route)", _routes, _as_sites),
    Row("domain", "NAME", "domain of short names", _text, _as_text("L2tpsec-Domain")),
    Row("dns", "IPS", "one or two name servers (MS-Primary-DNS-Server)", _dns, _as_dns),
    Row("hours", "WINDOWS", 'when to dial in, as "mon-fri 08:00-18:00"', _hours, _none),
    Row("account_ends", "DATE", "the day from which on the account has ended", _day, _none),
)
