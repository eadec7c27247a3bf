"""A filter in the form that judges packets fast: rules as masks, and what they said of a flow.

Most packets belong to a flow that was judged before: its verdict is looked up by the octets that
the rules read, which TCP and UDP have at fixed places.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from l2tpsec.model.policy import Filter, Place, Ranges, Rule
from l2tpsec.protocols.inet.flow import Flow, decode

MOST_FLOWS = 128
"""Remembered in each direction; one more, and all are judged anew."""

MOST_COMPILED = 256
"""Lists of rules kept for the next session that has the same."""

Assigned = Callable[[int, int], bool]
"""Tells whether an address, of a version of IP, is the client's: its own, or behind it."""

_Test = Callable[[Flow, Assigned], bool]
_Compiled = tuple[bool, tuple[_Test, ...]]
"""Whether it permits, and what all must hold of a packet, the cheapest first."""

_PLAIN_IPV4 = 0x45
_IPV6 = 6
_TCP, _UDP = 6, 17
_LEAST_OCTETS = 34
_LEAST_OCTETS_IPV6 = 54


class Direction:
    """The rules for packets of one direction."""

    __slots__ = ("_assigned", "_flags", "_flows", "_otherwise", "_rules")

    def __init__(self, rules: Iterable[Rule], assigned: Assigned) -> None:
        chosen = tuple(rules)
        self._rules = _compiled(chosen)
        self._assigned = assigned
        # RFC 6733 section 4.3.1: the opposite of the last rule
        self._otherwise = not chosen[-1].permit if chosen else True
        self._flags = any(rule.wants_flags for rule in chosen)
        self._flows: dict[bytes, bool] = {}

    def passes(self, packet: bytes) -> bool:
        """Judge a packet; raise Malformed if it hides what a rule may want to know."""
        key = self._key(packet)
        if not key:
            return self._judge(packet)
        verdict = self._flows.get(key)
        if verdict is None:
            if len(self._flows) >= MOST_FLOWS:
                self._flows.clear()
            verdict = self._flows[key] = self._judge(packet)
        return verdict

    def forget(self) -> None:
        """Judge every flow anew: the client's addresses have changed."""
        self._flows.clear()

    def _key(self, packet: bytes) -> bytes:
        """Return protocol, addresses, ports and flags of a whole TCP or UDP packet, else none."""
        if packet[0] == _PLAIN_IPV4:
            protocol, at = packet[9], 33
            if packet[6] & 0x3F or packet[7] or len(packet) < _LEAST_OCTETS:
                return b""
            key = packet[9:10] + packet[12:24]
        elif packet[0] >> 4 == _IPV6 and len(packet) >= _LEAST_OCTETS_IPV6:
            protocol, at = packet[6], 53
            key = packet[6:7] + packet[8:44]
        else:
            return b""
        if protocol == _TCP:
            return key + packet[at : at + 1] if self._flags else key
        return key if protocol == _UDP else b""

    def _judge(self, packet: bytes) -> bool:
        flow = decode(packet)
        for permit, tests in self._rules:
            if all(test(flow, self._assigned) for test in tests):
                return permit
        return self._otherwise


class Sieve:
    """A session's filter: `inbound` is from the client."""

    __slots__ = ("inbound", "outbound")

    def __init__(self, chosen: Filter, assigned: Assigned) -> None:
        self.inbound = Direction((rule for rule in chosen.rules if rule.inbound), assigned)
        self.outbound = Direction((rule for rule in chosen.rules if not rule.inbound), assigned)

    def forget(self) -> None:
        """Judge every flow anew."""
        self.inbound.forget()
        self.outbound.forget()


@lru_cache(MOST_COMPILED)
def _compiled(rules: tuple[Rule, ...]) -> tuple[_Compiled, ...]:
    return tuple((rule.permit, tuple(_tests(rule))) for rule in rules)


def _tests(rule: Rule) -> list[_Test]:
    tests: list[_Test] = []
    if (protocol := rule.protocol) is not None:
        tests.append(lambda flow, _: flow.protocol == protocol)
    if rule.fragment:
        tests.append(lambda flow, _: flow.fragment)
    # A later fragment has -1 for all of these, which no range holds.
    tests += _within(rule.source.ports, lambda flow: flow.source_port)
    tests += _within(rule.destination.ports, lambda flow: flow.destination_port)
    tests += _within(rule.icmp_types, lambda flow: flow.icmp_type)
    if rule.wants_flags:
        tests.append(lambda flow, _: _has_flags(rule, flow.flags))
    tests += _at(rule.source, lambda flow: flow.source)
    return tests + _at(rule.destination, lambda flow: flow.destination)


def _within(ranges: Ranges, value: Callable[[Flow], int]) -> list[_Test]:
    if not ranges:
        return []
    return [lambda flow, _: any(first <= value(flow) <= last for first, last in ranges)]


def _has_flags(rule: Rule, flags: int) -> bool:
    return (
        flags >= 0
        and flags & rule.flags_set == rule.flags_set
        and not flags & rule.flags_clear
        and (not rule.flags_any or bool(flags & rule.flags_any))
    )


def _at(place: Place, address: Callable[[Flow], int]) -> list[_Test]:
    inverted = place.inverted
    if place.assigned:

        def is_assigned(flow: Flow, assigned: Assigned) -> bool:
            return assigned(flow.version, address(flow)) is not inverted

        return [is_assigned]
    if (network := place.network) is None:
        return []
    version, base, mask = network.version, int(network.network_address), int(network.netmask)
    return [
        lambda flow, _: flow.version == version and (address(flow) & mask == base) is not inverted
    ]
