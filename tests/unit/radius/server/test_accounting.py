from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.message import Attribute, Code, Message
from radius.server.accounting import REUSED_SECONDS, Accounting, Status
from radius.server.users.usage import Session, SqliteUsage, Standing, day

NAS = "192.0.2.1"
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8
NOON = 1_800_000_000.0


def told(status: int, session_id: str = "1", **more: int | str) -> Message:
    extra: list[Attribute] = [(name.replace("_", "-"), value) for name, value in more.items()]
    about: list[Attribute] = [("Acct-Status-Type", status), ("Acct-Session-Id", session_id)]
    return Message(Code.ACCOUNTING_REQUEST, [*extra, *about, ("User-Name", "bob")])


def restarted(status: int = ON, **more: str) -> Message:
    extra: list[Attribute] = [(name.replace("_", "-"), value) for name, value in more.items()]
    return Message(Code.ACCOUNTING_REQUEST, [("Acct-Status-Type", status), *extra])


def test_a_session_from_start_to_stop() -> None:
    usage = SqliteUsage()
    accounting = Accounting(usage)
    start = told(START, Framed_IP_Address="10.0.0.2", Calling_Station_Id="203.0.113.5")
    assert accounting.record(start, NAS, NOON) is None
    first = Session(
        nas=NAS,
        identifier="",
        session_id="1",
        user="bob",
        standing=Standing.OPEN,
        told_at=NOON,
        station="203.0.113.5",
        address="10.0.0.2",
    )
    assert list(accounting.sessions) == [first]
    update = told(INTERIM, Acct_Session_Time=60, Acct_Input_Octets=5, Acct_Input_Gigawords=1)
    accounting.record(update, NAS, NOON + 60)
    second = replace(first, told_at=NOON + 60, seconds=60, interval=60, octets=(1 << 32) + 5)
    assert list(accounting.sessions) == [second]
    stop = told(STOP, Acct_Session_Time=90, Acct_Output_Octets=7, Acct_Input_Gigawords=2)
    accounting.record(stop, NAS, NOON + 90)
    assert not accounting.sessions
    assert accounting.used("BOB", day(NOON)) == (2 << 32) + 7
    ended = replace(second, standing=Standing.ENDED, told_at=NOON + 90, seconds=90)
    assert usage.known(first) == replace(ended, octets=(2 << 32) + 7)


def test_what_is_told_again_or_out_of_order_adds_nothing() -> None:
    accounting = Accounting()
    for seconds, octets in ((0, 0), (20, 100), (20, 100), (10, 60), (30, 150)):
        update = told(INTERIM, Acct_Session_Time=seconds, Acct_Output_Octets=octets)
        accounting.record(update, NAS, NOON + seconds)
    assert accounting.used("bob", day(NOON)) == 150
    assert accounting.sessions[0].seconds == 30


@pytest.mark.parametrize("status", [START, INTERIM])
def test_what_comes_behind_its_stop_revives_nothing_even_after_a_restart(
    status: int, tmp_path: Path
) -> None:
    file = tmp_path / "users.usage"
    Accounting(SqliteUsage(file)).record(told(STOP, Acct_Session_Time=90), NAS, NOON)
    accounting = Accounting(SqliteUsage(file))
    accounting.record(told(status, Acct_Session_Time=60), NAS, NOON + 1)
    assert accounting.sessions == ()
    assert accounting.active("bob", NOON + 1) == 0
    assert Accounting(SqliteUsage(file)).active("bob", NOON + 1) == 0


def test_an_id_that_is_used_once_more_is_another_session() -> None:
    accounting = Accounting()
    accounting.record(told(STOP, Acct_Output_Octets=9), NAS, NOON)
    later = NOON + 2 * REUSED_SECONDS
    delayed = told(START, Acct_Delay_Time=int(REUSED_SECONDS) + 1)
    accounting.record(delayed, NAS, later)
    assert accounting.active("bob", later) == 0
    accounting.record(told(START), NAS, later)
    assert accounting.active("bob", later) == 1
    accounting.record(told(STOP, Acct_Output_Octets=5), NAS, later + 1)
    assert accounting.used("bob", day(NOON)) == 14


@pytest.mark.parametrize("status", [ON, OFF])
def test_a_restart_of_an_access_server_ends_its_sessions_only(status: int) -> None:
    accounting = Accounting()
    accounting.record(told(START), NAS, NOON)
    accounting.record(told(START), "192.0.2.2", NOON)
    accounting.record(restarted(status), NAS, NOON + 1)
    assert [row.nas for row in accounting.sessions] == ["192.0.2.2"]


def test_access_servers_behind_one_proxy_are_told_apart_by_their_names() -> None:
    accounting = Accounting()
    for name in ("a", "b"):
        accounting.record(told(START, NAS_Identifier=name), NAS, NOON)
    assert accounting.active("bob", NOON) == 2
    accounting.record(restarted(NAS_Identifier="a"), NAS, NOON + 1)
    assert [row.identifier for row in accounting.sessions] == ["b"]


def test_an_interim_update_brings_a_session_back_that_an_access_server_still_has() -> None:
    accounting = Accounting()
    accounting.record(told(START), NAS, NOON)
    accounting.record(restarted(), NAS, NOON + 10)
    # sent before the restart, and a Start told again: neither is news
    accounting.record(told(INTERIM, Acct_Delay_Time=11), NAS, NOON + 20)
    accounting.record(told(START), NAS, NOON + 20)
    assert accounting.active("bob", NOON + 20) == 0
    accounting.record(told(INTERIM, Acct_Session_Time=30), NAS, NOON + 30)
    assert accounting.active("bob", NOON + 30) == 1


def test_an_interim_update_of_a_session_whose_start_was_lost_makes_it_known() -> None:
    accounting = Accounting()
    accounting.record(told(INTERIM, Acct_Session_Time=600), NAS, NOON)
    assert accounting.active("bob", NOON) == 1


def test_what_is_incomplete_is_not_acknowledged() -> None:
    accounting = Accounting()
    nothing = Message(Code.ACCOUNTING_REQUEST)
    start = Message(Code.ACCOUNTING_REQUEST, [("Acct-Status-Type", START)])
    assert accounting.record(nothing, NAS, NOON) == "it has no Acct-Status-Type"
    assert accounting.record(start, NAS, NOON) == "it has no Acct-Session-Id"


def test_an_unknown_status_is_acknowledged_and_changes_nothing() -> None:
    accounting = Accounting()
    assert accounting.record(told(15), NAS, NOON) is None
    assert accounting.sessions == ()


def test_how_many_sessions_a_user_has() -> None:
    accounting = Accounting()
    for number, name in enumerate(("bob", "CORP\\Bob", "eve")):
        accounting.record(told(START, str(number), User_Name=name), NAS, NOON)
    assert [accounting.active(name, NOON) for name in ("BOB", "eve", "nobody")] == [2, 1, 0]
    accounting.record(told(STOP, "0"), NAS, NOON + 1)
    assert accounting.active("bob", NOON + 1) == 1
    accounting.record(told(INTERIM, "1", User_Name="eve"), NAS, NOON + 6)
    assert [accounting.active(name, NOON + 6) for name in ("bob", "eve")] == [0, 2]


def test_what_is_no_utf_8_is_kept_all_the_same() -> None:
    accounting = Accounting()
    odd = told(START, "a\udcff", User_Name="caf\u00e9\udcff", Calling_Station_Id="\udc80")
    assert accounting.record(odd, NAS, NOON) is None
    assert accounting.sessions[0].user == "caf\u00e9\\xff"


def test_numbers_of_any_size_are_kept() -> None:
    accounting = Accounting()
    most = (1 << 32) - 1
    numbers = ("Acct_Delay_Time", "Acct_Session_Time", "Acct_Input_Octets", "Acct_Input_Gigawords")
    for session_id in "12":
        told_of = told(INTERIM, session_id, **dict.fromkeys(numbers, most))
        assert accounting.record(told_of, NAS, NOON) is None
    assert accounting.active("bob", NOON) == 2


def test_open_sessions_are_remembered_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "users.usage"
    Accounting(SqliteUsage(file)).record(told(START), NAS, NOON)
    again = Accounting(SqliteUsage(file))
    assert again.active("bob", NOON + 1) == 1
    assert again.active("bob", NOON + 1, NAS) == 0
    again.record(told(STOP), NAS, NOON + 2)
    assert Accounting(SqliteUsage(file)).active("bob", NOON + 2) == 0


def test_the_server_listens_from_the_first_record_on() -> None:
    accounting = Accounting()
    accounting.record(told(START), NAS, NOON)
    accounting.record(told(INTERIM, Acct_Session_Time=60), NAS, NOON + 60)
    assert accounting.active("bob", NOON + 3600) == 0


def test_silence_counts_only_while_the_server_listens(tmp_path: Path) -> None:
    file = tmp_path / "users.usage"
    before = Accounting(SqliteUsage(file))
    before.record(told(START), NAS, NOON)
    before.record(told(INTERIM, Acct_Session_Time=600), NAS, NOON + 600)
    back = NOON + 100_000
    again = Accounting(SqliteUsage(file))
    assert again.active("bob", back) == 1
    assert again.active("bob", back + 1799) == 1
    assert again.active("bob", back + 1800) == 0
    again.record(told(INTERIM, Acct_Session_Time=101_800), NAS, back + 1801)
    assert again.active("bob", back + 1801) == 1


RECORDS = st.tuples(
    st.sampled_from([START, STOP, INTERIM, ON]), st.sampled_from("123"), st.booleans()
)


@given(st.lists(RECORDS, max_size=30))
def test_books_that_are_read_anew_after_each_record_say_the_same(
    records: list[tuple[int, str, bool]],
) -> None:
    """A server that is killed after every record counts what one counts that never is."""
    usage, steady = SqliteUsage(), Accounting()
    for second, (status, session_id, again) in enumerate(records):
        wall = NOON + second
        message = told(status, session_id, Acct_Session_Time=second)
        for _ in range(1 + again):
            Accounting(usage).record(message, NAS, wall)
        steady.record(message, NAS, wall)
        assert Accounting(usage).active("bob", wall) == steady.active("bob", wall)
        assert Accounting(usage).sessions == steady.sessions


@given(st.permutations([(START, 0), (INTERIM, 60), (INTERIM, 120), (STOP, 150)]))
def test_in_whatever_order_a_session_is_told_it_has_ended_with_its_stop(
    order: list[tuple[int, int]],
) -> None:
    accounting = Accounting()
    for second, (status, seconds) in enumerate(order):
        message = told(status, Acct_Session_Time=seconds, Acct_Output_Octets=seconds)
        accounting.record(message, NAS, NOON + second)
        seen = [one for one, _ in order[: second + 1]]
        assert accounting.active("bob", NOON + second) == (Status.STOP not in seen)
    assert accounting.used("bob", day(NOON)) == 150


def test_which_session_is_open() -> None:
    accounting = Accounting()
    accounting.record(told(START), NAS, NOON)
    assert accounting.has_open("CORP\\Bob", "1")
    assert not accounting.has_open("bob", "2")
    assert not accounting.has_open("eve", "1")
    accounting.record(told(STOP), NAS, NOON + 1)
    assert not accounting.has_open("bob", "1")
