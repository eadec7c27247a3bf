"""What a policy says of a packet, decided slowly and plainly: scapy reads, `ipaddress` compares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, _ICMPv6
from scapy.packet import Packet

from l2tpsec.model.policy import Place, Policy, Rate, Rule

FREE = Policy()
Clients = Sequence[IPv4Network | IPv6Network]
"""What is the client's: its address, its prefix, the networks behind it."""


def passes(rules: tuple[Rule, ...], packet: bytes, inbound: bool, client: Clients) -> bool:
    """Tell whether RFC 6733 section 4.3.1 lets a sound packet without extension headers pass."""
    told = [rule for rule in rules if rule.inbound is inbound]
    read: Packet = IPv6(packet) if packet[0] >> 4 == 6 else IP(packet)
    for rule in told:
        if matches(rule, read, client):
            return rule.permit
    return not told[-1].permit if told else True


def matches(rule: Rule, packet: Packet, client: Clients) -> bool:
    later = bool(packet.frag if IP in packet else fragment_offset(packet))
    if rule.protocol is not None and protocol(packet) != rule.protocol:
        return False
    if rule.fragment and not later:
        return False
    if rule.wants_transport and (later or not transport_fits(rule, packet)):
        return False
    ends = ((rule.source, packet.src), (rule.destination, packet.dst))
    return all(is_at(place, ip_address(address), client) for place, address in ends)


def protocol(packet: Packet) -> int:
    if IP in packet:
        return int(packet.proto)
    return int(packet[IPv6ExtHdrFragment].nh if IPv6ExtHdrFragment in packet else packet.nh)


def fragment_offset(packet: Packet) -> int:
    return int(packet[IPv6ExtHdrFragment].offset) if IPv6ExtHdrFragment in packet else 0


def transport_fits(rule: Rule, packet: Packet) -> bool:
    uppers = (packet.getlayer(kind, _subclass=True) for kind in (TCP, UDP, ICMP, _ICMPv6))
    upper = next((found for found in uppers if found is not None), None)
    if upper is None:
        return False
    if rule.icmp_types and not within(rule.icmp_types, int(upper.type)):
        return False
    for place, name in ((rule.source, "sport"), (rule.destination, "dport")):
        if place.ports and not within(place.ports, int(getattr(upper, name))):
            return False
    if not rule.wants_flags:
        return True
    up = {bit for bit in range(6) if int(upper.flags) >> bit & 1}
    wanted, unwanted, some = (
        {bit for bit in range(6) if flags >> bit & 1}
        for flags in (rule.flags_set, rule.flags_clear, rule.flags_any)
    )
    return wanted <= up and not unwanted & up and (not some or bool(some & up))


def within(ranges: tuple[tuple[int, int], ...], number: int) -> bool:
    return any(number in range(first, last + 1) for first, last in ranges)


def is_at(place: Place, address: IPv4Address | IPv6Address, client: Clients) -> bool:
    if place.assigned:
        return any(address in theirs for theirs in client) != place.inverted
    network: IPv4Network | IPv6Network | None = place.network
    if network is None:
        return True
    return address.version == network.version and (address in network) != place.inverted


@dataclass
class Meter:
    """How many octets may still go: at most a fifth of a second's, or 32,000."""

    rate: Rate = field(default_factory=Rate)
    left: float = 0.0
    at: float = 0.0

    @property
    def burst_octets(self) -> float:
        return max(self.rate.burst_octets, self.rate.bits_per_second / 40, 32_000)

    def kept(self, rate: Rate) -> "Meter":
        """Return the meter that goes on, or one that is full."""
        return self if rate == self.rate else Meter(rate, Meter(rate).burst_octets)

    def takes(self, octets: int, now: float) -> bool:
        gained = (now - self.at) * self.rate.bits_per_second / 8
        self.left, self.at = min(self.left + gained, self.burst_octets), now
        fits = not self.rate.bits_per_second or octets <= self.left
        self.left -= octets if fits else 0
        return fits


def meters() -> tuple[Meter, Meter]:
    return Meter(), Meter()
