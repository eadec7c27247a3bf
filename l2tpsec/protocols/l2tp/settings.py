"""What an administrator may set about L2TP."""

from dataclasses import dataclass, field

from l2tpsec.foundation.backoff import Backoff

RETRANSMISSION = Backoff(first_seconds=1, cap_seconds=8, attempts=5)
"""RFC 2661 section 5.8: 1, 2, 4, 8, 8 seconds; given up after 23."""


@dataclass(frozen=True, slots=True)
class L2tpSettings:
    """Limits, times and names.

    `secret` turns on tunnel authentication and the reading of hidden AVPs (RFC 2661 section 5.1.1).
    `hello_seconds` of silence are followed by HELLO, 0 turns it off; `connect_seconds` is how long
    SCCCN and ICCN may take.
    """

    host_name: str = "l2tpsec"
    secret: bytes | None = field(default=None, repr=False)
    receive_window: int = 8
    hello_seconds: float = 60.0
    connect_seconds: float = 60.0
    retransmission: Backoff = RETRANSMISSION
    tunnels_per_peer: int = 8
    sessions_per_tunnel: int = 8
    tunnels: int = 60_000
