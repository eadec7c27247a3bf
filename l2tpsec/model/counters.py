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
        return Counters(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Refusals(NamedTuple):
    """Packets, both directions together, that a session's filter and its rates refused."""

    filtered_packets: int = 0
    limited_packets: int = 0
