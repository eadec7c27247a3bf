"""Kinds of values: each takes what TOML gave, returns what the program wants, or raises."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    summarize_address_range,
)
from pathlib import Path
from typing import TypeVar

from l2tpsec.model.filter_rule import BadRule, parse
from l2tpsec.model.policy import Rule

T = TypeVar("T")
Kind = Callable[[object], T]


class Unfit(Exception):  # noqa: N818 - a fact about a value, as Malformed is about bytes
    """The value is not of the kind; `expected` says what is."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Refused(Exception):  # noqa: N818 - the same
    """The value is of the kind but cannot be had; `text` says why and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def flag(value: object) -> bool:
    """Take true or false."""
    if isinstance(value, bool):
        return value
    raise Unfit("expected true or false")


def number(low: int, high: int) -> Kind[int]:
    """Take a whole number from `low` to `high`."""

    def kind(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise Unfit(f"expected a whole number from {low} to {high}")

    return kind


def seconds(low: float, high: float) -> Kind[float]:
    """Take a number of seconds from `low` to `high`."""

    def kind(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise Unfit(f"expected seconds from {low:g} to {high:g}")

    return kind


def text(value: object) -> str:
    """Take a printable string of at most 253 octets, what a RADIUS attribute holds."""
    if isinstance(value, str) and value.isprintable() and len(value.encode()) <= 253:
        return value
    raise Unfit("expected a string of at most 253 printable characters")


def matching(pattern: str, expected: str) -> Kind[str]:
    """Take a string that `pattern` matches whole."""

    def kind(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise Unfit(f"expected {expected}")

    return kind


def path(value: object) -> Path:
    """Take a file or directory name."""
    if isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise Unfit("expected a path")


def choice(names: Collection[str]) -> Kind[str]:
    """Take one of `names`."""

    def kind(value: object) -> str:
        if isinstance(value, str) and value in names:
            return value
        raise Unfit(f"expected one of {quoted(names)}")

    return kind


def choices(names: Collection[str]) -> Kind[tuple[str, ...]]:
    """Take a list of `names` without repetition, at least one."""

    def kind(value: object) -> tuple[str, ...]:
        if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
            chosen = tuple(dict.fromkeys(value))
            if len(chosen) == len(value) and set(chosen) <= set(names):
                return chosen
            _known(chosen, names)
        raise Unfit(f"expected a list of some of {quoted(names)}, each at most once")

    return kind


def _known(chosen: Iterable[str], names: Collection[str]) -> None:
    """Refuse the first name that is none, with those that it may be meant for."""
    for name in chosen:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            meant = f'did you mean "{close[0]}"?' if close else f"known are {quoted(names)}"
            raise Refused(f'"{name}" is unknown; {meant}')


def address(value: object) -> IPv4Address:
    """Take an IPv4 address; names are not looked up."""
    try:
        return IPv4Address(_string(value))
    except ValueError:
        raise Unfit('expected an IPv4 address such as "192.0.2.1", and no name') from None


def addresses(value: object) -> tuple[IPv4Address, ...]:
    """Take a list of IPv4 addresses."""
    try:
        return tuple(IPv4Address(item) for item in _strings(value))
    except (ValueError, Unfit):
        raise Unfit('expected a list of IPv4 addresses such as ["192.0.2.1"]') from None


def ipv6_network(value: object) -> IPv6Network:
    """Take one IPv6 network."""
    try:
        return IPv6Network(_string(value))
    except ValueError:
        raise Unfit('expected an IPv6 network such as "fd00:1:2::/56"') from None


def ipv6_addresses(value: object) -> tuple[IPv6Address, ...]:
    """Take a list of IPv6 addresses."""
    try:
        return tuple(IPv6Address(item) for item in _strings(value))
    except ValueError:
        raise Unfit("expected a list of IPv6 addresses") from None


def networks(value: object) -> tuple[IPv4Network, ...]:
    """Take a list of IPv4 networks."""
    try:
        return tuple(map(_network, _strings(value)))
    except ValueError:
        raise Unfit('expected a list of IPv4 networks such as "10.0.0.0/8"') from None


def ranges(value: object) -> tuple[IPv4Network, ...]:
    """Take one or several address ranges, each a network or `first-last`, as networks."""
    try:
        spans = _strings([value] if isinstance(value, str) else value)
        found = tuple(network for span in spans for network in _networks(span))
    except ValueError:
        found = ()
    if found:
        return found
    raise Unfit('expected a network ("10.99.0.0/24"), a range ("10.99.0.10-10.99.0.99") or a list')


def strings(value: object) -> tuple[str, ...]:
    """Take a string or a list of them, at least one."""
    listed = [value] if isinstance(value, str) else value
    if isinstance(listed, list) and listed and all(isinstance(v, str) and v for v in listed):
        return tuple(listed)
    raise Unfit("expected a string or a list of strings, none of them empty")


def rules(value: object) -> tuple[Rule, ...]:
    """Take a list of IPFilterRules (RFC 6733 section 4.3.1); an empty one filters nothing."""
    return tuple(_rule(number, text) for number, text in enumerate(_strings(value), 1))


def _rule(number: int, text: str) -> Rule:
    try:
        return parse(text)
    except BadRule as error:
        shown = ascii(text)[1:-1][:100]
        raise Refused(f'rule {number}, "{shown}": {error.reason}') from None


def paths(value: object) -> tuple[Path, ...]:
    """Take a path or a list of them, at least one."""
    return tuple(path(item) for item in strings(value))


def only(kind: Kind[T], allowed: Callable[[T], bool], otherwise: str) -> Kind[T]:
    """Take what `kind` takes, but refuse in words what would silently do nothing so far."""

    def narrowed(value: object) -> T:
        taken = kind(value)
        if allowed(taken):
            return taken
        raise Refused(otherwise)

    return narrowed


def quoted(names: Collection[str]) -> str:
    """Write names as TOML strings in a row."""
    return ", ".join(f'"{name}"' for name in names)


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise Unfit("expected a list of strings")


def _networks(span: str) -> Iterator[IPv4Network]:
    first, dash, last = span.partition("-")
    if not dash:
        return iter((_network(span),))
    ends = IPv4Address(first.strip()), IPv4Address(last.strip())
    if ends[0] > ends[1]:
        raise Refused(f'"{span}" ends before it begins')
    return summarize_address_range(*ends)


def _network(text: str) -> IPv4Network:
    """Read a network; one that is meant for a network but names a host is told so."""
    network = IPv4Network(text, strict=False)
    if IPv4Address(text.partition("/")[0]) != network.network_address:
        raise Refused(f'"{text}" is a host in a network; did you mean "{network}"?')
    return network
