"""FreeRADIUS's radclient changes and ends a real client's session; kill -9 leaves the books."""

import pytest

from tests.interop.lab import radclient
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.topology import SERVER_ADDRESS

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"radius": {"dynamic_authorization": radclient.listening(SERVER_ADDRESS)}}


def order(laboratory: Laboratory, kind: str, attributes: str) -> str:
    return radclient.order(laboratory.topology.server, SERVER_ADDRESS, kind, attributes)


def test_radclient_changes_and_ends_a_session(laboratory: Laboratory, server: Server) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    mark = server.mark()
    output = order(laboratory, "coa", "User-Name = alice, Session-Timeout = 3600")
    assert "Received CoA-ACK" in output, output
    server.until_logged("changed by RADIUS: session timeout 3600 s", start=mark)
    output = order(laboratory, "coa", "User-Name = alice, Filter-Id = guests")
    assert "Received CoA-NAK" in output
    assert "Error-Cause = Invalid-Attribute-Value" in output
    output = order(laboratory, "coa", "User-Name = alice, Framed-Pool = office")
    assert "Error-Cause = Unsupported-Attribute" in output
    output = order(laboratory, "disconnect", "User-Name = nobody")
    assert "Error-Cause = Session-Context-Not-Found" in output
    (session,) = server.sessions()
    named = f"Framed-IP-Address = {session['address']}"
    output = order(laboratory, "disconnect", f"User-Name = alice, {named}")
    assert "Received Disconnect-ACK" in output, output
    server.until_sessions(0)
    server.until_logged("an administrator disconnected it", start=mark)
    client.hang_up()
    server.until_empty()


def test_a_killed_server_tells_of_the_session_that_died(
    laboratory: Laboratory, server: Server
) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    mark = server.mark()
    server.kill()
    server.start()
    server.until_logged("1 sessions were open when the server died", start=mark)
    client.hang_up()
