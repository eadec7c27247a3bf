"""What the server is told: who may ask."""

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_network

REQUESTS_PER_SECOND = 2000.0
LOCK_AFTER = 5


class Port(Enum):
    """Which of the server's two ports a request came to (RFC 2865, RFC 2866: section 3)."""

    AUTHENTICATION = "authentication"
    ACCOUNTING = "accounting"


@dataclass(frozen=True, slots=True)
class NasClient:
    """An access server that may ask: its address or network, and the shared secret.

    `requests_per_second` holds for each address of the network by itself; None: no limit. One that
    obeys Port-Limit `counts_sessions` of its own, and knows which of them are dead.
    """

    network: str
    secret: bytes = field(repr=False)
    requests_per_second: float | None = REQUESTS_PER_SECOND
    counts_sessions: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", str(ip_network(self.network)))
        if not self.secret:
            raise ValueError(f"the RADIUS client {self.network} needs a shared secret")
        if self.requests_per_second is not None and self.requests_per_second <= 0:
            raise ValueError(f"the RADIUS client {self.network} needs a rate above 0")


@dataclass(frozen=True, slots=True)
class Settings:
    """Clients, how long a reply is kept for repeated requests (RFC 5080), and in how much memory.

    `most_hosts`: of how many addresses the rate is known; `lock_after`: how many wrong passwords in
    a row make a user wait.
    """

    clients: tuple[NasClient, ...]
    duplicate_seconds: float = 30.0
    duplicate_octets: int = 32 << 20
    most_hosts: int = 1024
    lock_after: int = LOCK_AFTER
