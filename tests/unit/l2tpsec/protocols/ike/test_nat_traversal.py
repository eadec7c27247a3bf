"""NAT detection as RFC 3947 section 3.2 draws it."""

import hashlib

import pytest

from l2tpsec.crypto.prf import SHA1
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.nat_traversal import Nat, detect, nat_hash
from l2tpsec.protocols.ike.vendor_ids import RFC3947

COOKIES = b"initiateresponds"
SERVER, CLIENT = Endpoint("198.51.100.1", 500), Endpoint("203.0.113.9", 500)
HOME, BEHIND = Endpoint("192.168.1.10", 500), Endpoint("10.0.0.5", 500)
SEEN = Path(SERVER, CLIENT)


def test_hash_covers_cookies_address_and_port() -> None:
    text = COOKIES + bytes((198, 51, 100, 1)) + (500).to_bytes(2)
    assert nat_hash(SHA1, COOKIES, SERVER) == hashlib.sha1(text).digest()


@pytest.mark.parametrize(
    ("server", "clients", "expected"),
    [
        (SERVER, [CLIENT], (False, False)),
        (SERVER, [HOME], (True, False)),
        (SERVER, [HOME, CLIENT], (False, False)),
        (SERVER, [Endpoint(CLIENT.address, 501)], (True, False)),
        (BEHIND, [CLIENT], (False, True)),
        (BEHIND, [HOME], (True, True)),
    ],
)
def test_which_side_is_behind_a_nat(
    server: Endpoint, clients: list[Endpoint], expected: tuple[bool, bool]
) -> None:
    received = [nat_hash(SHA1, COOKIES, each) for each in (server, *clients)]
    assert detect(SHA1, COOKIES, SEEN, received) == expected


def test_modes_follow_the_nat_state() -> None:
    assert Nat().modes == (2,)
    for nat in (Nat(RFC3947, client=True), Nat(RFC3947, server=True), Nat(RFC3947, forced=True)):
        assert nat.modes == (4, 61444)


def test_states_in_words() -> None:
    assert Nat().words == "no NAT traversal"
    assert Nat(RFC3947, client=True).words == "behind NAT (RFC 3947): client yes, server no"
    assert Nat(RFC3947, forced=True).words.endswith("UDP encapsulation forced")
