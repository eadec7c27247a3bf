from hypothesis import given
from hypothesis import strategies as st

from radius.server.lockout import STRANGERS, Lockout
from radius.server.users.logins import Login, SqliteLogins

HOME, CAFE, EVIL = "192.0.2.1", "198.51.100.7", "203.0.113.66"


def lockout(*familiar: str) -> Lockout:
    logins = SqliteLogins()
    for station in familiar:
        logins.record(Login("bob", 0, station, "", "PAP", accepted=True, result=""))
    return Lockout(logins, 5)


def guess(rule: Lockout, station: str, wall: float, times: int) -> None:
    for _ in range(times):
        rule.failed("bob", station, wall)


def test_the_fifth_failure_locks_and_each_more_twice_as_long() -> None:
    rule = lockout()
    guess(rule, EVIL, 1000.0, 4)
    assert rule.left_seconds("bob", EVIL, 1000.0) == 0
    waits = []
    for _ in range(12):
        rule.failed("bob", EVIL, 1000.0)
        waits.append(rule.left_seconds("BOB", EVIL, 1000.0))
    assert waits[:7] == [30, 60, 120, 240, 480, 960, 1920]
    assert set(waits[7:]) == {3600}
    assert rule.left_seconds("bob", EVIL, 1600.0) == 3000
    assert rule.left_seconds("eve", EVIL, 1000.0) == 0


def test_one_attacker_locks_nobody_out_who_calls_from_another_address() -> None:
    rule = lockout(HOME)
    guess(rule, EVIL, 1000.0, 1000)
    assert rule.left_seconds("bob", EVIL, 1000.0) == 3600
    assert rule.left_seconds("bob", HOME, 1000.0) == 0
    assert rule.left_seconds("bob", CAFE, 1000.0) == 0
    rule.succeeded("bob", HOME, 1001.0)
    rule.succeeded("bob", CAFE, 1001.0)
    assert rule.left_seconds("bob", EVIL, 1001.0) == 3599
    assert rule.locks("bob", 1001.0) == {EVIL: 3599}


def test_many_addresses_guess_no_more_than_one_and_lock_out_strangers_only() -> None:
    rule = lockout(HOME)
    tried = 0
    for number in range(200):
        station = f"203.0.113.{number}"
        while not rule.left_seconds("bob", station, 1000.0):
            rule.failed("bob", station, 1000.0)
            tried += 1
    assert tried == 50
    assert rule.left_seconds("bob", CAFE, 1000.0) == 30
    assert rule.left_seconds("bob", HOME, 1000.0) == 0
    assert rule.locks("bob", 1000.0)[STRANGERS] == 30
    guess(rule, CAFE, 1030.0, 1)
    assert rule.left_seconds("bob", "198.51.100.8", 1030.0) == 60
    rule.succeeded("bob", CAFE, 1090.0)
    assert rule.left_seconds("bob", "198.51.100.8", 1090.0) == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    rule = lockout()
    for number in range(5):
        rule.failed("bob", f"2001:db8::{number}", 1000.0)
    assert rule.left_seconds("bob", "2001:db8::dead:beef", 1000.0) == 30
    assert rule.left_seconds("bob", "2001:db8:0:1::1", 1000.0) == 0


def test_without_an_address_nobody_is_familiar() -> None:
    rule = lockout("")
    guess(rule, "", 1000.0, 12)
    assert rule.left_seconds("bob", "", 1000.0) == 3600


def test_a_familiar_address_waits_for_its_own_failures_and_not_for_long() -> None:
    rule = lockout(HOME, CAFE)
    guess(rule, HOME, 1000.0, 5)
    assert rule.left_seconds("bob", HOME, 1000.0) == 30
    guess(rule, HOME, 1000.0, 20)
    assert rule.left_seconds("bob", HOME, 1000.0) == 60
    assert rule.left_seconds("bob", CAFE, 1000.0) == rule.left_seconds("bob", EVIL, 1000.0) == 0


def test_success_ends_the_row() -> None:
    rule = lockout()
    guess(rule, CAFE, 1000.0, 4)
    rule.succeeded("bob", CAFE, 1001.0)
    guess(rule, CAFE, 1002.0, 4)
    assert rule.left_seconds("bob", CAFE, 1002.0) == 0


def test_a_day_forgets_and_a_clock_set_back_locks_nobody() -> None:
    rule = lockout()
    guess(rule, EVIL, 100000.0, 9)
    assert rule.left_seconds("bob", EVIL, 100000.0) == 480
    assert rule.left_seconds("bob", EVIL, 5000.0) == 0
    assert rule.locks("bob", 5000.0) == {}
    rule.failed("bob", EVIL, 100000.0 + 86400)
    assert rule.left_seconds("bob", EVIL, 100000.0 + 86400) == 0


@given(st.lists(st.tuples(st.sampled_from([HOME, EVIL]), st.floats(0, 90000)), max_size=40))
def test_no_row_of_failures_locks_for_more_than_an_hour(moves: list[tuple[str, float]]) -> None:
    rule, wall = lockout(HOME), 0.0
    for station, seconds in moves:
        wall += seconds
        rule.failed("bob", station, wall)
        assert 0 <= rule.left_seconds("bob", HOME, wall) <= 60
        assert 0 <= rule.left_seconds("bob", EVIL, wall) <= 3600
