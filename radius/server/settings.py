"""What the server is told: who may ask."""

from dataclasses import dataclass, field
from ipaddress import ip_network


@dataclass(frozen=True, slots=True)
class NasClient:
    """An access server that may ask: its address or network, and the shared secret."""

    network: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", str(ip_network(self.network)))
        if not self.secret:
            raise ValueError(f"the RADIUS client {self.network} needs a shared secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """Clients, how long a reply is kept for repeated requests (RFC 5080), and how much is kept."""

    clients: tuple[NasClient, ...]
    duplicate_seconds: float = 30.0
    most_duplicates: int = 1024
    most_sessions: int = 8192
