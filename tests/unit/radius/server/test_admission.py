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
    table = Accounting()
    for number, name in enumerate(users):
        row: list[Attribute] = [
            ("Acct-Status-Type", 1),
            ("Acct-Session-Id", str(number)),
            ("User-Name", name),
        ]
        table.record(Message(Code.ACCOUNTING_REQUEST, row), "nas", NOON)
    return table


def full(user: User, table: Accounting, counter: str = "") -> admission.Barrier | None:
    return admission.exhausted(user, admission.standing(user, table, NOON, counter))


def test_one_session_too_many() -> None:
    table = accounting("CORP\\bob", "bobby", "BOB")
    found = full(bob(sessions="2"), table)
    assert found is not None
    assert found.refusal.error == 649
    assert found.why == "the user has 2 of 2 sessions"
    assert full(bob(sessions="3"), table) is None
    assert full(bob(), table) is None
    assert full(bob(sessions="2", when_full="replace"), table) is None


def test_an_access_server_that_counts_sessions_itself_judges_its_own() -> None:
    table = accounting("bob", "bob")
    user = bob(sessions="2")
    assert full(user, table, "nas") is None
    assert full(user, table, "another") is not None
    for counter, left in (("nas", 2), ("another", 1)):
        books = admission.standing(user, table, NOON, counter)
        assert ("Port-Limit", left) in admission.attributes(user, NOON, books)


def carried(table: Accounting, octets: int, wall: float, session: str = "1") -> None:
    row: list[Attribute] = [
        ("Acct-Status-Type", 3),
        ("Acct-Session-Id", session),
        ("User-Name", "bob"),
        ("Acct-Input-Octets", octets // 2),
        ("Acct-Output-Octets", octets - octets // 2),
    ]
    table.record(Message(Code.ACCOUNTING_REQUEST, row), "nas", wall)


@pytest.mark.parametrize(("period", "used"), [("day", 30), ("week", 30), ("month", 30)])
def test_a_quota_lasts_for_several_sessions(period: str, used: int) -> None:
    table = Accounting()
    user = bob(quota="100", quota_period=period)
    carried(table, 500, NOON - 86400, "before")  # the last day of February
    carried(table, 20, NOON)
    carried(table, 30, NOON)
    books = admission.standing(user, table, NOON)
    assert books.used_octets == used
    assert ("L2tpsec-Octet-Quota", 70) in admission.attributes(user, NOON, books)
    carried(table, 70, NOON, "2")
    barrier = full(user, table)
    assert barrier is not None
    assert (barrier.refusal.text, barrier.refusal.error) == ("Quota used up", 649)
    assert period in barrier.why


def test_a_quota_without_a_period_is_for_each_session() -> None:
    table = Accounting()
    carried(table, 500, NOON)
    user = bob(quota="100")
    assert full(user, table) is None
    assert ("L2tpsec-Octet-Quota", 100) in admission.attributes(user, NOON)


def test_what_a_user_is_given() -> None:
    user = bob(address="10.0.0.9", pool="a", hours="mon 08:00-18:00", session_timeout="86400")
    assert admission.attributes(user, NOON + 0.5) == [
        ("User-Name", "Bob"),
        ("Framed-IP-Address", "10.0.0.9"),
        ("Framed-Pool", "a"),
        ("Session-Timeout", 21600),
    ]
    assert admission.attributes(bob(session_timeout="60"), NOON)[1:] == [("Session-Timeout", 60)]
    assert admission.attributes(bob(account_ends="2999-01-01"), NOON)[1:] == []
    assert admission.attributes(bob(hours="mon"), at("2027-03-01T23:59:59.5"))[1:] == [
        ("Session-Timeout", 1)
    ]
