"""A session while it is up, beside its link; whole dial-ins are in tests/scenario/."""

from ipaddress import IPv4Network

from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.session import End, Output
from l2tpsec.model.cause import Cause
from l2tpsec.model.change import Change
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant, Site
from l2tpsec.model.policy import Filter, Rate
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
