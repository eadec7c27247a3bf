"""What stands between a session with a policy and the forwarders; free sessions never meet it.

A session names who carries its packets: the forwarders themselves, or these in front of them. To
the client it is the width of 0 that turns every packet of such a session aside.
"""

from collections import Counter
from collections.abc import Callable

from l2tpsec.dataplane.userspace.sessions import Carries, Session
from l2tpsec.dataplane.userspace.sieve import Assigned, Sieve
from l2tpsec.foundation.bucket import Bucket
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.counters import Refusals
from l2tpsec.model.policy import Policy, Rate

FILTERED = "refused by the session's filter"
UNREADABLE = "not readable by the session's filter"
TOO_FAST = "above the session's rate"

BURST_SECONDS = 0.2
LEAST_BURST_OCTETS = 32_000
"""TCP needs a round trip's worth at once; at low rates, a train of segments and a few more."""

_IPV4_OCTETS, _IPV6_OCTETS = 20, 40


class Police:
    """One session's filter and rates, and how much they refused; free until told to obey."""

    __slots__ = (
        "_assigned",
        "_clock",
        "_down",
        "_drops",
        "_filtered",
        "_limited",
        "_policy",
        "_sieve",
        "_up",
    )

    def __init__(self, assigned: Assigned, drops: Counter[str], clock: Callable[[], float]) -> None:
        self._assigned = assigned
        self._drops = drops
        self._clock = clock
        self._policy = Policy()
        self._sieve: Sieve | None = None
        self._up: Bucket | None = None
        self._down: Bucket | None = None
        self._filtered = self._limited = 0

    def obey(self, policy: Policy) -> None:
        """Take a policy in place of the former; a rate that stays goes on where it is."""
        rules = policy.filter.rules
        self._sieve = Sieve(policy.filter, self._assigned) if rules else None
        if policy.up != self._policy.up:
            self._up = _meter(policy.up)
        if policy.down != self._policy.down:
            self._down = _meter(policy.down)
        self._policy = policy

    @property
    def free(self) -> bool:
        """Whether it has nothing to refuse."""
        return self._policy.free

    @property
    def refusals(self) -> Refusals:
        """How many packets it refused."""
        return Refusals(self._filtered, self._limited)

    def forget(self) -> None:
        """Hear that the client's addresses have changed."""
        if self._sieve is not None:
            self._sieve.forget()

    def admits(self, packet: bytes) -> bool:
        """Judge a packet from the client."""
        sieve = self._sieve
        if sieve is not None and not self._passes(sieve.inbound.passes, packet):
            return False
        return self._up is None or self._takes(self._up, packet)

    def allows(self, packet: bytes) -> bool:
        """Judge a packet to the client."""
        sieve = self._sieve
        if sieve is not None and not self._passes(sieve.outbound.passes, packet):
            return False
        return self._down is None or self._takes(self._down, packet)

    def _passes(self, judge: Callable[[bytes], bool], packet: bytes) -> bool:
        try:
            if judge(packet):
                return True
            reason = FILTERED
        except Malformed:
            reason = UNREADABLE
        self._drops[reason] += 1
        self._filtered += 1
        return False

    def _takes(self, meter: Bucket, packet: bytes) -> bool:
        if meter.take(self._clock(), len(packet)):
            return True
        self._drops[TOO_FAST] += 1
        self._limited += 1
        return False


def _meter(rate: Rate) -> Bucket | None:
    if not rate.bits_per_second:
        return None
    octets_per_second = rate.bits_per_second / 8
    usual = max(octets_per_second * BURST_SECONDS, LEAST_BURST_OCTETS)
    return Bucket(octets_per_second, max(rate.burst_octets, usual))


class PolicedIpv4:
    """Lets through to the forwarder of IPv4 what a session's police lets through."""

    __slots__ = ("_forwarder",)

    def __init__(self, forwarder: Carries) -> None:
        self._forwarder = forwarder

    def up(self, session: Session, packet: bytes) -> None:
        """Take a packet from the client.

        What is for the link (DHCP) or broken is the forwarder's, which forwards none of it.
        """
        packet = packet[: int.from_bytes(packet[2:4])]
        routed = len(packet) >= _IPV4_OCTETS and 0 < packet[16] < 224
        if not routed or session.police is None or session.police.admits(packet):
            self._forwarder.up(session, packet)

    def wide(self, session: Session, packet: bytes) -> None:
        """Take a packet to the client."""
        if session.police is None or session.police.allows(packet):
            self._forwarder.wide(session, packet)


class PolicedIpv6:
    """Lets through to the forwarder of IPv6 what a session's police lets through."""

    __slots__ = ("_forwarder",)

    def __init__(self, forwarder: Carries) -> None:
        self._forwarder = forwarder

    def up(self, session: Session, packet: bytes) -> None:
        """Take a packet from the client.

        What is for the link (its router, DHCPv6) or broken is the forwarder's, as above.
        """
        packet = packet[: _IPV6_OCTETS + int.from_bytes(packet[4:6])]
        routed = len(packet) >= _IPV6_OCTETS and packet[24] < 0xFE
        if not routed or session.police is None or session.police.admits(packet):
            self._forwarder.up(session, packet)

    def wide(self, session: Session, packet: bytes) -> None:
        """Take a packet to the client."""
        if session.police is None or session.police.allows(packet):
            self._forwarder.wide(session, packet)
