"""Renewals under a stream both ways lose nothing that the network does not lose itself."""

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


# ESP and UDP around a datagram of the stream are longer, around all else inside ESP shorter.
LARGE_OCTETS = 250
ONE_OF, LOSSY_SECONDS, STRAGGLERS_SECONDS = 10, 30, 10


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


def test_renewals_on_a_bad_network_lose_nothing_more(
    laboratory: Laboratory, server: Server
) -> None:
    client = laboratory.client("home")
    client.connect(replace(laboratory.dial(), retransmissions=12))
    client.guest.run(f"ip route add {INSIDE_NETWORK} dev ppp0")
    (session,) = server.sessions()
    numbers = [str(LOSSY_SECONDS), str(PER_SECOND), str(STRAGGLERS_SECONDS)]
    words = [INSIDE_ADDRESS, str(PORT), *numbers]
    with (
        laboratory.program(
            laboratory.topology.inside, sys.executable, PROGRAM, "answer", *words
        ) as output,
        laboratory.topology.server.one_by_one("wan0"),
        laboratory.router("home").losing(ONE_OF, LARGE_OCTETS) as lost,
    ):
        until_logged(output, "listening")
        order = " ".join([sys.executable, PROGRAM, "call", *words])
        calling = client.guest.start(order, LOSSY_SECONDS + 2 * PATIENCE_SECONDS)
        for _ in range(3):
            client.renew()
        client.until_reauthenticated(client.reauthenticate())
        client.renew()
        ours = json.loads(calling.result().output)
        until_logged(output, "sent")
        on_the_way = lost()
    theirs = json.loads(text(output).splitlines()[-1])
    total = LOSSY_SECONDS * PER_SECOND
    assert ours["sent"] == theirs["sent"] == total
    assert 2 * total - ours["received"] - theirs["received"] == on_the_way > 0
    assert [row["id"] for row in server.sessions()] == [session["id"]]
    client.disconnect()
    # The Delete of the old ISAKMP SA may have been lost too: that one stays for some minutes.
    server.until_sessions(0)
