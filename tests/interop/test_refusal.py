"""A client that may not in is told so, and the server's log says why."""

from dataclasses import replace

import pytest

from tests.interop.lab.client import ESTABLISHED
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]


def test_wrong_pre_shared_key(laboratory: Laboratory, server: Server) -> None:
    client, begin = laboratory.client("home"), server.mark()
    said = client.initiate(replace(laboratory.dial(), psk="not the key"))
    assert ESTABLISHED not in said
    assert "establishing connection 'vpn' failed" in said
    server.until_logged("main-mode .*pre-shared keys? differ", start=begin)
    client.hang_up()
    server.until_empty()


@pytest.mark.parametrize("method", ["mschap-v2", "chap", "pap"])
def test_wrong_password(laboratory: Laboratory, server: Server, method: str) -> None:
    client, begin = laboratory.client("home"), server.mark()
    client.negotiate(replace(laboratory.dial(), password="not the word", method=method))
    client.call()
    assert "authentication failed" in client.until_refused()
    server.until_logged("authentication alice .*(refused|failed|wrong)", start=begin)
    client.hang_up()
    server.until_empty()


def test_disabled_user(laboratory: Laboratory, server: Server) -> None:
    client, begin = laboratory.client("home"), server.mark()
    client.negotiate(laboratory.dial("carol", "carol's word"))
    client.call()
    assert "authentication failed" in client.until_refused()
    server.until_logged("carol .*disabled", start=begin)
    client.hang_up()
    server.until_empty()


def test_user_enabled_again_is_let_in(laboratory: Laboratory, server: Server) -> None:
    client = laboratory.client("home")
    server.user("enable", "carol")
    try:
        client.connect(laboratory.dial("carol", "carol's word"))
    finally:
        server.user("disable", "carol")
    client.disconnect()
    server.until_empty()
