"""A real client gets an address by router advertisement, and reaches us and the inside by IPv6."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.lab import transfer
from tests.interop.lab.client import Client
from tests.interop.lab.dual_stack import INSIDE, dial, dual_stack_client
from tests.interop.lab.echoes import answered, patient
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.waiting import until_logged

pytestmark = [pytest.mark.root, pytest.mark.ipv6, pytest.mark.interop, pytest.mark.timeout(900)]

GATEWAY, PREFIX = "2001:db8:99::1", "2001:db8:99:1:"
IPV6_AND_ICMP_OCTETS = 48
OCTETS, PORT = 3_000_000, 5003
PROGRAM = str(Path(transfer.__file__).resolve())


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"address": {"ipv6_pool": "2001:db8:99::/56", "ipv6_dns": [GATEWAY]}}


@pytest.fixture(scope="module")
def online(laboratory: Laboratory, server: Server) -> Iterator[Client]:
    client = dual_stack_client(laboratory)
    assert dial(laboratory, client).startswith(PREFIX)
    yield client
    client.disconnect()
    server.until_empty()


def test_the_client_is_told_of_its_link(server: Server, online: Client) -> None:
    assert "default via fe80::" in online.guest.run("ip -6 route show dev ppp0")
    (session,) = server.sessions()
    assert session["ipv6_prefix"] == f"{PREFIX}:/64"
    assert session["mtu"] == int(online.guest.run("cat /proc/sys/net/ipv6/conf/ppp0/mtu"))


def test_it_reaches_us_and_the_inside(server: Server, online: Client) -> None:
    for target in (GATEWAY, INSIDE):
        assert online.echoes(target) == [1, 2, 3]
    (session,) = server.sessions()
    assert session["input_packets"] >= 6
    assert session["output_packets"] >= 6


def test_tcp_both_ways(laboratory: Laboratory, online: Client) -> None:
    command = (sys.executable, PROGRAM, "serve", INSIDE, str(PORT))
    with laboratory.program(laboratory.topology.inside, *command) as output:
        until_logged(output, "listening")
        for verb in ("fetch", "push"):
            order = f"{sys.executable} {PROGRAM} {verb} {INSIDE} {PORT} {OCTETS}"
            assert json.loads(online.guest.run(order, 300))["octets"] == OCTETS


def test_senders_inside_are_told_of_the_width(
    laboratory: Laboratory, server: Server, online: Client
) -> None:
    (session,) = server.sessions()
    shown = online.guest.run("ip -6 address show dev ppp0 scope global")
    address = re.findall(r"inet6 (\S+)/64", shown)[0]
    fits = session["mtu"] - IPV6_AND_ICMP_OCTETS
    inside, ping = laboratory.topology.inside, ["ping", "-M", "do", *patient(2), address, "-s"]
    assert answered(inside.run([*ping, str(fits)])) == [1, 2]
    told = inside.run(["sh", "-c", f"{' '.join(ping)} {fits + 1} 2>&1 || true"])
    assert f"mtu={session['mtu']}" in told.replace(": ", "=").replace(" = ", "=")
