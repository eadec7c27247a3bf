"""Two clients behind one public address, both 192.168.1.10 port 1701, do not know of each other."""

import re

import pytest

from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server
from tests.interop.lab.topology import CARRIER_ADDRESS

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(240)]

PING = f"ping -i 0.2 -q {GATEWAY}"


def _assert_nothing_lost(statistics: str) -> None:
    sent, received = re.search(r"(\d+) packets transmitted, (\d+) received", statistics).groups()  # type: ignore[union-attr] # None fails the test
    assert int(sent) > 0
    assert sent == received


def _reconnect(laboratory: Laboratory, client: Client) -> None:
    client.disconnect()
    client.connect(laboratory.dial("alice", "alice's word"))


def test_two_at_once_and_one_reconnects(laboratory: Laboratory, server: Server) -> None:
    first, second = laboratory.client("shared-0"), laboratory.client("shared-1")
    assert first.guest.address == second.guest.address == "192.168.1.10"
    addresses = {
        first.connect(laboratory.dial("alice", "alice's word")),
        second.connect(laboratory.dial("bob", "bob's word")),
    }
    assert len(addresses) == 2
    sessions = server.sessions()
    assert {session["user"] for session in sessions} == {"alice", "bob"}
    assert all(CARRIER_ADDRESS in str(session["client"]) for session in sessions)
    both = [client.guest.start(f"{PING} -c 20") for client in (first, second)]
    for running in both:
        _assert_nothing_lost(running.result(30).output)

    steady = second.guest.start(f"{PING} -w 60 & echo $! >/run/ping; wait", 90)
    _reconnect(laboratory, first)
    _assert_nothing_lost(first.guest.run(f"{PING} -c 10"))
    second.guest.run("kill -INT $(cat /run/ping)")
    _assert_nothing_lost(steady.result(30).output)
    assert len(server.sessions()) == 2

    second.disconnect()
    _assert_nothing_lost(first.guest.run(f"{PING} -c 10"))
    first.disconnect()
    server.until_empty()
