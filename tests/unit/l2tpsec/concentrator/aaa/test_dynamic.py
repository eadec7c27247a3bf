from dataclasses import replace

import pytest

from l2tpsec.concentrator.aaa.dynamic import Face, Order, Refusal, judge
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.change import Change
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import Filter, Rate
from radius.message import Attribute, Code, Message

GUESTS = Filter("guests", (parse("deny in ip from any to any"),))
FILTERS = {"guests": GUESTS}
IPV6: list[Attribute] = [
    ("Framed-IPv6-Prefix", "2001:db8:0:2::/64"),
    ("Framed-Interface-Id", "0:0:0:2"),
]
FACES = [
    Face(
        number,
        "alice" if number < 3 else "bob",
        f"10.99.0.{number}",
        Dialin("nas", "192.0.2.1", "203.0.113.5", number, f"id{number}", multi_session_id="m"),
        b"c-3" if number == 3 else b"",
        IPV6 if number == 2 else (),
    )
    for number in (1, 2, 3)
]


def disconnect(*attributes: Attribute) -> Order | Refusal:
    return judge(Message(Code.DISCONNECT_REQUEST, attributes), FACES, "nas", FILTERS)


def change(*attributes: Attribute) -> Order | Refusal:
    message = Message(Code.COA_REQUEST, (("Acct-Session-Id", "id3"), *attributes))
    return judge(message, FACES, "nas", FILTERS)


@pytest.mark.parametrize(
    ("attributes", "numbers"),
    [
        ([("User-Name", "alice")], (1, 2)),
        ([("User-Name", "alice"), ("NAS-Port", 2)], (2,)),
        ([("Acct-Session-Id", "id3")], (3,)),
        ([("Acct-Multi-Session-Id", "m")], (1, 2, 3)),
        ([("Framed-IP-Address", "10.99.0.1"), ("NAS-Identifier", "nas")], (1,)),
        ([("Calling-Station-Id", "203.0.113.5"), ("NAS-IP-Address", "192.0.2.1")], (1, 2, 3)),
        ([("Called-Station-Id", "192.0.2.1"), ("Acct-Terminate-Cause", 6)], (1, 2, 3)),
        ([("Chargeable-User-Identity", b"c-3"), ("State", b"s")], (3,)),
        ([("Framed-IPv6-Prefix", "2001:db8:0:2::/64")], (2,)),
        ([("Framed-Interface-Id", "0:0:0:2"), ("User-Name", "alice")], (2,)),
    ],
    ids=str,
)
def test_all_that_is_given_must_fit(attributes: list[Attribute], numbers: tuple[int, ...]) -> None:
    assert disconnect(*attributes) == Order(numbers, ends=True)


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ([], 402),
        ([("NAS-Identifier", "nas")], 402),
        ([("User-Name", "alice"), ("NAS-Port", 3)], 503),
        ([("User-Name", "alice"), ("NAS-Identifier", "other")], 403),
        ([("User-Name", "alice"), ("NAS-IP-Address", "192.0.2.9")], 403),
        ([("User-Name", "alice"), ("Service-Type", 17)], 401),
        ([("Chargeable-User-Identity", b"")], 503),
        ([("User-Name", "alice"), ("Session-Timeout", 5)], 401),
    ],
    ids=str,
)
def test_disconnect_is_refused(attributes: list[Attribute], cause: int) -> None:
    refusal = disconnect(*attributes)
    assert isinstance(refusal, Refusal)
    assert refusal.cause == cause


def test_limits() -> None:
    assert change(("Session-Timeout", 100)) == Order((3,), Change(session_timeout_seconds=100))
    assert change(("Idle-Timeout", 0)) == Order((3,), Change(idle_timeout_seconds=0))
    assert change(("Acct-Interim-Interval", 60)) == Order((3,), Change(None, None, 60))


def test_a_state_makes_no_difference_to_a_change() -> None:
    order = change(("Session-Timeout", 100), ("State", b"s"))
    assert order == Order((3,), Change(session_timeout_seconds=100))


def test_a_new_grant_is_to_be_asked_for() -> None:
    order = change(("Service-Type", 17), ("State", b"s"), ("NAS-Identifier", "nas"))
    assert order == Order((3,), state=b"s")


def test_a_new_grant_of_no_session() -> None:
    message = Message(Code.COA_REQUEST, [("Service-Type", 17), ("State", b"s")])
    refusal = judge(message, FACES, "nas", FILTERS)
    assert isinstance(refusal, Refusal)
    assert refusal.cause == 402


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        (("Filter-Id", "guests"), Change(filter=replace(GUESTS, named=("guests",)))),
        (("NAS-Filter-Rule", "\0"), Change(filter=Filter("sent by RADIUS"))),
        (("WISPr-Bandwidth-Max-Up", 1000), Change(up=Rate(1000))),
        (("WISPr-Bandwidth-Max-Down", 0), Change(down=Rate(0))),
        (("Mikrotik-Rate-Limit", "1M/2M"), Change(up=Rate(1_000_000), down=Rate(2_000_000))),
        (("Class", b"gold"), Change(classes=(b"gold",))),
        (("Termination-Action", 1), Change(renews=True, state=b"")),
        (("Termination-Action", 0), Change(renews=False, state=b"")),
    ],
    ids=str,
)
def test_filter_rates_and_class(attribute: Attribute, expected: Change) -> None:
    assert change(attribute) == Order((3,), expected)


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ([], 402),
        ([("State", b"s")], 402),
        ([("Service-Type", 2), ("State", b"s")], 405),
        ([("Service-Type", 17)], 402),
        ([("Service-Type", 17), ("State", b"")], 402),
        ([("Service-Type", 17), ("State", b"s"), ("Session-Timeout", 5)], 401),
        ([("Service-Type", 17), ("State", b"s"), ("NAS-Port", 9)], 503),
        ([("Framed-Pool", "office")], 401),
        ([("Session-Timeout", 5), ("L2tpsec-Domain", "corp")], 401),
        ([("Session-Timeout", 5), ("Filter-Id", "gests")], 407),
        ([("NAS-Filter-Rule", "permit everything")], 407),
        ([("WISPr-Bandwidth-Max-Up", 5), ("Mikrotik-Rate-Limit", "fast")], 407),
        ([("Acct-Interim-Interval", 59)], 407),
        ([("Termination-Action", 2)], 407),
    ],
    ids=str,
)
def test_change_is_refused(attributes: list[Attribute], cause: int) -> None:
    refusal = change(*attributes)
    assert isinstance(refusal, Refusal)
    assert refusal.cause == cause


def test_without_sessions_no_address_is_wrong() -> None:
    attributes: list[Attribute] = [("User-Name", "alice"), ("NAS-IP-Address", "192.0.2.9")]
    refusal = judge(Message(Code.DISCONNECT_REQUEST, attributes), [], "nas", FILTERS)
    assert isinstance(refusal, Refusal)
    assert refusal.cause == 503


def test_a_renewal_is_ordered_with_its_state() -> None:
    order = change(("Session-Timeout", 100), ("Termination-Action", 1), ("State", b"s"))
    assert order == Order((3,), Change(100, renews=True, state=b"s"))


def test_a_class_of_the_end() -> None:
    order = disconnect(("Acct-Session-Id", "id3"), ("Class", b"gold"))
    assert order == Order((3,), Change(classes=(b"gold",)), ends=True)
