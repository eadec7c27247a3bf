"""FreeRADIUS in place of the embedded server: it judges users and keeps the accounts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.interop.lab.freeradius import SECRET, FreeRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

GRANTED = "10.99.0.77"


@pytest.fixture(scope="module")
def freeradius(laboratory: Laboratory) -> Iterator[FreeRadius]:
    users = {"alice": "alice's word"}
    reply = f'Framed-IP-Address = {GRANTED}, Class = "gold"'
    with laboratory.freeradius(users, reply) as freeradius:
        yield freeradius


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]}}


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, freeradius: FreeRadius) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def sessions(freeradius: FreeRadius, status: str = "") -> dict[str, dict[str, str]]:
    """Return a record of each session: what is told again is written again."""
    return {
        record["Acct-Session-Id"]: record
        for record in freeradius.accounting()
        if record["Acct-Status-Type"] == status or not status
    }


@pytest.mark.parametrize("method", ["mschap-v2", "chap", "pap"])
def test_user_is_let_in_and_accounted(
    laboratory: Laboratory, server: Server, freeradius: FreeRadius, method: str
) -> None:
    client, before = laboratory.client("home"), sessions(freeradius, "Stop")
    assert client.connect(replace(laboratory.dial(), method=method)) == GRANTED
    assert client.echoes(GATEWAY, 5, "-s 1000") == [1, 2, 3, 4, 5]
    client.disconnect()
    server.until_empty()
    until(lambda: sessions(freeradius, "Stop").keys() > before.keys(), "a Stop", freeradius.logs)
    (ended,) = sessions(freeradius, "Stop").keys() - before.keys()
    start, stop = (sessions(freeradius, status)[ended] for status in ("Start", "Stop"))
    assert (stop["User-Name"], stop["Framed-IP-Address"]) == ("alice", GRANTED)
    assert stop["Class"] == start["Class"] == "0x676f6c64"
    assert stop["Acct-Terminate-Cause"] == "User-Request"
    assert int(stop["Acct-Input-Octets"]) >= 5 * 1028
    assert int(stop["Acct-Output-Octets"]) >= 5 * 1028


def test_user_is_refused(laboratory: Laboratory, server: Server, freeradius: FreeRadius) -> None:
    client, before = laboratory.client("home"), sessions(freeradius).keys()
    client.negotiate(replace(laboratory.dial(), password="not the word"))
    client.call()
    assert "authentication failed" in client.until_refused()
    client.hang_up()
    server.until_empty()
    assert sessions(freeradius).keys() == before
