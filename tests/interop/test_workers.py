"""The real Linux client at a server of several workers: each at its own, shown as one server."""

import pytest

from tests.interop.lab import radclient
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.topology import SERVER_ADDRESS

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

WORKERS = 4  # with two both addresses, which are even, would meet the same


@pytest.fixture(scope="module")
def sections() -> Settings:
    orders = {"dynamic_authorization": radclient.listening(SERVER_ADDRESS)}
    return {"server": {"workers": WORKERS}, "radius": orders}


def order(laboratory: Laboratory, user: str) -> str:
    """Have RADIUS end a user's sessions; return what radclient prints."""
    named = f"User-Name = {user}"
    return radclient.order(laboratory.topology.server, SERVER_ADDRESS, "disconnect", named)


def test_clients_come_go_and_are_shown_as_at_one_server(
    laboratory: Laboratory, server: Server
) -> None:
    home, public = laboratory.client("home"), laboratory.client("public")
    home.connect(laboratory.dial())
    public.connect(laboratory.dial("bob", "bob's word"))
    for client in (home, public):
        assert client.echoes(GATEWAY) == [1, 2, 3]
    assert {row["user"] for row in server.sessions()} == {"alice", "bob"}
    assert len({row["id"] % WORKERS for row in server.sessions()}) == 2
    assert server.figures()["workers"] == WORKERS
    assert "Session-Context-Not-Found" in order(laboratory, "nobody")
    assert "Received Disconnect-ACK" in order(laboratory, "bob")
    server.until_sessions(1)
    server.namespace.run(server._command("disconnect", "alice"))
    server.until_sessions(0)
    for client in (home, public):
        client.hang_up()
    server.until_empty()
