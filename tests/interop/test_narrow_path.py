"""A client behind a path of 1,420 octets that swallows what is larger: nothing is ever larger."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interop.lab import transfer
from tests.interop.lab.client import Client
from tests.interop.lab.echoes import answered, patient
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.topology import INSIDE_ADDRESS, INSIDE_NETWORK
from tests.interop.lab.waiting import until_logged

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

OCTETS = 3_000_000
PORT = 5002
PROGRAM = str(Path(transfer.__file__).resolve())
IPV6_AND_ICMP_OCTETS, IPV4_AND_ICMP_OCTETS = 48, 28


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"server": {"outer_mtu": 1420}, "address": {"ipv6_pool": "2001:db8:99::/56"}}


@pytest.fixture(scope="module")
def client(laboratory: Laboratory, server: Server) -> Iterator[Client]:
    """A client behind a narrow router, dialled in."""
    client = laboratory.client("home")
    client.guest.attempt("modprobe -d /run/root ipv6")
    router = laboratory.router("home")
    router.ip("link set wan0 mtu 1420")
    client.connect(replace(laboratory.dial(), ipv6=True))
    client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
    yield client
    client.disconnect()
    router.ip("link set wan0 mtu 1500")
    server.until_empty()


def mtu(server: Server) -> int:
    (session,) = server.sessions()
    return int(session["mtu"])


def test_the_client_takes_our_mtu(client: Client, server: Server) -> None:
    assert 1280 <= mtu(server) < 1340
    assert int(client.guest.run("cat /sys/class/net/ppp0/mtu")) == mtu(server)


def test_tcp_both_ways(laboratory: Laboratory, client: Client) -> None:
    command = (sys.executable, PROGRAM, "serve", INSIDE_ADDRESS, str(PORT))
    with laboratory.program(laboratory.topology.inside, *command) as output:
        until_logged(output, "listening")
        for verb in ("fetch", "push"):
            order = f"{sys.executable} {PROGRAM} {verb} {INSIDE_ADDRESS} {PORT} {OCTETS}"
            assert json.loads(client.guest.run(order, 300))["octets"] == OCTETS


def test_senders_inside_are_told(laboratory: Laboratory, client: Client, server: Server) -> None:
    """ICMP's fragmentation needed, from inside to the client; what fits arrives."""
    (session,) = server.sessions()
    inside, fits = laboratory.topology.inside, mtu(server) - IPV4_AND_ICMP_OCTETS
    ping = ["ping", *patient(2), "-M", "do", str(session["address"])]
    assert answered(inside.run([*ping, "-s", str(fits)])) == [1, 2]
    told = inside.run(["sh", "-c", f"{' '.join(ping)} -s {fits + 1} 2>&1 || true"])
    assert f"mtu={mtu(server)}" in told.replace(" = ", "=")
    # Without "do not fragment" it comes in pieces.
    ping[ping.index("do")] = "dont"
    assert answered(inside.run([*ping, "-s", "3000"])) == [1, 2]


def test_the_client_is_told(client: Client, server: Server) -> None:
    fits = mtu(server) - IPV4_AND_ICMP_OCTETS
    assert client.echoes(INSIDE_ADDRESS, 2, f"-M do -s {fits}") == [1, 2]
    ping = f"ping -c 2 -W 3 -i 0.2 -M do {INSIDE_ADDRESS} -s {fits + 1} 2>&1"
    assert "too long" in client.guest.attempt(ping).output
