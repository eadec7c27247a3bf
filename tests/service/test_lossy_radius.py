"""Hundreds dial in to a real server, and a real RADIUS server hears and answers nine of ten."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from l2tpsec.bench.calling import Exchange
from l2tpsec.bench.comparison import enough_descriptors
from l2tpsec.bench.contender import CBC, ECP256
from l2tpsec.bench.ground import Ground
from l2tpsec.bench.network import Namespace
from radius.server.users.usage import Standing
from tests.bench.resident import Resident
from tests.interop.lab.server import Server
from tests.interop.lab.waiting import text, until, until_logged
from tests.service import lossy_relay

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

CLIENTS, A_SECOND = 400, 200.0
# as long as a person waits, and RADIUS with all tries
PATIENCE_SECONDS = 60.0
RADIUS_ADDRESS, RELAY_ADDRESS, SECRET = "127.0.0.2", "127.0.0.3", "a secret of two"
PORTS = ("1812", "1813")


@contextlib.contextmanager
def program(namespace: Namespace, log: Path, *words: str) -> Iterator[None]:
    """Run a program of Python's from its word `ready` on."""
    with log.open("wb") as output:
        process = namespace.spawn([sys.executable, "-m", *words], output)
    try:
        until_logged(log, "ready")
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)


@pytest.fixture
def resident(ground: Ground, tmp_path: Path) -> Iterator[Resident]:
    """A server whose RADIUS is another process behind the relay."""
    clients, database = tmp_path / "clients", str(tmp_path / "users.db")
    clients.touch(mode=0o600)
    clients.write_text(f"127.0.0.0/8 {SECRET}\n")
    serve = ["--listen", RADIUS_ADDRESS, "--clients", str(clients), "--database", database]
    relay = [lossy_relay.__name__, RELAY_ADDRESS, RADIUS_ADDRESS, *PORTS]
    asked = {"host": RELAY_ADDRESS, "secret": SECRET}
    radius = {"servers": [asked], "timeout_seconds": 0.5}
    with (
        program(ground.server, tmp_path / "radius.log", "radius", "serve", *serve),
        program(ground.server, tmp_path / "relay.log", *relay),
        closing(Resident(ground.server, tmp_path / "server", {"radius": radius})) as resident,
    ):
        add = ["user", "add", resident.user.decode(), "--database", database]
        ground.server.run([sys.executable, "-m", "radius", *add], lines=f"{resident.password}\n")
        yield resident


def booked(directory: Path) -> dict[str, bool]:
    """Return the sessions in the RADIUS server's own books, and whether each is open."""
    with closing(sqlite3.connect(directory / "users.usage", timeout=10)) as book:
        rows = book.execute("SELECT session_id, standing FROM sessions")
        return {session: standing == Standing.OPEN for session, standing in rows}


def offered(exchange: Exchange) -> float:
    """Return how many began a second."""
    begun = [line.caller.started for line in exchange.lines]
    return len(begun) / (max(begun) - min(begun))


def lost(directory: Path) -> Counter[str]:
    """Count what the relay has lost, by its way and port."""
    return Counter(re.findall(r"lost number \d+ (.*)", text(directory / "relay.log")))


def test_two_hundred_a_second_all_succeed(
    ground: Ground, resident: Resident, tmp_path: Path
) -> None:
    """Each at its first call; every Start and every Stop is in the books, once."""
    enough_descriptors()
    server = resident.server
    with closing(Exchange(ground, resident, PATIENCE_SECONDS)) as exchange:
        calls = exchange.offer(CLIENTS, A_SECOND, ECP256, CBC)
        told = f"{CLIENTS} dialled {offered(exchange):.0f} a second, all were up after"
        sys.stdout.write(f"{told} {calls.elapsed:.1f} s; lost: {dict(lost(tmp_path))}\n")
        assert all(line.caller.up for line in exchange.lines)
        ids = sorted(row["accounting_id"] for row in server.sessions())
        assert len(set(ids)) == len(ids) == CLIENTS
        until_told(server)
        books = booked(tmp_path)
        assert sorted(books) == ids
        assert all(books.values())
    server.until_empty()
    until_told(server)
    assert booked(tmp_path) == dict.fromkeys(ids, False)
    assert all(lost(tmp_path)[f"{way} port {port}"] for way in ("to", "from") for port in PORTS)


def until_told(server: Server) -> None:
    """Wait until RADIUS has acknowledged all that it was to be told."""
    until(lambda: not server.figures()["accounting_waiting"], "acknowledgements", server.logs)
