"""A server under test as the bench sees it: a process with a network interface and an account."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench.ground import DISCARD

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")

MODP2048 = "aes256-cbc/sha1/modp2048"
ECP256 = "aes256-cbc/sha1/ecp256"
CBC = "aes256-cbc/hmac-sha1-96"
GCM = "aes256-gcm"


class Contender(Protocol):
    """What can be measured."""

    name: str
    psk: bytes
    user: bytes
    password: str
    gateway: str
    suites: tuple[str, ...]
    transforms: tuple[str, ...]
    # what a run of a few seconds can ask of it
    most_dial_ins: int

    @property
    def process(self) -> "Process":
        """The process that serves."""
        ...

    def close(self) -> None:
        """End it, and all that it made."""
        ...


@dataclass(frozen=True)
class Process:
    """A process and the interface by which its clients' packets reach the kernel."""

    pid: int
    interface: str

    def cpu_seconds(self) -> float:
        """Return what all its threads used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_octets(self) -> int:
        """Return how much memory it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_OCTETS

    def delivered(self) -> int:
        """Return how many datagrams of clients reached the socket that takes none.

        The interface would not say: a large packet for the kernel is one packet there.
        """
        rows = [line.split() for line in Path(f"/proc/{self.pid}/net/udp").read_text().splitlines()]
        return next(int(row[-1]) for row in rows if row[1].endswith(f":{DISCARD:04X}"))
