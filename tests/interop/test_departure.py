"""Clients and servers that vanish: everything is freed, and everyone may come back."""

import signal

import pytest

from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

ECHO_SECONDS, ECHO_FAILURES = 1, 8


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "ppp": {"echo_seconds": ECHO_SECONDS, "echo_failures": ECHO_FAILURES},
        "l2tp": {"hello_seconds": 5},
    }


def test_killed_client_is_freed_and_may_come_back(laboratory: Laboratory, server: Server) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    server.until_sessions(1)
    client.guest.kill()
    server.until_sessions(0)
    server.until_empty()
    again = laboratory.client("home")
    again.connect(laboratory.dial())
    again.disconnect()
    server.until_empty()


def test_killed_client_dials_in_again_before_it_is_missed(
    laboratory: Laboratory, server: Server
) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    client.guest.kill()
    again = laboratory.client("home")
    again.connect(laboratory.dial())
    assert again.echoes(GATEWAY) == [1, 2, 3]
    again.disconnect()
    server.until_empty()


def test_killed_server_accepts_the_same_client_at_once(
    laboratory: Laboratory, server: Server
) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    server.kill()
    server.start()
    client.connect(laboratory.dial())
    assert client.echoes(GATEWAY) == [1, 2, 3]
    client.disconnect()
    server.until_empty()


def test_stopped_server_says_good_bye(laboratory: Laboratory, server: Server) -> None:
    client = laboratory.client("public")
    client.connect(laboratory.dial())
    assert server.stop() in (0, -signal.SIGTERM)
    client.until_told("rcvd [LCP TermReq", "received DELETE")
    server.start()
    client.connect(laboratory.dial())
    client.disconnect()
    server.until_empty()
