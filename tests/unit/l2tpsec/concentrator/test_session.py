"""A session while it is up, beside its link; whole dial-ins are in tests/scenario/."""

from ipaddress import IPv4Network

import pytest

from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.renewal import PATIENCE_SECONDS
from l2tpsec.concentrator.session import End, Output
from l2tpsec.model.cause import Cause
from l2tpsec.model.change import Change
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant, Site
from l2tpsec.model.policy import Filter, Rate
from radius.message import Attribute, Code, Message
from tests.network.session_bench import ADDRESS, BEGUN, SessionBench

GUESTS = Filter("guests", (parse("deny in ip from any to any"),))


def kinds(outputs: list[Output]) -> list[type[object]]:
    return [type(output) for output in outputs]


def test_who_may_do_anything_costs_the_plane_nothing() -> None:
    bench = SessionBench(Grant("alice"))
    assert kinds([*bench.started]) == [box.StartForwarding, box.Account]
    assert bench.session.deadline is None


def test_a_policy_is_there_before_the_first_packet() -> None:
    bench = SessionBench(Grant("alice", filter=GUESTS, table_group="blue"))
    policy, table, forwarding, _ = bench.started
    assert isinstance(policy, box.SetPolicy)
    assert policy.policy.filter is GUESTS
    assert isinstance(table, box.UseTable)
    assert (table.sources, table.table) == ((IPv4Network(ADDRESS),), 100)
    assert isinstance(forwarding, box.StartForwarding)


def test_networks_behind_the_client_use_its_table_too() -> None:
    site = Site("Framed-Route", "192.168.7.0/24", IPv4Network("192.168.7.0/24"))
    outputs = SessionBench(Grant("alice", sites=(site,), table_group="blue")).started
    assert kinds([*outputs])[-3:] == [box.UseTable, box.RouteNetworks, box.Account]


def test_the_records_are_of_one_session() -> None:
    bench = SessionBench(Grant("Alice", b"alice", classes=(b"gold",)), usual=60)
    start = bench.started[-1]
    assert isinstance(start, box.Account)
    assert start.message.get("Class") == b"gold"
    (interim,) = bench.run(80)
    assert isinstance(interim, box.Account)
    assert 54 <= (interim.message.number("Acct-Session-Time") or 0) <= 66
    stop = bench.session.stop(100.0, bench.counters, Cause.QUOTA)
    assert stop.message.number("Acct-Terminate-Cause") == Cause.QUOTA.radius
    ids = {row.message.text("Acct-Session-Id") for row in (start, interim, stop)}
    assert ids == {"abcd0007"}
    assert bench.session.deadline is None


def test_a_change_counts_from_the_beginning() -> None:
    bench = SessionBench(Grant("alice"))
    assert bench.run(50) == []
    change = Change(session_timeout_seconds=80, up=Rate(1000), classes=(b"silver",))
    policy, note = bench.session.alter(change, bench.now)
    assert isinstance(policy, box.SetPolicy)
    assert policy.policy.up == Rate(1000)
    assert "changed by RADIUS: session timeout 80 s" in str(note)
    assert bench.run(29) == []
    assert bench.run(2) == [End(Cause.SESSION_TIMEOUT)]
    assert bench.session.stop(81.0, bench.counters, Cause.SESSION_TIMEOUT).message.get("Class") == (
        b"silver"
    )
    assert bench.now == BEGUN + 81


def test_without_ipv6cp_there_is_no_ipv6() -> None:
    bench = SessionBench(Grant("alice"))
    assert bench.session.ipv6_up(1400, bench.now) == []
    (report,) = bench.session.link_packet(bytes(40), bench.now)
    assert "a session without prefix" in str(report)


def test_a_timeout_ends_it_unless_radius_wants_to_be_asked() -> None:
    plain = SessionBench(Grant("alice", session_timeout_seconds=60))
    assert plain.run(61) == [End(Cause.SESSION_TIMEOUT)]
    bench = SessionBench(Grant("alice", session_timeout_seconds=60, renews=True, state=b"s"))
    note, asked = bench.run(61)
    assert "the session timeout passed: RADIUS is asked" in str(note)
    assert isinstance(asked, box.AskAccess)
    assert (asked.message.get("State"), asked.message.get("Service-Type")) == (b"s", 17)
    assert bench.run(3600) == [], "one request at a time"


def accept(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_ACCEPT, attributes)


def renewing(**grant: object) -> SessionBench:
    bench = SessionBench(Grant("alice", session_timeout_seconds=60, renews=True, **grant))  # type: ignore[arg-type]  # of a grant
    assert len(bench.run(60)) == 2
    return bench


def test_a_new_grant_lasts_from_now() -> None:
    bench = renewing(classes=(b"gold",))
    policy, note = bench.session.renewed(accept(("Session-Timeout", 90)), "", bench.now)
    assert isinstance(policy, box.SetPolicy)
    assert "renewed by RADIUS for 90 s" in str(note)
    assert bench.run(89) == []
    assert bench.run(1) == [End(Cause.SESSION_TIMEOUT)], "it says nothing of another renewal"
    stop = bench.session.stop(150.0, bench.counters, Cause.SESSION_TIMEOUT)
    assert stop.message.all("Class") == [b"gold"]


def test_nobody_asked_so_nothing_is_changed() -> None:
    bench = SessionBench(Grant("alice"))
    assert bench.session.renewed(accept(("Idle-Timeout", 1)), "", bench.now) == []


@pytest.mark.parametrize("reply", [None, Message(Code.ACCESS_REJECT), accept(("Filter-Id", "x"))])
def test_without_a_new_grant_the_timeout_is_the_end(reply: Message | None) -> None:
    bench = renewing()
    *notes, end = bench.session.renewed(reply, "nobody answers", bench.now + PATIENCE_SECONDS)
    assert end == End(Cause.SESSION_TIMEOUT)
    assert "RADIUS does not renew the session: " in str(notes)


def test_an_order_to_ask_ends_nothing_by_itself() -> None:
    bench = SessionBench(Grant("alice", session_timeout_seconds=600))
    assert bench.session.renew(b"s", "it is wanted", bench.now)
    assert bench.session.renew(b"t", "it is wanted", bench.now) == []
    late = bench.now + PATIENCE_SECONDS
    (note,) = bench.session.renewed(None, "nobody answers", late)
    assert "nobody answers" in str(note)
    assert bench.session.renew(b"t", "it is wanted", late)
    assert bench.session.renewed(Message(Code.ACCESS_REJECT), "", late)[-1] == (
        End(Cause.ADMIN_RESET)
    )


def test_where_no_server_can_be_asked_it_is_tried_again_in_time() -> None:
    bench = renewing()
    begun = bench.now
    tries = 0
    while (outputs := bench.session.renewed(None, "no connection", bench.now)) == []:
        (again,) = bench.run((bench.session.deadline or 0) - bench.now)
        assert isinstance(again, box.AskAccess)
        assert again.message.get("State") is None
        assert bench.session.renewing
        tries += 1
    assert outputs[-1] == End(Cause.SESSION_TIMEOUT)
    assert bench.now - begun == PATIENCE_SECONDS
    assert 6 <= tries <= 20


def test_an_answer_to_the_second_try_is_as_good() -> None:
    bench = renewing()
    assert bench.session.renewed(None, "no connection", bench.now) == []
    assert len(bench.run(5)) == 1
    assert bench.session.renewed(accept(("Session-Timeout", 90)), "", bench.now)
    assert not bench.session.renewing
    assert bench.run(89) == []


def test_an_order_that_gives_more_time_meanwhile_counts() -> None:
    bench = renewing()
    bench.session.alter(Change(session_timeout_seconds=600), bench.now)
    late = bench.now + PATIENCE_SECONDS
    (note,) = bench.session.renewed(None, "nobody answers", late)
    assert "nobody answers" in str(note)
    assert len(bench.run(541)) == 2, "it asks again then"


def test_an_identity_kept_back_is_called_by_its_address_in_accounting_too() -> None:
    start = SessionBench(Grant("", b"")).started[-1]
    assert isinstance(start, box.Account)
    assert start.message.get("User-Name") == b"203.0.113.5"
