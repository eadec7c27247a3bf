"""What the client is told: its servers and its patience."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

RADSEC_SECRET = b"radsec"
"""The secret of all servers over TLS, whose certificates prove more (RFC 6614 section 2.3)."""


class Transport(StrEnum):
    """What carries requests to a server."""

    UDP = "udp"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Server:
    """One RADIUS server; its address is numeric, as replies are matched by it.

    Servers of the lowest `priority` are asked first, each as often as its `weight` among them says;
    without a priority it is the server's place in the list. Over TLS one connection to `tls_port`
    serves all. Without `require_message_authenticator` an Access-Accept can be forged by whoever
    sits between (CVE-2024-3596); it is for servers that cannot sign, on networks that nobody else
    can enter. TLS needs no such signature.
    """

    address: str
    secret: bytes = field(default=b"", repr=False)
    auth_port: int = 1812
    acct_port: int = 1813
    require_message_authenticator: bool = True
    priority: int | None = None
    weight: int = 1
    transport: Transport = Transport.UDP
    tls_port: int = 2083

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", str(ip_address(self.address)))
        if self.transport is Transport.TLS and not self.secret:
            object.__setattr__(self, "secret", RADSEC_SECRET)
        if not self.secret:
            raise ValueError(f"the RADIUS server {self.address} needs a shared secret")
        if self.weight < 1:
            raise ValueError(f"the weight of the RADIUS server {self.address} is at least 1")

    @property
    def places(self) -> frozenset[tuple[Transport, str, int]]:
        """Where it takes requests."""
        tls = self.transport is Transport.TLS
        ports = (self.tls_port,) if tls else (self.auth_port, self.acct_port)
        return frozenset((self.transport, self.address, port) for port in ports)


@dataclass(frozen=True, slots=True)
class Settings:
    """The servers, and how a request is repeated (RFC 5080 section 2.2.1).

    Waits double from `first_wait_seconds`, within a tenth at random, up to
    `longest_wait_seconds`; after `tries` the next server is asked, but one that answers others
    meanwhile goes on being asked when it is the last. After `patience_seconds` a request ends,
    however many are left. `slots` is the number of local sockets; each carries 256 requests for
    every server. A server that answers nobody is left alone for `dead_seconds` and asked by
    Status-Server every `probe_seconds`; one whose connection was silent for `watchdog_seconds`
    is asked too (RFC 5997, RFC 3539).
    """

    servers: tuple[Server, ...] = ()
    slots: int = 4
    tries: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 4.0
    patience_seconds: float = 30.0
    dead_seconds: float = 60.0
    probe_seconds: float = 10.0
    watchdog_seconds: float = 30.0
    nas_identifier: str = ""

    def __post_init__(self) -> None:
        if self.slots < 1 or self.tries < 1 or self.first_wait_seconds <= 0:
            raise ValueError("slots, tries and first_wait_seconds are at least 1, 1 and above 0")
        places = [place for server in self.servers for place in server.places]
        if len(set(places)) != len(places):
            raise ValueError("a RADIUS server's address is listed twice")

    @property
    def ranked(self) -> Iterator[tuple[int, Server]]:
        """Every server with its priority."""
        for index, server in enumerate(self.servers):
            yield index if server.priority is None else server.priority, server

    @property
    def stream_wait_seconds(self) -> float:
        """How long an answer over TLS is awaited: as long as over UDP with all tries."""
        waits = (self.first_wait_seconds * 2 ** min(n, 16) for n in range(self.tries))
        return float(sum(min(wait, self.longest_wait_seconds) for wait in waits))
