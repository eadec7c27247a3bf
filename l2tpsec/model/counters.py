"""Traffic of one session as RADIUS accounting counts it."""

from typing import NamedTuple


class Counters(NamedTuple):
    """Inner IP packets and octets; `input` is from the client (RFC 2866 section 5.3)."""

    input_packets: int = 0
    input_octets: int = 0
    output_packets: int = 0
    output_octets: int = 0

    def plus(self, other: "Counters") -> "Counters":
        """Add up two sessions."""
        one, two, three, four = self
        return Counters(one + other[0], two + other[1], three + other[2], four + other[3])


class Refusals(NamedTuple):
    """Packets, both directions together, that a session's filter and its rates refused."""

    filtered_packets: int = 0
    limited_packets: int = 0
