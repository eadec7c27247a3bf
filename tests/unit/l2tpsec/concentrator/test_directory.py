"""Sessions by their names; orders and `disconnect` are in tests/scenario/ and test_concentrator."""

from ipaddress import IPv4Address, IPv4Network
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from l2tpsec.concentrator.aaa.identity import session_id
from l2tpsec.concentrator.addressing.chain import Chain, Lease
from l2tpsec.concentrator.addressing.pool import Pool
from l2tpsec.concentrator.directory import Directory
from l2tpsec.concentrator.subscribers import Subscribers
from l2tpsec.model.identifiers import PeerId, SessionIds
from radius.message import Attribute, Code, Message

if TYPE_CHECKING:
    from l2tpsec.concentrator.subscriber import Subscriber

BOOT = b"\1\2\3\4"
CHAIN = Chain(("pool",), Pool([IPv4Network("10.99.0.0/24")], ()))


def session(number: int, user: str, host: int) -> "Subscriber":
    address = IPv4Address(f"10.99.0.{host}")
    assert CHAIN.home(address).reserve(address, number, user)
    dialin = SimpleNamespace(
        session_id=session_id(BOOT, number),
        multi_session_id=f"{BOOT.hex()}-{number:x}",
        client_address=f"203.0.113.{host}",
        server_address="198.51.100.1",
    )
    made = SimpleNamespace(
        number=number,
        user=user,
        lease=Lease(address, number, "pool"),
        dialin=dialin,
        deadline=None,
        chargeable_identity=str(number).encode(),
        peer=SimpleNamespace(id=PeerId(number), sessions=()),
        ids=SessionIds(1, 1, 1, 1, 1701),
    )
    return cast("Subscriber", made)


@pytest.fixture(scope="module")
def directory() -> Directory:
    subscribers = Subscribers()
    for each in (session(1, "alice", 2), session(3, "alice", 4), session(12, "3", 5)):
        subscribers.add(each)
        subscribers.touch(each)
    return Directory(subscribers, CHAIN)


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("1", [1]),
        ("3", [3, 12]),
        ("alice", [1, 3]),
        ("10.99.0.4", [3]),
        ("10.99.0", []),
        ("10.99.0.77", []),
        ("", []),
        ("0", []),
        ("\u0661", []),
        ("9" * 10_000, []),
    ],
)
def test_people_name_a_number_a_user_or_an_address(
    directory: Directory, selector: str, numbers: list[int]
) -> None:
    assert [one.number for one in directory.named(selector)] == numbers


@pytest.mark.parametrize(
    ("attribute", "numbers"),
    [
        (("Acct-Session-Id", session_id(BOOT, 12)), [12]),
        (("Acct-Session-Id", "x"), []),
        (("Acct-Session-Id", "f" * 300), []),
        (("NAS-Port", 3), [3]),
        (("NAS-Port", "3"), []),
        (("Framed-IP-Address", "10.99.0.5"), [12]),
        (("Framed-IP-Address", "somewhere"), []),
        (("User-Name", "alice"), [1, 3]),
        (("Calling-Station-Id", "203.0.113.4"), [3]),
        (("Acct-Multi-Session-Id", "01020304-3"), [3]),
        (("Chargeable-User-Identity", b"12"), [12]),
        (("Called-Station-Id", "198.51.100.1"), [1, 3, 12]),
    ],
)
def test_orders_name_them_by_attributes(
    directory: Directory, attribute: Attribute, numbers: list[int]
) -> None:
    found = directory.candidates(Message(Code.DISCONNECT_REQUEST, (attribute,)))
    assert [one.number for one in found] == numbers


def test_the_narrowest_name_is_looked_up(directory: Directory) -> None:
    both = (("User-Name", "alice"), ("Acct-Session-Id", session_id(BOOT, 3)))
    assert len(directory.candidates(Message(Code.DISCONNECT_REQUEST, both))) == 1


def test_our_own_addresses(directory: Directory) -> None:
    assert directory.server_addresses == {"198.51.100.1"}
