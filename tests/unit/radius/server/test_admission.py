from datetime import datetime

import pytest

from radius.message import Attribute, Code, Message
from radius.server import admission
from radius.server.accounting import Accounting
from radius.server.admission import DISABLED, ENDED, OUTSIDE
from radius.server.methods.method import Refusal
from radius.server.users.store import User


def bob(enabled: bool = True, address: str | None = None, **settings: str) -> User:
    return User("Bob", b"", enabled, address, settings=settings)


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone().timestamp()


NOON = at("2027-03-01T12:00:00")  # a Monday


@pytest.mark.parametrize(
    ("user", "refusal", "why"),
    [
        (bob(enabled=False), DISABLED, "the user is disabled"),
        (bob(account_ends="2027-03-01"), ENDED, "the account has ended on 2027-03-01"),
        (bob(hours="tue"), OUTSIDE, "it is outside the user's hours, tue"),
    ],
)
def test_what_keeps_a_user_out(user: User, refusal: Refusal, why: str) -> None:
    assert admission.barrier(user, NOON) == admission.Barrier(refusal, why)


def test_nothing_keeps_a_user_out() -> None:
    assert admission.barrier(bob(), NOON) is None
    assert admission.barrier(bob(hours="mon", account_ends="2027-03-02"), NOON) is None


def accounting(*users: str) -> Accounting:
    table = Accounting(9)
    for number, name in enumerate(users):
        row: list[Attribute] = [
            ("Acct-Status-Type", 1),
            ("Acct-Session-Id", str(number)),
            ("User-Name", name),
        ]
        table.record(Message(Code.ACCOUNTING_REQUEST, row), "nas", 0.0)
    return table


def test_one_session_too_many() -> None:
    table = accounting("CORP\\bob", "bobby", "BOB")
    found = admission.crowd(bob(sessions="2"), table)
    assert found is not None
    assert found.refusal.error == 649
    assert found.why == "the user has 2 of 2 sessions"
    assert admission.crowd(bob(sessions="3"), table) is None
    assert admission.crowd(bob(), table) is None
    assert admission.crowd(bob(sessions="2", when_full="replace"), table) is None


def test_what_a_user_is_given() -> None:
    user = bob(address="10.0.0.9", pool="a", hours="mon 08:00-18:00", session_timeout="86400")
    assert admission.attributes(user, NOON + 0.5) == [
        ("Framed-IP-Address", "10.0.0.9"),
        ("Framed-Pool", "a"),
        ("Session-Timeout", 21600),
    ]
    assert admission.attributes(bob(session_timeout="60"), NOON) == [("Session-Timeout", 60)]
    assert admission.attributes(bob(account_ends="2999-01-01"), NOON) == []
    assert admission.attributes(bob(hours="mon"), at("2027-03-01T23:59:59.5")) == [
        ("Session-Timeout", 1)
    ]
