"""Two clients behind one public address, both 192.168.1.10 port 1701, do not know of each other."""

import pytest

from tests.interop.lab.client import Client
from tests.interop.lab.echoes import answered, patient
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server
from tests.interop.lab.topology import CARRIER_ADDRESS
from tests.interop.lab.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

WITHOUT_END = f"ping -i 0.2 {GATEWAY}"


def first(count: int) -> list[int]:
    return list(range(1, count + 1))


def _reconnect(laboratory: Laboratory, client: Client) -> None:
    client.disconnect()
    client.connect(laboratory.dial("alice", "alice's word"))


def test_two_at_once_and_one_reconnects(laboratory: Laboratory, server: Server) -> None:
    one, two = laboratory.client("shared-0"), laboratory.client("shared-1")
    assert one.guest.address == two.guest.address == "192.168.1.10"
    addresses = {
        one.connect(laboratory.dial("alice", "alice's word")),
        two.connect(laboratory.dial("bob", "bob's word")),
    }
    assert len(addresses) == 2
    sessions = server.sessions()
    assert {session["user"] for session in sessions} == {"alice", "bob"}
    assert all(CARRIER_ADDRESS in str(session["client"]) for session in sessions)
    command = " ".join(["ping", *patient(20), GATEWAY])
    both = [client.guest.start(command) for client in (one, two)]
    assert [answered(running.result().output) for running in both] == [first(20)] * 2

    steady = two.guest.start(f"{WITHOUT_END} & echo $! >/run/ping; wait", 5 * PATIENCE_SECONDS)
    _reconnect(laboratory, one)
    assert one.echoes(GATEWAY, 10) == first(10)
    two.guest.run("kill -INT $(cat /run/ping)")
    # The last may have been on its way when it was told to end.
    heard = answered(steady.result().output)
    assert len(heard) >= 10
    assert heard == first(len(heard))
    assert len(server.sessions()) == 2

    two.disconnect()
    assert one.echoes(GATEWAY, 10) == first(10)
    one.disconnect()
    server.until_empty()
