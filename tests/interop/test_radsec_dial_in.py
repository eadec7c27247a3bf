"""A dial-in judged over RadSec, by a server that the configuration gained while ours ran."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.radsec import PORT, RadSecServer
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

NOBODY = {"host": "127.0.0.1", "secret": "nobody listens there", "auth_port": 9, "acct_port": 10}


@pytest.fixture(scope="module")
def radsec(
    laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RadSecServer]:
    spawn = laboratory.topology.server.spawn
    radsec = RadSecServer(tmp_path_factory.mktemp("radsec"), spawn)
    yield radsec
    radsec.stop()


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"radius": {"servers": [NOBODY]}}


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, radsec: RadSecServer) -> Iterator[Server]:
    """It takes leave of RADIUS, which is still there then."""
    with laboratory.server(sections) as server:
        server.start()
        yield server


def _entry(radsec: RadSecServer) -> dict[str, Any]:
    ours = radsec.authority.issue("nas")
    return {
        "host": "127.0.0.1",
        "transport": "tls",
        "tls_port": PORT,
        "ca_file": str(radsec.authority.certificate),
        "certificate_file": str(ours.certificate),
        "key_file": str(ours.key),
        "server_name": "radius.example",
    }


def test_a_server_added_by_sighup_judges_the_next_dial_in(
    laboratory: Laboratory, server: Server, radsec: RadSecServer
) -> None:
    before = server.mark()
    server.reload({"radius": {"servers": [_entry(radsec)]}})
    reloaded = server.until_logged(r"reloaded .*", start=before)[0]
    assert "restart" not in reloaded
    server.until_logged(f"connected to the RadSec server 127.0.0.1:{PORT}", start=before)
    client = laboratory.client("home")
    client.connect(replace(laboratory.dial(), method="pap"))
    client.disconnect()
    server.until_empty()
    # one in the Start, one in the Stop
    until(lambda: radsec.records().count('User-Name = "alice"') >= 2, "accounting", radsec.logs)
    assert "Acct-Status-Type = Stop" in radsec.records()
