"""A server under test as the bench sees it: a process and an account."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from l2tpsec.bench.ground import DISCARD

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")

MODP2048 = "aes256-cbc/sha1/modp2048"
ECP256 = "aes256-cbc/sha1/ecp256"
SUITES = (ECP256, MODP2048)
CBC = "aes256-cbc/hmac-sha1-96"
GCM = "aes256-gcm"
TRANSFORMS = (CBC, GCM)


class Contender(Protocol):
    """What can be measured."""

    name: str
    psk: bytes
    user: bytes
    password: str
    gateway: str
    # what it speaks of what can be asked for
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
    """A process with its children; all figures are of all of them."""

    pid: int

    def _tree(self) -> Iterator[int]:
        waiting = [self.pid]
        while waiting:
            pid = waiting.pop()
            yield pid
            with contextlib.suppress(OSError):
                waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def cpu_seconds(self) -> float:
        """Return what all threads used so far."""
        return sum(map(_cpu_ticks, self._tree())) / _TICKS

    def resident_octets(self) -> int:
        """Return how much memory it holds."""
        pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self._tree())
        return sum(map(int, pages)) * _PAGE_OCTETS

    def delivered(self) -> int:
        """Return how many datagrams of clients reached the socket that takes none.

        The interface would not say: a large packet for the kernel is one packet there.
        """
        rows = [line.split() for line in Path(f"/proc/{self.pid}/net/udp").read_text().splitlines()]
        return sum(int(row[-1]) for row in rows if row[1].endswith(f":{DISCARD:04X}"))


class Usage:
    """Processor seconds since it was made: of a server, of this process, of the machine's rest."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._before = self._seconds()

    def _seconds(self) -> tuple[float, float, float]:
        server, own = self._process.cpu_seconds(), time.process_time()
        fields = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
        user, nice, system, _idle, _waiting, _irq, _softirq, steal = map(int, fields)
        return server, own, (user + nice + system + steal) / _TICKS - server - own

    def since(self) -> tuple[float, float, float]:
        """Return server's, own, others'."""
        server, own, others = self._seconds()
        before = self._before
        return server - before[0], own - before[1], max(0.0, others - before[2])


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
