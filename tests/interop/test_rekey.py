"""Quick Modes every ten seconds, two minutes long, under a stream both ways, lose nothing."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interop.lab import stream
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server
from tests.interop.lab.topology import INSIDE_ADDRESS, INSIDE_NETWORK
from tests.interop.lab.waiting import PATIENCE_SECONDS, text, until_logged

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

SECONDS, PER_SECOND, PORT = 120, 50, 6001
LIFE_SECONDS = 20
PROGRAM = str(Path(stream.__file__).resolve())


def test_rekeys_lose_no_packet(laboratory: Laboratory, server: Server) -> None:
    client = laboratory.client("home")
    client.connect(replace(laboratory.dial(), life_seconds=LIFE_SECONDS, margin_seconds=10))
    client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
    words = [INSIDE_ADDRESS, str(PORT), str(SECONDS), str(PER_SECOND)]
    with laboratory.program(
        laboratory.topology.inside, sys.executable, PROGRAM, "answer", *words
    ) as output:
        until_logged(output, "listening")
        order = " ".join([sys.executable, PROGRAM, "call", *words])
        ours = json.loads(client.guest.run(order, SECONDS + 2 * PATIENCE_SECONDS))
        until_logged(output, "sent")
    theirs = json.loads(text(output).splitlines()[-1])
    assert ours["missing"] == theirs["missing"] == []
    assert ours["received"] == theirs["sent"] == SECONDS * PER_SECOND
    assert theirs["received"] == ours["sent"] == SECONDS * PER_SECOND
    established = re.findall(r"CHILD_SA vpn\{\d+\} established", client.log())
    # A busy machine takes its time for each: no SA outlives its life, though.
    assert len(established) > SECONDS // LIFE_SECONDS
    client.disconnect()
    server.until_empty()
