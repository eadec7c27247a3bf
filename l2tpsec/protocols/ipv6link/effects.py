"""What a link's router orders and reports."""

from dataclasses import dataclass

from l2tpsec.model.records import Dropped


@dataclass(frozen=True, slots=True)
class SendPacket:
    """Send an IPv6 packet to the client."""

    packet: bytes


Effect = SendPacket | Dropped
