"""What the client is told: its servers and its patience."""

from dataclasses import dataclass, field
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Server:
    """One RADIUS server; its address is numeric, as replies are matched by it.

    Without `require_message_authenticator` an Access-Accept can be forged by whoever sits between
    (CVE-2024-3596); it is for servers that cannot sign, on networks that nobody else can enter.
    """

    address: str
    secret: bytes = field(repr=False)
    auth_port: int = 1812
    acct_port: int = 1813
    require_message_authenticator: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", str(ip_address(self.address)))
        if not self.secret:
            raise ValueError(f"the RADIUS server {self.address} needs a shared secret")


@dataclass(frozen=True, slots=True)
class Settings:
    """Servers in order of preference, and how a request is repeated (RFC 5080 section 2.2.1).

    Waits double from `first_wait_seconds`, within a tenth at random, up to `longest_wait_seconds`.
    `slots` is the number of local sockets; each carries 256 requests for every server.
    """

    servers: tuple[Server, ...] = ()
    slots: int = 4
    tries: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 4.0
    dead_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.slots < 1 or self.tries < 1 or self.first_wait_seconds <= 0:
            raise ValueError("slots, tries and first_wait_seconds are at least 1, 1 and above 0")
        if len({server.address for server in self.servers}) != len(self.servers):
            raise ValueError("a RADIUS server's address is listed twice")
