from l2tpsec.model.counters import Counters


def test_sessions_add_up() -> None:
    assert Counters(1, 2, 3, 4).plus(Counters(10, 20, 30, 40)) == Counters(11, 22, 33, 44)
