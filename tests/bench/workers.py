"""Two workers beside one: python -m tests.bench workers [--quick], as root, two minutes.

Many clients, each with an address of its own, so that the kernel gives every worker its share.
Their packets are sealed beforehand and leave in trains that one call sends, so the generator takes
as little of the processors as it can: what it takes, the workers lack. Both servers are up all the
while and are measured by turns; what is printed is the median, with the least and the most.
"""

import argparse
import contextlib
import itertools
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from l2tpsec.bench.calling import Exchange
from l2tpsec.bench.contender import CBC, ECP256, Process
from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.ours import Ours
from l2tpsec.bench.traffic import UDP_SEGMENT, Rate, Stream, Tunnel, datagram, most, tunnel
from tests.planes.namespace import refusal

CLIENTS = 32
WORKERS = (1, 2)
SIZES = (1400, 128)
NAT_PORT = 4500
# of one call: what the kernel allows, and what fits a datagram and the pages that it refers to
MOST_SEGMENTS, TRAIN_OCTETS = 64, 60_000
PAGE_OCTETS = resource.getpagesize()
PAUSE_SECONDS = 0.0003


class Volley(Stream):
    """From all clients by turns: trains sealed beforehand, which the kernel takes out of a file.

    It refers to the file's pages where it would copy what a buffer holds.
    """

    def __init__(self, clients: list[Tunnel], process: Process, gateway: str, octets: int) -> None:
        self._process = process
        self._clients = clients
        to = IPv4Address(gateway)
        self._inner = [datagram(octets, client.address, to) for client in clients]
        self._segment = len(clients[0].wrap(self._inner[0]))
        self.train = min(MOST_SEGMENTS, TRAIN_OCTETS // self._segment)
        self._octets = self.train * self._segment
        self._room = -(-self._octets // PAGE_OCTETS) * PAGE_OCTETS
        self._turns = itertools.cycle(range(len(clients)))
        self._file = os.memfd_create("trains")
        self._ready: list[tuple[int, int]] = []

    def prepare(self, packets: int) -> None:
        """Seal in the order of sending, for a client's window forgives little."""
        for client in self._clients:
            client.socket.connect((SERVER_ADDRESS, NAT_PORT))
            client.socket.setsockopt(socket.SOL_UDP, UDP_SEGMENT, self._segment)
        places = [number * self._room for number in range(packets // self.train + 2)]
        self._ready = [self._sealed(next(self._turns), place) for place in places]
        self._ready.reverse()

    def _sealed(self, number: int, place: int) -> tuple[int, int]:
        client, inner = self._clients[number], self._inner[number]
        os.pwrite(self._file, b"".join([client.wrap(inner) for _ in range(self.train)]), place)
        return client.socket.fileno(), place

    def send(self, packets: int) -> None:
        """Send the next train."""
        descriptor, place = self._ready.pop()
        with contextlib.suppress(BlockingIOError):
            os.sendfile(descriptor, self._file, place, self._octets)

    def idle(self) -> None:
        """Wake up seldom: that costs, too."""
        time.sleep(PAUSE_SECONDS)

    def count(self) -> int:
        """Ask the socket that takes none."""
        return self._process.delivered()

    def close(self) -> None:
        """Give the memory back."""
        os.close(self._file)


class Team:
    """A server with so many workers, on ground of its own, and its clients."""

    def __init__(self, workers: int, ground: Ground, directory: Path) -> None:
        self.workers = workers
        self._ours = Ours(ground.server, directory, {"server": {"workers": workers}})
        self._exchange = Exchange(ground, self._ours)
        self._exchange.dial(CLIENTS, CLIENTS, ECP256, CBC)
        clients = [tunnel(line) for line in self._exchange.lines]
        self.process = self._ours.process
        self.gateway = self._ours.gateway
        self.streams = {
            octets: Volley(clients, self.process, self.gateway, octets) for octets in SIZES
        }

    def close(self) -> None:
        """Hang up and end it."""
        for stream in self.streams.values():
            stream.close()
        self._exchange.close()
        self._ours.close()


@contextlib.contextmanager
def teams() -> Iterator[list[Team]]:
    """Bring one server up for each number of workers."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = []
        for workers in WORKERS:
            ground = Ground(stack.enter_context(Network(Namespace)))
            stack.enter_context(closing(ground))
            team = Team(workers, ground, directory / f"{workers}")
            found.append(stack.enter_context(closing(team)))
        yield found


@dataclass(frozen=True)
class Median:
    """The middle one of several rates, and what they span."""

    rates: list[Rate]

    @property
    def middle(self) -> Rate:
        """The rate in the middle."""
        by_rate = sorted(self.rates, key=lambda rate: rate.packets_a_second)
        return by_rate[len(by_rate) // 2]

    def __str__(self) -> str:
        each = [rate.packets_a_second / 1e3 for rate in self.rates]
        return f"{self.middle.packets_a_second / 1e3:.0f} ({min(each):.0f} to {max(each):.0f}) kpps"


def measured(found: list[Team], rounds: int, seconds: float) -> Iterator[tuple[int, list[Median]]]:
    """Measure by turns."""
    for octets in SIZES:
        rows: list[list[Rate]] = [[] for _ in found]
        for _ in range(rounds):
            for team, rates in zip(found, rows, strict=True):
                guess = rates[-1].packets_a_second if rates else None
                rates.append(most(team.streams[octets], team, octets, seconds, guess))
                say(f"{octets} octets, {team.workers} workers: {rates[-1]}")
        yield octets, [Median(rates) for rates in rows]


HEAD = ("", "one worker", "CPU", "generator", "two workers", "CPU", "generator", "ratio")


def row(octets: int, one: Median, two: Median) -> tuple[str, ...]:
    """Write one line of the table."""
    cells = [f"up, {octets} octets"]
    for median in (one, two):
        rate = median.middle
        cells += [str(median), *(f"{c * 1e6:.2f} µs" for c in (rate.server_cpu, rate.own_cpu))]
    below = one.middle.packets_a_second
    return *cells, f"{two.middle.packets_a_second / below:.2f} ×" if below else "–"


def say(line: str) -> None:
    """Tell how far it is, beside the table."""
    sys.stderr.write(line + "\n")


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench workers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, shorter trials")
    quick = parser.parse_args(arguments).quick
    if lack := refusal():
        parser.error(lack)
    with teams() as found:
        figures = measured(found, *((1, 0.3) if quick else (3, 0.5)))
        lines = [HEAD, ("---", *["---:"] * (len(HEAD) - 1))]
        lines += [row(octets, *medians) for octets, medians in figures]
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))
    return 0
