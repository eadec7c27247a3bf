import pytest

from l2tpsec.concentrator.aaa.dynamic import Face, Order, Refusal, judge
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.change import Change
from radius.message import Attribute, Code, Message

FACES = [
    Face(
        number,
        "alice" if number < 3 else "bob",
        f"10.99.0.{number}",
        Dialin("nas", "192.0.2.1", "203.0.113.5", number, f"id{number}", multi_session_id="m"),
    )
    for number in (1, 2, 3)
]


def disconnect(*attributes: Attribute) -> Order | Refusal:
    return judge(Message(Code.DISCONNECT_REQUEST, attributes), FACES, "nas")


def change(*attributes: Attribute) -> Order | Refusal:
    message = Message(Code.COA_REQUEST, (("Acct-Session-Id", "id3"), *attributes))
    return judge(message, FACES, "nas")


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
    ],
    ids=str,
)
def test_all_that_is_given_must_fit(attributes: list[Attribute], numbers: tuple[int, ...]) -> None:
    assert disconnect(*attributes) == Order(numbers, None)


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ([], 402),
        ([("NAS-Identifier", "nas")], 402),
        ([("User-Name", "alice"), ("NAS-Port", 3)], 503),
        ([("User-Name", "alice"), ("NAS-Identifier", "other")], 403),
        ([("User-Name", "alice"), ("NAS-IP-Address", "192.0.2.9")], 403),
        ([("User-Name", "alice"), ("Service-Type", 17)], 405),
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


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ([], 402),
        ([("Filter-Id", "guests")], 401),
        ([("Session-Timeout", 5), ("Class", b"gold")], 401),
        ([("Acct-Interim-Interval", 59)], 407),
    ],
    ids=str,
)
def test_change_is_refused(attributes: list[Attribute], cause: int) -> None:
    refusal = change(*attributes)
    assert isinstance(refusal, Refusal)
    assert refusal.cause == cause


def test_without_sessions_no_address_is_wrong() -> None:
    attributes: list[Attribute] = [("User-Name", "alice"), ("NAS-IP-Address", "192.0.2.9")]
    refusal = judge(Message(Code.DISCONNECT_REQUEST, attributes), [], "nas")
    assert isinstance(refusal, Refusal)
    assert refusal.cause == 503
