"""The language of filters: IPFilterRule (RFC 6733 section 4.3.1), as RFC 4849 has RADIUS send it.

`permit in tcp from any to 10.0.0.0/8 80,443`: action, direction, protocol, both ends, options.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from l2tpsec.model.policy import ACK, FIN, PSH, RST, SYN, URG, Place, Ranges, Rule

LONGEST_TEXT = 1000

PROTOCOLS: Mapping[str, int | None] = {
    "ip": None,
    "icmp": 1,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "sctp": 132,
}
"""The RFC wants numbers and `ip`; everybody writes names, as its own examples do."""

_WITH_PORTS = frozenset({6, 17, 132})
_WITH_TYPES = frozenset({1, 58})
_FLAGS = {"fin": FIN, "syn": SYN, "rst": RST, "psh": PSH, "ack": ACK, "urg": URG}
_ICMP_TYPES = {
    "echo reply": 0,
    "destination unreachable": 3,
    "source quench": 4,
    "redirect": 5,
    "echo request": 8,
    "router advertisement": 9,
    "router solicitation": 10,
    "time-to-live exceeded": 11,
    "ip header bad": 12,
    "timestamp request": 13,
    "timestamp reply": 14,
    "information request": 15,
    "information reply": 16,
    "address mask request": 17,
    "address mask reply": 18,
}
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_ADDRESS = re.compile(r"([0-9A-Fa-f:.]{2,45})(?:/(\d{1,3}))?", re.ASCII)


class BadRule(Exception):  # noqa: N818 - a fact about a text, as Malformed is about bytes
    """A text is no rule that can be obeyed; `reason` says what was expected."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(text: str) -> Rule:
    """Read one rule; raise BadRule."""
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise BadRule(f"expected at most {LONGEST_TEXT} printable characters")
    words = _Words(re.sub(r"!\s+", "!", text).split())
    permit = words.choice({"permit": True, "deny": False})
    inbound = words.choice({"in": True, "out": False})
    protocol = _protocol(words.take("a protocol such as ip, tcp or 6"))
    words.choice({"from": True})
    source = _place(words, protocol, ends=("to",))
    words.choice({"to": True})
    destination = _place(words, protocol, ends=_OPTIONS)
    rule = Rule(" ".join(text.split()), permit, inbound, protocol, source, destination)
    while words.left:
        rule = _option(words, rule)
    return _sound(rule)


class _Words:
    """The words of a rule that are still to be read."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._words)

    @property
    def next(self) -> str:
        return self._words[self._at] if self.left else ""

    def take(self, expected: str) -> str:
        if not self.left:
            raise BadRule(f"expected {expected} at the end")
        self._at += 1
        return self._words[self._at - 1]

    def choice(self, values: Mapping[str, bool]) -> bool:
        names = " or ".join(values)
        word = self.take(names)
        if word not in values:
            raise BadRule(f"expected {names}, not {word!r}")
        return values[word]


def _protocol(word: str) -> int | None:
    if word in PROTOCOLS:
        return PROTOCOLS[word]
    if re.fullmatch(r"\d{1,3}", word, re.ASCII) and int(word) <= 255:
        return int(word)
    raise BadRule(f"expected one of {', '.join(PROTOCOLS)} or a number to 255, not {word!r}")


def _place(words: _Words, protocol: int | None, ends: Collection[str]) -> Place:
    word = words.take('an address, "any" or "assigned"')
    name = word.removeprefix("!")
    inverted = name != word
    if name == "any":
        if inverted:
            raise BadRule("!any is nobody's address: the rule would never match")
        place = Place()
    elif name == "assigned":
        place = Place(assigned=True, inverted=inverted)
    else:
        place = Place(_network(name), inverted=inverted)
    if not words.left or words.next in ends or words.next in _REFUSED:
        return place
    if protocol not in _WITH_PORTS:
        expected = f"expected {' or '.join(ends)}, not {words.next!r}"
        raise BadRule(f"{expected}: ports need tcp, udp or sctp")
    return replace(place, ports=_ranges(words.take("ports"), 65535, "ports such as 80,443 or 1-99"))


def _network(text: str) -> IPv4Network | IPv6Network:
    expected = 'an address, a network such as 10.0.0.0/8, "any" or "assigned"'
    if not _ADDRESS.fullmatch(text):
        raise BadRule(f"expected {expected}, not {text!r}")
    try:
        return IPv6Network(text) if ":" in text else IPv4Network(text)
    except ValueError as error:
        raise BadRule(f"expected {expected}: {error}") from None


def _ranges(text: str, most: int, expected: str) -> Ranges:
    return tuple(_range(part, most, expected) for part in text.split(","))


def _range(text: str, most: int, expected: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not first <= last <= most:
        raise BadRule(f"expected {expected}, not {text!r}")
    return first, last


def _option(words: _Words, rule: Rule) -> Rule:
    name = words.take("an option")
    if name in _REFUSED:
        raise BadRule(f"{name} is not supported here")
    if name not in _OPTIONS:
        raise BadRule(f"expected one of {', '.join(_OPTIONS)}, not {name!r}")
    return _OPTIONS[name](words, rule)


def _frag(_words: _Words, rule: Rule) -> Rule:
    return replace(rule, fragment=True)


def _established(_words: _Words, rule: Rule) -> Rule:
    return replace(rule, flags_any=RST | ACK)


def _setup(_words: _Words, rule: Rule) -> Rule:
    return replace(rule, flags_set=rule.flags_set | SYN, flags_clear=rule.flags_clear | ACK)


def _tcpflags(words: _Words, rule: Rule) -> Rule:
    wanted, unwanted = rule.flags_set, rule.flags_clear
    for word in words.take("flags such as syn,!ack").split(","):
        name = word.removeprefix("!")
        if name not in _FLAGS:
            raise BadRule(f"expected flags of {', '.join(_FLAGS)}, not {word!r}")
        if name == word:
            wanted |= _FLAGS[name]
        else:
            unwanted |= _FLAGS[name]
    return replace(rule, flags_set=wanted, flags_clear=unwanted)


def _icmptypes(words: _Words, rule: Rule) -> Rule:
    # The RFC's names have spaces in them: all up to the next option belongs to the list.
    spoken = [words.take("ICMP types such as 0,8 or echo request")]
    while words.left and words.next not in _OPTIONS.keys() | _REFUSED:
        spoken.append(words.take("ICMP types"))
    parts = [part.strip() for part in " ".join(spoken).split(",")]
    numbers = [str(_ICMP_TYPES.get(part.lower(), part)) for part in parts]
    return replace(rule, icmp_types=_ranges(",".join(numbers), 255, "ICMP types such as 0,8"))


_OPTIONS: Mapping[str, Callable[[_Words, Rule], Rule]] = {
    "frag": _frag,
    "established": _established,
    "setup": _setup,
    "tcpflags": _tcpflags,
    "icmptypes": _icmptypes,
}
_REFUSED = frozenset({"ipoptions", "tcpoptions"})


def _sound(rule: Rule) -> Rule:
    """Refuse what could never match, or has no meaning: whoever wrote it meant something else."""
    networks = [place.network for place in (rule.source, rule.destination) if place.network]
    if len({network.version for network in networks}) > 1:
        raise BadRule("both addresses are of the same version of IP, or the rule never matches")
    if rule.wants_flags and rule.protocol != PROTOCOLS["tcp"]:
        raise BadRule("flags are TCP's: the protocol must be tcp")
    if rule.flags_set & rule.flags_clear:
        raise BadRule("a flag cannot be both set and clear")
    if rule.icmp_types and rule.protocol not in _WITH_TYPES:
        raise BadRule("icmptypes need icmp or icmpv6")
    if rule.fragment and rule.wants_transport:
        raise BadRule("frag goes with neither ports, flags nor types: later fragments have none")
    return rule
