"""100 MB each way through the tunnel, to a host behind the server, arrive as they were sent."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interop.lab import transfer
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server
from tests.interop.lab.topology import INSIDE_ADDRESS, INSIDE_NETWORK
from tests.interop.lab.waiting import until_logged

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

OCTETS = 100_000_000
PORT = 5001
PROGRAM = str(Path(transfer.__file__).resolve())


@pytest.mark.parametrize(
    ("place", "esp", "offload"),
    [
        ("public", "aes256gcm16", "auto"),
        ("home", "aes256-sha1", "auto"),
        ("home", "aes256-sha1", "off"),
        ("home", "aes256-sha1", "full"),
    ],
)
def test_transfer_both_ways(
    laboratory: Laboratory, server: Server, place: str, esp: str, offload: str
) -> None:
    server.stop()
    server.configure({"server": {"offload": offload}})
    server.start()
    client = laboratory.client(place)
    client.connect(replace(laboratory.dial(), esp=esp))
    client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
    command = (sys.executable, PROGRAM, "serve", INSIDE_ADDRESS, str(PORT))
    with laboratory.program(laboratory.topology.inside, *command) as output:
        until_logged(output, "listening")
        for verb in ("fetch", "push"):
            order = f"{sys.executable} {PROGRAM} {verb} {INSIDE_ADDRESS} {PORT} {OCTETS}"
            assert json.loads(client.guest.run(order, 600))["octets"] == OCTETS
    (session,) = server.sessions()
    assert session["input_octets"] > OCTETS
    assert session["output_octets"] > OCTETS
    client.disconnect()
    server.until_empty()
