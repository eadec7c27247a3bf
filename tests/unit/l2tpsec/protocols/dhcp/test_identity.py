import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.dhcp.code import Code
from l2tpsec.protocols.dhcp.identity import Applicant, host_name, identity

ALICE = Applicant("CORP\\Alice", "vpn1", "192.0.2.9", "corp.example")


def test_the_same_user_is_the_same_client() -> None:
    again = Applicant("corp\\alice", "vpn1", "198.51.100.1", "corp.example")
    assert identity(ALICE).client_id == identity(again).client_id == b"\0vpn1/corp\\alice"
    assert identity(ALICE).hardware == identity(again).hardware


def test_sessions_nodes_and_users_are_told_apart() -> None:
    others = (
        identity(ALICE, 2),
        identity(Applicant("CORP\\Alice", "vpn2", "192.0.2.9")),
        identity(Applicant("CORP\\Bob", "vpn1", "192.0.2.9")),
    )
    seen = {identity(ALICE).client_id, *(other.client_id for other in others)}
    assert len(seen) == 4
    assert len({identity(ALICE).hardware, *(other.hardware for other in others)}) == 4


def test_hardware_is_locally_administered_and_of_one_host() -> None:
    assert identity(ALICE).hardware[0] & 3 == 2


def test_names_for_dns() -> None:
    options = identity(ALICE, 2).options
    assert options[Code.HOST_NAME] == b"alice-2"
    assert options[Code.FQDN] == b"\x05\0\0\x07alice-2\x04corp\x07example\0"
    alone = identity(Applicant("bob", "vpn1", "")).options
    assert alone[Code.FQDN] == b"\x05\0\0\x03bob"


def test_option_82() -> None:
    value = identity(ALICE).options[Code.RELAY_AGENT]
    assert value == b"\x01\x04vpn1\x02\x09192.0.2.9\x06\x0aCORP\\Alice"


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("alice", "alice"),
        ("CORP\\Alice", "alice"),
        ("alice@corp.example", "alice"),
        ("o'brien.jr", "o-brien-jr"),
        ("Jörg", "j-rg"),
        ("", "client"),
        ("@", "client"),
    ],
)
def test_host_names(user: str, name: str) -> None:
    assert host_name(user) == name


@given(st.text(max_size=300), st.integers(1, 99))
def test_any_user(user: str, number: int) -> None:
    who = identity(Applicant(user.encode(errors="replace").decode(), "vpn1", "192.0.2.9"), number)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", who.host_name)
    assert len(who.host_name) <= 63
    assert all(len(value) <= 255 for value in who.options.values())
