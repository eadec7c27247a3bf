"""What a session must obey: which of its packets pass, and how fast they may."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

Ranges = tuple[tuple[int, int], ...]
"""Numbers from the first to the second of each pair, both included; none at all means any."""

FIN, SYN, RST, PSH, ACK, URG = (1 << bit for bit in range(6))
"""TCP's flags, as they stand in the header's octet 13 (RFC 9293 section 3.1)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a packet's way; without a network, any address of both versions of IP.

    `assigned` is what the client was given: its IPv4 address, its IPv6 prefix. `inverted` means
    every other address of the same version; ports are never inverted.
    """

    network: IPv4Network | IPv6Network | None = None
    assigned: bool = False
    inverted: bool = False
    ports: Ranges = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """An IPFilterRule (RFC 6733 section 4.3.1); `inbound` is from the client.

    Of TCP's flags all of `flags_set` and none of `flags_clear` are wanted, and one of `flags_any`,
    if there are any. `fragment` wants a fragment that is not a datagram's first.
    """

    text: str
    permit: bool
    inbound: bool
    protocol: int | None = None
    source: Place = Place()
    destination: Place = Place()
    fragment: bool = False
    flags_set: int = 0
    flags_clear: int = 0
    flags_any: int = 0
    icmp_types: Ranges = ()

    @property
    def wants_flags(self) -> bool:
        """Whether TCP's flags matter to it."""
        return bool(self.flags_set | self.flags_clear | self.flags_any)

    @property
    def wants_transport(self) -> bool:
        """Whether it reads more than IP's header, so that a later fragment never matches it."""
        ports = self.source.ports or self.destination.ports
        return bool(ports or self.icmp_types) or self.wants_flags


@dataclass(frozen=True, slots=True)
class Filter:
    """Rules in their order, each direction by itself; `name` is for people.

    What matches no rule passes if the direction's last one is a deny, or if there is none. `named`
    are the filters of the configuration that RADIUS has put it together from, if it has.
    """

    name: str = ""
    rules: tuple[Rule, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """So many bits a second of IP, after so many octets at once; 0 bits mean no limit."""

    bits_per_second: int = 0
    burst_octets: int = 0

    def __str__(self) -> str:
        """Return it as `--rate` and Mikrotik write it."""
        for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
            if self.bits_per_second and not self.bits_per_second % factor:
                return f"{self.bits_per_second // factor}{unit}"
        return str(self.bits_per_second) if self.bits_per_second else "-"


NO_FILTER, NO_RATE = Filter(), Rate()


@dataclass(frozen=True, slots=True)
class Policy:
    """A filter, and rates from the client (`up`) and to it (`down`)."""

    filter: Filter = NO_FILTER
    up: Rate = NO_RATE
    down: Rate = NO_RATE

    @property
    def free(self) -> bool:
        """Whether there is nothing to obey."""
        return not (self.filter.rules or self.limited)

    @property
    def limited(self) -> bool:
        """Whether there is a rate in any direction."""
        return bool(self.up.bits_per_second or self.down.bits_per_second)

    @property
    def rates(self) -> str:
        """Both rates for people, as `5M/20M`; empty without any."""
        return f"{self.up}/{self.down}" if self.limited else ""
