"""How far from the limit: python -m tests.bench limits [--quick], as root, below a minute.

What a packet costs at least is the cipher's calls and a copy between UDP and the TUN. Both are
measured beside the server: the calls alone, the plane without any I/O, and a program that copies
and does nothing else, on the same wire with the same generator.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from l2tpsec.bench.calling import Exchange
from l2tpsec.bench.contender import MODP2048, Process
from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.ours import Ours
from l2tpsec.bench.traffic import Down, Rate, Target, Tunnel, Up, most, tunnel
from l2tpsec.bench.waiting import text, until
from l2tpsec.crypto.ciphers import AES256_CBC, AES256_GCM
from l2tpsec.crypto.contexts import authenticator, cbc_decryptor, cbc_encryptor, gcm
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa
from tests.bench import copier
from tests.bench.dataplane import proof
from tests.bench.passage import Passage
from tests.planes.client import keys
from tests.planes.namespace import refusal

TRANSFORMS = (EspTransform(AES256_CBC, HMAC_SHA1_96), EspTransform(AES256_GCM))
SIZES = (1400, 128)
ROUNDS = 7
PACKETS = 2000
ADDRESS = IPv4Address("10.99.0.2")
# UDP, L2TP and PPP headers between ESP and the inner packet
INNER_HEADERS_OCTETS = 18

Call = Callable[[], object]


def microseconds(run: Call, calls: int = PACKETS) -> float:
    """Return the least time of one call over several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best / calls * 1e6


@dataclass(frozen=True)
class Costs:
    """Processor microseconds of one packet."""

    crypto: float
    esp: float
    plane: float
    copy: float
    server: float

    @property
    def limit(self) -> float:
        """What cannot be saved by better Python around the same calls."""
        return self.crypto + self.copy


def crypto(transform: EspTransform, octets: int, way: str) -> float:
    """Time the calls into the library alone, on octets of the right number."""
    body = bytes(-(-(octets + INNER_HEADERS_OCTETS + 2) // 16) * 16)
    key = os.urandom(32)
    if transform.integrity is None:
        aead, nonce, head = gcm(key), os.urandom(12), bytes(8)
        sealed = aead.seal(nonce, body, head)
        seal, open_ = aead.seal, aead.open
        if way == "up":
            return microseconds(lambda: [open_(nonce, sealed, head) for _ in range(PACKETS)])
        return microseconds(lambda: [seal(nonce, body, head) for _ in range(PACKETS)])
    cipher = (cbc_decryptor if way == "up" else cbc_encryptor)(transform.cipher, key)
    begin = authenticator(transform.integrity, os.urandom(20))
    ciphered, proven = bytes(16) + body, bytes(8 + 16) + body
    return microseconds(lambda: [(cipher(ciphered), proof(begin, proven)) for _ in range(PACKETS)])


def esp(transform: EspTransform, octets: int, way: str) -> float:
    """Time the SA: header, padding, replay window and all."""
    material, payload = keys(transform), bytes(octets + INNER_HEADERS_OCTETS)
    seal = outbound_sa(transform, 1, material, os.urandom).seal
    if way == "down":
        return microseconds(lambda: [seal(payload) for _ in range(PACKETS)])
    sealed = [seal(payload) for _ in range(PACKETS)]

    def opening() -> None:
        open_ = inbound_sa(transform, material).open
        for packet in sealed:
            open_(packet)

    return microseconds(opening)


def plane(transform: EspTransform, octets: int, way: str) -> float:
    """Time the whole plane between a device and a sender that do nothing."""
    passage = Passage(transform, octets, PACKETS)
    return microseconds(passage.up_in_trains if way == "up" else passage.down)


class Copying:
    """The copier, as a Target: a process and its interface."""

    gateway = "10.99.0.1"

    def __init__(self, namespace: Namespace, log: Path) -> None:
        ends = (SERVER_ADDRESS, "copy0", self.gateway, "10.99.0.0/24")
        with log.open("wb") as output:
            command = [sys.executable, "-m", copier.__name__, *ends]
            self._process = namespace.spawn(command, output)
        until(lambda: copier.READY in text(log), 20, "the copier", lambda: text(log))

    @property
    def process(self) -> Process:
        """The one process."""
        return Process(self._process.pid)

    def close(self) -> None:
        """End it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)


@contextlib.contextmanager
def ground() -> Iterator[tuple[Ground, Path]]:
    """Make a wire and a directory, for as long as it takes."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Network(Namespace) as network,
        closing(Ground(network)) as made,
    ):
        yield made, Path(directory)


Rates = dict[tuple[str, str, int], Rate]
"""By what was measured, the way and the size."""


def carried(where: Ground, name: str, client: Tunnel, target: Target, seconds: float) -> Rates:
    """Measure both ways, all sizes."""
    rates: Rates = {}
    for octets in SIZES:
        for stream, way in (
            (Up(client, target, octets), "up"),
            (Down(where, client, octets), "down"),
        ):
            rates[name, way, octets] = most(stream, target, octets, seconds)
            stream.close()
            say(f"{name}, {way}, {octets} octets: {rates[name, way, octets].megabits:,.0f} Mbit/s")
    return rates


def copied(seconds: float) -> Rates:
    """Measure the copier."""
    with (
        ground() as (where, directory),
        closing(Copying(where.server, directory / "log")) as target,
    ):
        client = Tunnel(where.client_socket(), ADDRESS, bytes)
        # It answers whoever spoke last.
        client.socket.sendto(Up(client, target, 128)._inner, (SERVER_ADDRESS, copier.PORT))
        rates = carried(where, "copy", client, target, seconds)
        client.socket.close()
        return rates


def served(seconds: float) -> Rates:
    """Measure the server with each transform."""
    rates: Rates = {}
    with (
        ground() as (where, directory),
        closing(Ours(where.server, directory / "own", {})) as target,
    ):
        for transform in TRANSFORMS:
            with closing(Exchange(where, target)) as exchange:
                exchange.dial(1, 1, MODP2048, transform.name)
                client = tunnel(exchange.lines[0])
                rates |= carried(where, transform.name, client, target, seconds)
    return rates


def say(line: str) -> None:
    """Tell how far it is, beside the table."""
    sys.stderr.write(line + "\n")


HEAD = (
    *("", "crypto calls", "ESP", "plane, no I/O", "UDP-TUN copy", "limit", "server"),
    *("of the limit", "server", "copy alone"),
)


def row(name: str, costs: Costs, server: Rate, copy: Rate) -> tuple[str, ...]:
    """Write one line of the table."""
    times = costs.crypto, costs.esp, costs.plane, costs.copy, costs.limit, costs.server
    cells = [f"{each:.2f} µs" for each in times]
    share = f"{costs.limit / costs.server:.0%}" if costs.server else "–"
    rates = [f"{each.megabits:,.0f} Mbit/s" for each in (server, copy)]
    return name, *cells, share, *rates


def rows(rates: Rates) -> Iterator[tuple[str, ...]]:
    """Put the calls beside what was carried."""
    for transform in TRANSFORMS:
        for octets in SIZES:
            for way in ("up", "down"):
                server, copy = rates[transform.name, way, octets], rates["copy", way, octets]
                costs = Costs(
                    crypto(transform, octets, way),
                    esp(transform, octets, way),
                    plane(transform, octets, way),
                    copy.server_cpu * 1e6,
                    server.server_cpu * 1e6,
                )
                name = f"{way}, {octets} octets, {transform.name.upper()}"
                yield row(name, costs, server, copy)


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench limits", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter trials")
    seconds = 0.2 if parser.parse_args(arguments).quick else 0.7
    if lack := refusal():
        parser.error(lack)
    rates = copied(seconds) | served(seconds)
    lines = [HEAD, ("---", *["---:"] * (len(HEAD) - 1)), *rows(rates)]
    sys.stdout.write("".join(f"| {' | '.join(line)} |\n" for line in lines))
    return 0
