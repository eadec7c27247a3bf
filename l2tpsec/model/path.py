"""Where datagrams come from and go to."""

from dataclasses import dataclass
from typing import NamedTuple


class Endpoint(NamedTuple):
    """An IPv4 address in dotted form and a UDP port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Path:
    """Our end and the peer's. Local port 4500 means UDP encapsulation (RFC 3948)."""

    local: Endpoint
    remote: Endpoint
