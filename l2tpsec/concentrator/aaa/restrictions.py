"""What RADIUS says of a session's filter and rates, in an Access-Accept or an order.

What cannot be obeyed to the letter is refused whole: a filter that is silently missing is a hole.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from l2tpsec.model.filter_rule import BadRule, parse
from l2tpsec.model.policy import Filter, Rate, Rule
from radius.message import Message, Value

Filters = Mapping[str, Filter]
"""The filters of our configuration, by name."""

FILTER_NAMES = ("Filter-Id", "NAS-Filter-Rule")
RATE_NAMES = ("WISPr-Bandwidth-Max-Up", "WISPr-Bandwidth-Max-Down", "Mikrotik-Rate-Limit")

MOST_RULES = 1000
"""Of one session: what several names add up to is otherwise without bound."""

_SENT = "sent by RADIUS"
_SIDES = {".in": True, ".out": False}
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_AMOUNT = re.compile(r"(\d{1,12})([kmg]?)", re.ASCII | re.IGNORECASE)
_MOST_BITS = 10**13


class Unobeyable(Exception):  # noqa: N818 - a fact about an attribute, as Malformed is about bytes
    """An attribute asks for what cannot be had here; the text says which, and why."""


def filter_of(message: Message, filters: Filters) -> Filter | None:
    """Return the filter that a message asks for; None if it speaks of none."""
    names = tuple(value for value in message.all("Filter-Id") if isinstance(value, str))
    if names:
        # RFC 4849 section 2: beside Filter-Id, NAS-Filter-Rule is to be discarded.
        return named(names, filters)
    given = [_octets(value) for value in message.all("NAS-Filter-Rule")]
    return Filter(_SENT, _bounded(_rules(given))) if given else None


def passed_over(message: Message) -> str:
    """Say that NAS-Filter-Rule is not obeyed, where it stands beside Filter-Id."""
    both = all(message.get(name) is not None for name in FILTER_NAMES)
    return "NAS-Filter-Rule is passed over: Filter-Id goes before it (RFC 4849)" if both else ""


def rates_of(message: Message) -> tuple[Rate | None, Rate | None]:
    """Return the rates from and to the client; None where the message speaks of none."""
    if (limit := message.text("Mikrotik-Rate-Limit")) is not None:
        return _mikrotik(limit)
    up, down = (message.number(name) for name in RATE_NAMES[:2])
    return (None if up is None else Rate(up)), (None if down is None else Rate(down))


def named(names: tuple[str, ...], filters: Filters) -> Filter:
    """Put a filter together from those of the configuration; raise Unobeyable if one is missing."""
    parts = [_one(name, filters) for name in names]
    rules = tuple(rule for part in parts for rule in part.rules)
    return Filter(", ".join(part.name for part in parts), _bounded(rules), names)


def base(name: str) -> str:
    """Return the filter's name without a direction."""
    side = next((side for side in _SIDES if name.endswith(side)), "")
    return name.removesuffix(side)


def _one(name: str, filters: Filters) -> Filter:
    if name in filters:
        return filters[name]
    for side, inbound in _SIDES.items():
        whole = filters.get(name.removesuffix(side)) if name.endswith(side) else None
        if whole is not None:
            chosen = tuple(rule for rule in whole.rules if rule.inbound is inbound)
            return replace(whole, name=name, rules=chosen)
    shown = ascii(name)[1:-1]
    raise Unobeyable(f"Filter-Id {shown}: there is no [filters.{shown}] in the configuration")


def _bounded(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    if len(rules) > MOST_RULES:
        raise Unobeyable(f"Filter-Id: {len(rules)} rules are more than {MOST_RULES}")
    return rules


def _octets(value: Value) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else b"?"


def _rules(given: list[bytes]) -> tuple[Rule, ...]:
    """Read rules with NUL between them, wherever attributes end (RFC 4849 section 2).

    Servers that send a whole rule in each, and no NUL, are understood too: glued together, no two
    rules are one.
    """
    try:
        return _parsed(b"".join(given).split(b"\0"))
    except Unobeyable:
        if len(given) == 1 or any(b"\0" in one for one in given):
            raise
    return _parsed(given)


def _parsed(texts: Iterable[bytes]) -> tuple[Rule, ...]:
    rules = []
    for text in texts:
        spoken = text.decode("ascii", "backslashreplace").strip()
        if not spoken:
            continue
        try:
            rules.append(parse(spoken))
        except BadRule as error:
            shown = ascii(spoken)[1:-1][:200]
            raise Unobeyable(f'NAS-Filter-Rule "{shown}": {error.reason}') from None
    return tuple(rules)


def _mikrotik(limit: str) -> tuple[Rate, Rate]:
    """Read `rx/tx [burst [threshold [time [priority [least]]]]]`; rx is from the client.

    A burst is as long as theirs: until the average of `time` seconds reaches the threshold. How
    fast it may go, priorities and least rates have no counterpart here.
    """
    words = limit.split()
    if not 1 <= len(words) <= 6:
        raise _unreadable(limit)
    rates = _pair(words[0], limit)
    bursts = _pair(words[1], limit) if len(words) > 1 else (0, 0)
    thresholds = _pair(words[2], limit) if len(words) > 2 else rates
    times = _pair(words[3], limit) if len(words) > 3 else (1, 1)
    for word in words[4:]:
        _pair(word, limit)
    up, down = (
        Rate(rate, _burst_octets(rate, burst, threshold * seconds))
        for rate, burst, threshold, seconds in zip(rates, bursts, thresholds, times, strict=True)
    )
    return up, down


def _burst_octets(rate: int, burst: int, bits: int) -> int:
    """Return what goes beyond the rate while a burst lasts; `bits` is threshold times time."""
    return (burst - rate) * bits // burst // 8 if burst > rate else 0


def _pair(word: str, limit: str) -> tuple[int, int]:
    first, slash, second = word.partition("/")
    return _amount(first, limit), _amount(second if slash else first, limit)


def _amount(text: str, limit: str) -> int:
    match = _AMOUNT.fullmatch(text)
    amount = int(match[1]) * _UNITS[match[2].lower()] if match else _MOST_BITS + 1
    if amount > _MOST_BITS:
        raise _unreadable(limit)
    return amount


def _unreadable(limit: str) -> Unobeyable:
    shown = ascii(limit)[1:-1][:100]
    return Unobeyable(f'Mikrotik-Rate-Limit "{shown}" is not of the form 5M/20M 8M/30M 4M/15M 10')
