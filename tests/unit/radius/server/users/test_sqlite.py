import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from radius import mschap
from radius.server.users.logins import Login
from radius.server.users.sqlite import AT_ONCE, SqliteUsers
from radius.server.users.store import Refused, StoreFailure


@pytest.fixture
def users(tmp_path: Path) -> SqliteUsers:
    store = SqliteUsers(tmp_path / "state" / "users.db", os.urandom)
    store.create()
    return store


def test_a_user_is_found_with_the_hash_and_no_password(users: SqliteUsers) -> None:
    users.add("bob", "geheim", framed_address="10.0.0.9")
    bob = users.find("bob")
    assert bob is not None
    assert bob.nt_hash == mschap.nt_hash("geheim")
    assert (bob.enabled, bob.framed_address, bob.chap) == (True, "10.0.0.9", False)
    assert bob.password is None
    assert users.password_of(bob) is None
    assert users.find("eve") is None


def test_only_the_owner_may_read(users: SqliteUsers) -> None:
    users.add("bob", "geheim", chap=True)
    state = users.database.parent
    assert state.stat().st_mode & 0o777 == 0o700
    assert {f.name: f.stat().st_mode & 0o777 for f in state.iterdir()} == {
        "users.db": 0o600,
        "users.db-shm": 0o600,
        "users.db-wal": 0o600,
        "users.key": 0o600,
    }


def test_the_one_file_holds_every_change_at_once(users: SqliteUsers, tmp_path: Path) -> None:
    users.add("bob", "geheim")
    backup = tmp_path / "backup.db"
    backup.write_bytes(users.database.read_bytes())
    assert [user.name for user in SqliteUsers(backup, os.urandom).all()] == ["bob"]


def test_no_file_holds_the_password(users: SqliteUsers) -> None:
    users.add("bob", "geheimnis", chap=True)
    for file in users.database.parent.iterdir():
        content = file.read_bytes()
        assert b"geheimnis" not in content
        assert "geheimnis".encode("utf-16-le") not in content


def test_chap_keeps_the_password_until_it_is_not_wanted(users: SqliteUsers) -> None:
    users.add("bob", "one", chap=True)

    def stored() -> str | None:
        bob = users.find("bob")
        assert bob is not None
        assert bob.chap is (users.password_of(bob) is not None)
        return users.password_of(bob)

    assert stored() == "one"
    users.change_password("BOB", "two")
    assert stored() == "two"
    users.change_password("bob", "three", chap=False)
    assert stored() is None
    users.change_password("bob", "four")
    assert stored() is None
    users.change_password("bob", "five", chap=True)
    assert stored() == "five"


def test_the_letters_case_does_not_make_another_user(users: SqliteUsers) -> None:
    users.add("Bob", "x")
    found = users.find("bOB")
    assert found is not None
    assert found.name == "Bob"
    with pytest.raises(Refused, match="user bob exists already; change the password with"):
        users.add("bob", "y")


def test_another_process_sees_changes_at_once(users: SqliteUsers) -> None:
    other = SqliteUsers(users.database, os.urandom)
    other.add("bob", "x")
    assert users.find("bob") is not None
    other.enable("bob", enabled=False)
    bob = users.find("bob")
    assert bob is not None
    assert not bob.enabled
    other.enable("bob", enabled=True)
    other.remove("bob")
    assert users.find("bob") is None


def test_all_users_by_name(users: SqliteUsers) -> None:
    for name in ("eve", "Bob", "adam"):
        users.add(name, "x")
    assert [user.name for user in users.all()] == ["adam", "Bob", "eve"]


def test_nobody_of_that_name(users: SqliteUsers) -> None:
    nobody = "there is no user eve; `python -m radius user list`"
    with pytest.raises(Refused, match=nobody):
        users.change_password("eve", "x", chap=True)
    with pytest.raises(Refused, match=nobody):
        users.enable("eve", enabled=True)
    with pytest.raises(Refused, match=nobody):
        users.remove("eve")
    assert not users.database.with_suffix(".key").exists()


@pytest.mark.parametrize("name", ["", " bob", "bob\n", "bob\0", "CORP\\bob", "x" * 254, "\udcff"])
def test_names_that_are_refused(users: SqliteUsers, name: str) -> None:
    with pytest.raises(Refused, match="a user name"):
        users.add(name, "x")
    assert users.find(name) is None


@pytest.mark.parametrize("password", ["", "a\nb", "a\0", "x" * 129, "\udcff"])
def test_passwords_that_are_refused(users: SqliteUsers, password: str) -> None:
    with pytest.raises(Refused, match="a password"):
        users.add("bob", password)
    users.add("bob", "x")
    with pytest.raises(Refused, match="a password"):
        users.change_password("bob", password)


@pytest.mark.parametrize("address", ["10.0.0", "nowhere", "::1", ""])
def test_addresses_that_are_refused(users: SqliteUsers, address: str) -> None:
    with pytest.raises(Refused, match="is no IPv4 address"):
        users.add("bob", "x", framed_address=address)


@pytest.mark.parametrize("name", ["x'; DROP TABLE users; --", "%", "_", "\xff" * 100])
def test_odd_names_are_names(users: SqliteUsers, name: str) -> None:
    assert users.find(name) is None
    users.add(name, "x")
    assert [user.name for user in users.all()] == [name]


def test_a_missing_database_is_told_and_not_made(tmp_path: Path) -> None:
    users = SqliteUsers(tmp_path / "users.db", os.urandom)
    with pytest.raises(StoreFailure, match=r"users\.db cannot be used: there is no such file"):
        users.find("bob")
    assert list(tmp_path.iterdir()) == []


def test_a_database_put_in_its_place_counts_at_once(users: SqliteUsers, tmp_path: Path) -> None:
    users.add("bob", "x")
    other = SqliteUsers(tmp_path / "other.db", os.urandom)
    other.create()
    other.add("eve", "x")
    assert users.find("bob")
    other.database.replace(users.database)
    assert users.find("bob") is None
    assert users.find("eve")
    users.database.unlink()
    with pytest.raises(StoreFailure, match="there is no such file"):
        users.find("eve")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "users.db").write_bytes(b"nonsense" * 100)
    with pytest.raises(StoreFailure, match="not a database"):
        SqliteUsers(tmp_path / "users.db", os.urandom).create()


def test_a_place_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailure, match="cannot be used"):
        SqliteUsers(tmp_path / "file" / "users.db", os.urandom).create()


def test_a_database_of_a_newer_release(users: SqliteUsers) -> None:
    connection = sqlite3.connect(users.database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    users = SqliteUsers(users.database, os.urandom)
    with pytest.raises(StoreFailure, match="a newer release wrote it"):
        users.create()


def test_making_it_again_loses_nobody(users: SqliteUsers) -> None:
    users.add("bob", "x")
    users.create()
    assert [user.name for user in users.all()] == ["bob"]


VERSION_1 = """
CREATE TABLE users (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    nt_hash BLOB NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    framed_address TEXT,
    sealed_password BLOB
) STRICT;
INSERT INTO users (name, nt_hash, framed_address) VALUES ('bob', x'00', '10.0.0.9');
PRAGMA user_version = 1;
"""


def test_a_database_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "users.db")
    connection.executescript(VERSION_1)
    connection.close()
    users = SqliteUsers(tmp_path / "users.db", os.urandom)
    bob = users.find("bob")
    assert bob is not None
    assert (bob.framed_address, bob.expires_at, bob.expired) == ("10.0.0.9", None, False)
    users.expire("bob", AT_ONCE)
    users.create()
    assert [user.expired for user in users.all()] == [True]


@pytest.mark.parametrize(
    ("moment", "expired"), [(AT_ONCE, True), (1, True), (None, False), (1 << 40, False)]
)
def test_a_password_expires_when_its_moment_has_come(
    users: SqliteUsers, moment: int | None, expired: bool
) -> None:
    users.add("bob", "one")
    users.expire("BOB", moment)
    bob = users.find("bob")
    assert bob is not None
    assert (bob.expires_at, bob.expired) == (moment, expired)
    users.change_password("bob", "two")
    (bob,) = users.all()
    assert (bob.expires_at, bob.expired) == (None, False)
    with pytest.raises(Refused, match="there is no user eve"):
        users.expire("eve", AT_ONCE)


def test_a_user_inherits_from_the_group_what_the_user_has_not(users: SqliteUsers) -> None:
    users.add("Bob", "x")
    users.add_group("Staff")
    users.give_group("staff", "pool", "office")
    users.give_group("staff", "rate", "5M")
    users.give("bob", "rate", "1M")
    users.set_group("BOB", "STAFF")
    users.set_address("bob", "10.0.0.7")
    bob = users.find("bob")
    assert bob is not None
    assert (bob.group, bob.framed_address) == ("Staff", "10.0.0.7")
    assert bob.settings == {"pool": "office", "rate": "1000000/1000000"}
    assert users.all() == [bob]
    assert users.groups() == {"Staff": {"pool": "office", "rate": "5000000/5000000"}}
    users.give("bob", "rate", None)
    users.give_group("staff", "pool", None)
    bob = users.find("bob")
    assert bob is not None
    assert bob.settings == {"rate": "5000000/5000000"}


def test_settings_end_with_their_owner(users: SqliteUsers) -> None:
    users.add("bob", "x")
    users.give("bob", "pool", "a")
    users.remove("BOB")
    users.add("bob", "x")
    users.add_group("bob")
    users.give_group("bob", "pool", "b")
    users.remove_group("bob")
    users.add_group("bob")
    users.set_group("bob", "bob")
    assert [user.settings for user in users.all()] == [{}]


def test_groups_that_are_none_or_in_use(users: SqliteUsers) -> None:
    users.add("bob", "x")
    users.add_group("staff")
    users.set_group("bob", "staff")
    with pytest.raises(Refused, match="the group staff has users: bob"):
        users.remove_group("staff")
    with pytest.raises(Refused, match="group STAFF exists already"):
        users.add_group("STAFF")
    for call in (users.remove_group, lambda name: users.give_group(name, "pool", "a")):
        with pytest.raises(Refused, match="there is no group guests"):
            call("guests")
    with pytest.raises(Refused, match="there is no group guests"):
        users.set_group("bob", "guests")
    users.set_group("bob", None)
    users.remove_group("staff")
    with pytest.raises(Refused, match="there is no user eve"):
        users.give("eve", "pool", "a")


def test_one_time_codes_need_the_password_and_keep_it(users: SqliteUsers) -> None:
    users.add("Bob", "one")
    with pytest.raises(Refused, match="that is not the password of Bob"):
        users.enroll("bob", "two", b"secret")
    users.enroll("bob", "one", b"secret")
    bob = users.find("bob")
    assert bob is not None
    assert (bob.one_time, bob.last_step) == (True, -1)
    assert (users.password_of(bob), users.one_time_secret_of(bob)) == ("one", b"secret")
    users.change_password("bob", "two")
    assert users.password_of(bob) == "two"
    with pytest.raises(Refused, match="disable them before"):
        users.change_password("bob", "three", chap=False)
    users.disable_one_time("bob")
    bob = users.find("bob")
    assert bob is not None
    assert (bob.one_time, users.one_time_secret_of(bob)) == (False, None)
    with pytest.raises(Refused, match="there is no user eve"):
        users.enroll("eve", "x", b"secret")


def test_a_time_step_is_used_once(users: SqliteUsers) -> None:
    users.add("bob", "one")
    assert [users.use_step("bob", step) for step in (5, 5, 4, 6)] == [True, False, False, True]
    bob = users.find("bob")
    assert bob is not None
    assert bob.last_step == 6


def test_a_password_known_by_its_hash_alone(users: SqliteUsers) -> None:
    users.add("bob", "one", chap=True)
    users.expire("bob", AT_ONCE)
    users.set_hash("bob", b"h" * 16)
    bob = users.find("bob")
    assert bob is not None
    assert (bob.nt_hash, bob.chap, bob.expired) == (b"h" * 16, False, False)


def test_a_groups_and_a_users_own_settings(users: SqliteUsers) -> None:
    users.add("bob", "x")
    users.ensure_group("staff")
    users.ensure_group("Staff")
    users.set_group("bob", "staff")
    users.give_group("staff", "pool", "a")
    users.give("bob", "filter", "b")
    assert users.own_settings("bob") == {"filter": "b"}
    assert list(users.groups()) == ["staff"]


def test_log_ins_end_with_their_user(users: SqliteUsers) -> None:
    users.add("bob", "x")
    users.logins.record(Login("bob", 0, "", "", "PAP", accepted=True, result=""))
    users.remove("bob")
    assert users.logins.history("bob") == []


def test_two_may_write_while_a_third_reads(users: SqliteUsers) -> None:
    users.add("bob", "x")

    def write(first: int) -> None:
        mine = SqliteUsers(users.database, os.urandom)
        for number in range(first, first + 20):
            with mine.together():
                mine.add(f"user{number}", "x")
                mine.give("bob", "sessions", str(number + 1))

    with ThreadPoolExecutor(2) as writers:
        done = [writers.submit(write, first) for first in (0, 20)]
        while not all(one.done() for one in done):
            bob = users.find("bob")
            assert bob is not None
        for one in done:
            one.result()
    assert len(users.all()) == 41
