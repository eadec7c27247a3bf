from radius.server.rates import Rates


def test_a_second_holds_its_number_and_more_come_with_time() -> None:
    rates = Rates(10)
    assert [rates.allows("a", 3, 5.0) for _ in range(4)] == [True, True, True, False]
    assert [rates.allows("a", 3, 5.4) for _ in range(2)] == [True, False]
    assert [rates.allows("a", 3, 100.0) for _ in range(4)] == [True, True, True, False]


def test_a_rate_below_one_lets_one_through_in_its_time() -> None:
    rates = Rates(10)
    assert [rates.allows("a", 0.5, now) for now in (0.0, 1.0, 2.0)] == [True, False, True]


def test_no_limit_costs_no_memory() -> None:
    rates = Rates(10)
    assert all(rates.allows("a", None, 0.0) for _ in range(1000))
    assert len(rates) == 0


def test_the_host_silent_for_longest_is_forgotten() -> None:
    rates = Rates(2)
    for host in ("a", "b", "a", "c"):
        rates.allows(host, 2, 0.0)
    assert len(rates) == 2
    assert not rates.allows("a", 2, 0.0)
    assert rates.allows("b", 2, 0.0)


def test_a_clock_that_steps_back_gives_nothing() -> None:
    rates = Rates(2)
    assert rates.allows("a", 1, 10.0)
    assert not rates.allows("a", 1, 5.0)
