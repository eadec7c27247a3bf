"""A real client dials in, pings, hangs up and leaves nothing: raw ESP and NAT, every algorithm."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, POOL, Server

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

MODP_2048 = "aes256-sha1-modp2048"
ECP_256 = "aes256-sha256-ecp256"
ECP_384 = "aes256-sha1-ecp384"

# Every pair of values of any two columns is in some row.
DIAL_INS = [
    ("home", MODP_2048, "aes256-sha1", "mschap-v2"),
    ("public", ECP_256, "aes256-sha1", "chap"),
    ("home", ECP_384, "aes256-sha1", "pap"),
    ("public", MODP_2048, "aes256-sha256", "pap"),
    ("home", ECP_256, "aes256-sha256", "mschap-v2"),
    ("public", ECP_384, "aes256-sha256", "chap"),
    ("public", MODP_2048, "aes256gcm16", "chap"),
    ("home", ECP_256, "aes256gcm16", "pap"),
    ("public", ECP_384, "aes256gcm16", "mschap-v2"),
]

# How the client's kernel names what IKE agreed on.
KERNEL_NAMES = {
    "aes256-sha1": ("hmac(sha1)", "cbc(aes)"),
    "aes256-sha256": ("hmac(sha256)", "cbc(aes)"),
    "aes256gcm16": ("rfc4106(gcm(aes))",),
}


def _assert_protected(client: Client, place: str, esp: str) -> None:
    state = client.guest.run("ip xfrm state")
    assert all(name in state for name in KERNEL_NAMES[esp])
    assert ("espinudp" in state) == (place == "home")


@pytest.mark.parametrize(("place", "ike", "esp", "method"), DIAL_INS)
def test_dial_in_and_hang_up(
    laboratory: Laboratory, server: Server, place: str, ike: str, esp: str, method: str
) -> None:
    client = laboratory.client(place)
    address = client.connect(replace(laboratory.dial(), ike=ike, esp=esp, method=method))
    assert ip_address(address) in ip_network(POOL)
    _assert_protected(client, place, esp)
    assert client.echoes(GATEWAY) == [1, 2, 3]
    (session,) = server.sessions()
    assert (session["user"], session["address"]) == ("alice", address)
    client.disconnect()
    server.until_empty()


def test_client_that_just_stops_its_programs_leaves_nothing(
    laboratory: Laboratory, server: Server
) -> None:
    client = laboratory.client("home")
    client.connect(laboratory.dial())
    client.hang_up()
    server.until_empty()
