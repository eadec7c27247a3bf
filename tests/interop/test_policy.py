"""FreeRADIUS holds a real client to filters and rates, and radclient changes both on the way."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.interop.lab import radclient, transfer
from tests.interop.lab.client import Client
from tests.interop.lab.freeradius import SECRET, FreeRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.topology import INSIDE_ADDRESS, INSIDE_NETWORK, SERVER_ADDRESS
from tests.interop.lab.waiting import until, until_logged

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

GATEWAY_ONLY = [
    f"permit in icmp from assigned to {GATEWAY} icmptypes echo request",
    f"permit out icmp from {GATEWAY} to assigned",
]
INSIDE_RULES = (
    f'NAS-Filter-Rule = "permit in icmp from any to {INSIDE_ADDRESS}/32",'
    f' NAS-Filter-Rule += "deny in tcp from any to any 5002",'
    f' NAS-Filter-Rule += "permit in tcp from any to {INSIDE_NETWORK} 5000-5009"'
)
UP_BITS, DOWN_BITS, BURST_OCTETS = 1_000_000, 2_000_000, 50_000
REPLIES = {
    "alice": "",
    "guest": 'Filter-Id = "gateway"',
    "worker": INSIDE_RULES,
    "slow": f"WISPr-Bandwidth-Max-Up = {UP_BITS}, WISPr-Bandwidth-Max-Down = {DOWN_BITS}",
    "lost": 'Filter-Id = "attic"',
}
PROGRAM = str(Path(transfer.__file__).resolve())
PORT = 5001


@pytest.fixture(scope="module")
def freeradius(laboratory: Laboratory) -> Iterator[FreeRadius]:
    words = {name: f"{name}'s word" for name in REPLIES}
    with laboratory.freeradius(words, REPLIES) as freeradius:
        yield freeradius


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "radius": {
            "servers": [{"host": "127.0.0.1", "secret": SECRET}],
            "dynamic_authorization": radclient.listening(SERVER_ADDRESS),
        },
        "filters.gateway": {"rules": GATEWAY_ONLY},
    }


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, freeradius: FreeRadius) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def dialled(laboratory: Laboratory, user: str) -> Client:
    client = laboratory.client("home")
    client.connect(replace(laboratory.dial(), user=user, password=f"{user}'s word"))
    client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
    return client


def reaches(client: Client, address: str) -> bool:
    return client.echoes(address) == [1, 2, 3]


def in_vain(client: Client, address: str) -> bool:
    said = client.guest.attempt(f"ping -c 3 -i 0.2 -W 1 {address}").output
    return "3 packets transmitted, 0 received" in said


def filtered(server: Server, packets: int) -> dict[str, Any] | None:
    """Return the session once so many packets were refused."""
    (session,) = server.sessions()
    return session if session["filtered_packets"] >= packets else None


def hang_up(client: Client, server: Server) -> None:
    client.disconnect()
    server.until_empty()


def test_a_filter_by_its_name(laboratory: Laboratory, server: Server) -> None:
    client = dialled(laboratory, "guest")
    assert reaches(client, GATEWAY)
    (before,) = server.sessions()
    assert in_vain(client, INSIDE_ADDRESS)
    session = until(lambda: filtered(server, before["filtered_packets"] + 3), "the filter")
    assert session["filter"] == "gateway"
    assert session["input_packets"] == before["input_packets"]
    hang_up(client, server)


def test_rules_of_the_servers_own(laboratory: Laboratory, server: Server) -> None:
    client = dialled(laboratory, "worker")
    assert reaches(client, INSIDE_ADDRESS)
    assert in_vain(client, GATEWAY)
    inside = laboratory.topology.inside
    for port, passes in ((PORT, True), (PORT + 1, False)):
        command = (sys.executable, PROGRAM, "serve", INSIDE_ADDRESS, str(port))
        with laboratory.program(inside, *command) as output:
            until_logged(output, "listening")
            order = f"{sys.executable} {PROGRAM} push {INSIDE_ADDRESS} {port} 10000"
            order = order if passes else f"timeout 5 {order}"
            assert (client.guest.attempt(order).status == 0) is passes
    hang_up(client, server)


def test_a_rate_bounds_what_goes_in_any_time(laboratory: Laboratory, server: Server) -> None:
    client = dialled(laboratory, "slow")
    command = (sys.executable, PROGRAM, "serve", INSIDE_ADDRESS, str(PORT))
    with laboratory.program(laboratory.topology.inside, *command) as output:
        until_logged(output, "listening")
        for verb, column, bits in (
            ("fetch", "output_octets", DOWN_BITS),
            ("push", "input_octets", UP_BITS),
        ):
            start, (before,) = time.monotonic(), server.sessions()
            order = f"{sys.executable} {PROGRAM} {verb} {INSIDE_ADDRESS} {PORT} 500000"
            assert json.loads(client.guest.run(order, 300))["octets"] == 500_000
            (after,), end = server.sessions(), time.monotonic()
            carried = after[column] - before[column]
            assert 500_000 < carried <= BURST_OCTETS + (end - start) * bits / 8
            assert after["limited_packets"] > before["limited_packets"]
            assert after["rate"] == "1M/2M"
    hang_up(client, server)


def test_an_unknown_filter_lets_nobody_in(laboratory: Laboratory, server: Server) -> None:
    client, begin = laboratory.client("home"), server.mark()
    client.negotiate(replace(laboratory.dial(), user="lost", password="lost's word"))
    client.call()
    assert "authentication failed" in client.until_refused()
    server.until_logged(r"Filter-Id attic: there is no \[filters.attic\]", start=begin)
    client.hang_up()
    server.until_empty()


def order(laboratory: Laboratory, attributes: str) -> str:
    whole = f"User-Name = alice, {attributes}"
    return radclient.order(laboratory.topology.server, SERVER_ADDRESS, "coa", whole)


def test_radclient_changes_filter_and_rate(laboratory: Laboratory, server: Server) -> None:
    client = dialled(laboratory, "alice")
    (session,) = server.sessions()
    assert (session["filter"], session["rate"]) == ("", "")
    assert reaches(client, INSIDE_ADDRESS)
    assert "Received CoA-ACK" in order(laboratory, "Filter-Id = gateway")
    assert reaches(client, GATEWAY)
    assert in_vain(client, INSIDE_ADDRESS)
    rules = f'NAS-Filter-Rule = "permit in icmp from any to {INSIDE_ADDRESS}"'
    assert "Received CoA-ACK" in order(laboratory, f'{rules}, Mikrotik-Rate-Limit = "3M/4M"')
    assert in_vain(client, GATEWAY)
    assert reaches(client, INSIDE_ADDRESS)
    said = order(laboratory, "Filter-Id = attic, Session-Timeout = 5")
    assert "Error-Cause = Invalid-Attribute-Value" in said, said
    (session,) = server.sessions()
    assert (session["filter"], session["rate"]) == ("sent by RADIUS", "3M/4M")
    hang_up(client, server)
