"""Requests for a session that is open already: Authorize-Only (RFC 5176 section 3.2)."""

from dataclasses import replace

import pytest

from radius.message import Attribute, Code, Message
from radius.server.access import Verdict
from radius.server.accounting import Accounting
from radius.server.users.store import User
from tests.unit.radius.server.test_access import (
    AUTHENTICATOR,
    BOB,
    PASSWORD,
    WAYS,
    Store,
    Way,
    access,
    judge,
)


def books(*servers: str) -> Accounting:
    """Return the accounting of a session of Bob's at each of these access servers."""
    accounting = Accounting()
    for number, server in enumerate(servers):
        session: list[Attribute] = [("Acct-Status-Type", 1), ("Acct-Session-Id", f"s{number}")]
        start = Message(Code.ACCOUNTING_REQUEST, [*session, ("User-Name", "BOB")])
        accounting.record(start, server, 0)
    return accounting


def authorize_only(name: str, session_id: str, user: User = BOB, sessions: int = 1) -> Verdict:
    """Ask on behalf of a session, of `sessions` that the user has."""
    asked: list[Attribute] = [("Service-Type", 17), ("Acct-Session-Id", session_id)]
    return judge(name, asked, Store(user), accounting=books(*["192.0.2.1"] * sessions))


def test_an_open_session_goes_on_without_a_password() -> None:
    verdict = authorize_only("bob", "s0")
    assert verdict.reply.code is Code.ACCESS_ACCEPT
    assert verdict.reply.text("Framed-IP-Address") == "10.0.0.9"
    assert verdict.noted.text == 'user "bob" accepted by session'


@pytest.mark.parametrize(("name", "session_id"), [("bob", "s1"), ("bob", ""), ("eve", "s0")])
def test_nobody_comes_in_without_a_password(name: str, session_id: str) -> None:
    verdict = authorize_only(name, session_id)
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert verdict.noted.text.endswith("the user has no open session of this id")


def test_a_session_that_may_not_go_on_is_told_why() -> None:
    verdict = authorize_only("bob", "s0", replace(BOB, enabled=False))
    assert verdict.reply.text("Reply-Message") == "Account disabled"


@pytest.mark.parametrize(("sessions", "goes_on"), [(1, True), (2, False)])
def test_a_session_that_goes_on_is_not_one_too_many_for_itself(
    sessions: int, goes_on: bool
) -> None:
    verdict = authorize_only("bob", "s0", replace(BOB, settings={"sessions": "1"}), sessions)
    assert (verdict.reply.code is Code.ACCESS_ACCEPT) is goes_on


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_is_no_better_for_a_session_that_is_open(way: Way) -> None:
    asked: list[Attribute] = [("Service-Type", 17), ("Acct-Session-Id", "s0")]
    store = Store(BOB, password=PASSWORD)
    verdict = judge("bob", [*asked, *way("bob", "x")], store, accounting=books("192.0.2.1"))
    assert verdict.reply.code is Code.ACCESS_REJECT
    assert not verdict.noted.text.startswith('user "bob" refused by session')


def test_sessions_elsewhere_count_where_the_access_server_counts_its_own() -> None:
    user = replace(BOB, settings={"sessions": "1"})
    rows: list[Attribute] = [("User-Name", "bob"), ("Service-Type", 17), ("Acct-Session-Id", "s0")]
    for servers, goes_on in ((["192.0.2.1"] * 2, True), (["192.0.2.1", "192.0.2.2"], False)):
        judges = access(Store(user), books(*servers))
        message = Message(Code.ACCESS_REQUEST, rows)
        verdict = judges.judge(message, AUTHENTICATOR, 0.0, "192.0.2.1")
        assert (verdict.reply.code is Code.ACCESS_ACCEPT) is goes_on
