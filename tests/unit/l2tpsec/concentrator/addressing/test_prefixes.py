from ipaddress import IPv6Network

import pytest

from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves

ELSEWHERE = IPv6Network("2001:db8:5:5::/64")


def prefixes(pool: str = "2001:db8:99::/62") -> Prefixes:
    return Prefixes(IPv6Network(pool))


def number(n: int) -> IPv6Network:
    return IPv6Network(f"2001:db8:99:{n}::/64")


def test_every_prefix_but_the_gateways_is_given_once() -> None:
    pool = prefixes()
    assert [pool.acquire(n, f"u{n}") for n in range(4)] == [number(1), number(2), number(3), None]
    pool.release(number(2), 1)
    assert len(pool) == 2
    assert pool.acquire(9, "late") == number(2)
    assert pool.holder(number(2)) == 9


def test_a_user_keeps_his_prefix_while_it_is_free() -> None:
    pool = prefixes("2001:db8:99::/56")
    alices = pool.acquire(1, "alice")
    assert alices == number(1)
    pool.acquire(2, "bob")
    pool.release(alices, 1)
    assert pool.acquire(3, "carol") == number(3)
    assert pool.acquire(4, "alice") == alices


def test_one_released_longest_ago_goes_first() -> None:
    pool = prefixes()
    for n in range(1, 4):
        pool.acquire(n, f"u{n}")
    pool.release(number(3), 3)
    pool.release(number(1), 1)
    assert pool.acquire(7, "new") == number(3)


def test_only_its_holder_gives_a_prefix_back() -> None:
    pool = prefixes()
    first = pool.acquire(1, "alice")
    assert first is not None
    pool.release(first, 2)
    assert pool.holder(first) == 1


def test_a_prefix_from_radius_is_not_given_to_another() -> None:
    pool = prefixes()
    assert pool.reserve(number(1), 1, "alice")
    assert not pool.reserve(number(1), 2, "bob")
    assert pool.acquire(2, "bob") == number(2)
    assert pool.reserve(ELSEWHERE, 3, "carol")
    pool.release(ELSEWHERE, 3)
    pool.release(number(1), 1)
    assert [pool.acquire(n, "new") for n in (4, 5, 6)] == [number(3), number(1), None]


def test_a_user_takes_his_prefix_over_from_a_dead_session() -> None:
    pool = prefixes()
    assert pool.reserve(number(1), 1, "alice")
    assert pool.reserve(number(1), 2, "alice")
    pool.release(number(1), 1)
    assert pool.holder(number(1)) == 2


@pytest.mark.parametrize(
    ("prefix", "verdict"),
    [
        ("2001:db8:99:1::/64", True),
        ("fd00:1:2:3::/64", True),
        ("2001:db8:99::/64", False),
        ("2001:db8:99::/56", False),
        ("2001:db8:99:1::/65", False),
        ("fe80::/64", False),
        ("ff02::/64", False),
        ("::/64", False),
    ],
)
def test_what_fits_a_client(prefix: str, verdict: bool) -> None:
    assert prefixes().fits(IPv6Network(prefix)) is verdict


def test_without_a_pool_there_is_nothing() -> None:
    none = Prefixes(None)
    assert not none
    assert none.acquire(1, "alice") is None
    assert prefixes()


def test_users_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("l2tpsec.concentrator.addressing.prefixes._REMEMBERED_USERS", 1)
    pool = prefixes()
    for n, user in ((1, "alice"), (2, "bob")):
        prefix = pool.acquire(n, user)
        assert prefix is not None
        pool.release(prefix, n)
    assert pool.acquire(3, "alice") == number(3)


def test_each_prefix_is_kept_where_it_belongs() -> None:
    usual, office = prefixes(), prefixes("2001:db8:77::/62")
    both = Reserves(usual, {"office": office})
    assert both
    assert both.home(IPv6Network("2001:db8:77:1::/64")) is office
    assert both.home(IPv6Network("2001:db8:1::/64")) is usual
    assert both.pool("office") is office
    assert both.pool("") is usual
    assert both.pool("attic") is None
    assert not Reserves(Prefixes(None))


def test_what_is_withheld_is_leased_to_whom_it_is_named_for_alone() -> None:
    """Whether it was fresh, released, or in use when it was withheld."""
    pool = prefixes()
    assert pool.acquire(1, "alice") == number(1)
    pool.withhold(number(1))
    pool.withhold(number(3))
    pool.withhold(ELSEWHERE)
    pool.release(number(1), 1)
    assert [pool.acquire(n, "alice") for n in (2, 3)] == [number(2), None]
    assert pool.reserve(number(3), 4, "carol")
    pool.release(number(2), 2)
    pool.withhold(number(2))
    assert pool.acquire(5, "alice") is None


def test_reserves_withhold_where_a_prefix_is_at_home() -> None:
    office = prefixes("2001:db8:5:4::/62")
    reserves = Reserves(prefixes(), {"office": office})
    reserves.withhold(ELSEWHERE)
    assert ELSEWHERE not in {office.acquire(n, f"u{n}") for n in range(4)}
    reserves.set_elsewhere(ELSEWHERE, "is held by 'bob'")
    assert reserves.elsewhere == {ELSEWHERE: "is held by 'bob'"}
    reserves.set_elsewhere(ELSEWHERE, "")
    assert reserves.elsewhere == {}
