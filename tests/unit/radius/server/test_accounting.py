import pytest

from radius.message import Attribute, Code, Message
from radius.server.accounting import Accounting, Session
from radius.server.users.usage import SqliteUsage

NAS = "192.0.2.1"


def told(status: int, session_id: str = "1", **more: int | str) -> Message:
    extra: list[Attribute] = [(name.replace("_", "-"), value) for name, value in more.items()]
    return Message(
        Code.ACCOUNTING_REQUEST,
        [
            ("Acct-Status-Type", status),
            ("Acct-Session-Id", session_id),
            ("User-Name", "bob"),
            *extra,
        ],
    )


def test_a_session_from_start_to_stop() -> None:
    accounting = Accounting(10)
    assert accounting.record(told(1, Framed_IP_Address="10.0.0.2"), NAS, 0.0) is None
    assert accounting.sessions[0].active
    assert accounting.sessions[0].framed_address == "10.0.0.2"
    accounting.record(told(3, Acct_Input_Octets=5, Acct_Input_Gigawords=1), NAS, 60.0)
    assert accounting.sessions[0].octets_in == (1 << 32) + 5
    stop = told(2, Acct_Session_Time=90, Acct_Output_Octets=7, Acct_Terminate_Cause=1)
    accounting.record(stop, NAS, 90.0)
    assert accounting.sessions == (
        Session(
            nas=NAS,
            session_id="1",
            user="bob",
            framed_address=None,
            active=False,
            seconds=90,
            octets_in=0,
            octets_out=7,
            terminate_cause=1,
            told_at=90.0,
        ),
    )


def test_an_interim_update_behind_its_stop_revives_nothing() -> None:
    accounting = Accounting(10)
    accounting.record(told(2, Acct_Session_Time=90), NAS, 1.0)
    accounting.record(told(3, Acct_Session_Time=60), NAS, 2.0)
    assert [(row.active, row.seconds) for row in accounting.sessions] == [(False, 90)]


@pytest.mark.parametrize("status", [7, 8])
def test_a_restart_of_an_access_server_ends_its_sessions_only(status: int) -> None:
    accounting = Accounting(10)
    accounting.record(told(1), NAS, 0.0)
    accounting.record(told(1), "192.0.2.2", 0.0)
    accounting.record(Message(Code.ACCOUNTING_REQUEST, [("Acct-Status-Type", status)]), NAS, 1.0)
    assert [row.nas for row in accounting.sessions] == ["192.0.2.2"]


def test_the_table_is_bounded() -> None:
    accounting = Accounting(10)
    for number in range(100):
        accounting.record(told(1, str(number)), NAS, 0.0)
    assert [row.session_id for row in accounting.sessions] == [str(n) for n in range(90, 100)]


def test_what_is_incomplete_is_not_acknowledged() -> None:
    accounting = Accounting(10)
    nothing = Message(Code.ACCOUNTING_REQUEST)
    start = Message(Code.ACCOUNTING_REQUEST, [("Acct-Status-Type", 1)])
    assert accounting.record(nothing, NAS, 0.0) == "it has no Acct-Status-Type"
    assert accounting.record(start, NAS, 0.0) == "it has no Acct-Session-Id"


def test_an_unknown_status_is_acknowledged_and_changes_nothing() -> None:
    accounting = Accounting(10)
    assert accounting.record(told(15), NAS, 0.0) is None
    assert accounting.sessions == ()


def test_how_many_sessions_a_user_has() -> None:
    accounting = Accounting(9)
    for number, name in enumerate(("bob", "CORP\\Bob", "eve")):
        named = ("User-Name", name)
        start = Message(Code.ACCOUNTING_REQUEST, [named, *told(1, str(number)).attributes])
        accounting.record(start, NAS, 0.0)
    assert [accounting.active(name) for name in ("BOB", "eve", "nobody")] == [2, 1, 0]
    accounting.record(told(2, "0"), NAS, 1.0)
    assert accounting.active("bob") == 1


def test_the_count_of_a_user_s_sessions_follows_all_that_happens_to_them() -> None:
    accounting = Accounting(3)
    for number in range(5):  # two are forgotten: the table is full
        accounting.record(told(1, str(number)), NAS, float(number))
    assert accounting.active("bob") == 3
    accounting.record(told(1, "4"), NAS, 5.0)
    accounting.record(told(3, "4", User_Name="eve"), NAS, 6.0)
    accounting.record(told(2, "3"), NAS, 7.0)
    accounting.record(told(2, "3"), NAS, 7.0)
    by_hand = sum(row.active and row.user == "bob" for row in accounting.sessions)
    assert accounting.active("bob") == by_hand
    accounting.record(told(7, "on"), NAS, 8.0)
    assert (accounting.active("bob"), accounting.active("eve")) == (0, 0)
    assert not accounting._active


def test_open_sessions_are_remembered_over_a_restart() -> None:
    usage = SqliteUsage()
    Accounting(9, usage).record(told(1), NAS, 0.0, 1.0)
    again = Accounting(9, usage)
    assert again.active("bob") == 1
    assert again.active("bob", NAS) == 0
    again.record(told(2), NAS, 0.0, 2.0)
    assert Accounting(9, usage).active("bob") == 0
