from l2tpsec.concentrator.traffic import Traffic
from l2tpsec.model.counters import Counters

ONE = Counters(1, 10, 2, 20)


def test_a_sum_has_each_session_once_whenever_it_ends() -> None:
    traffic = Traffic()
    traffic.ended(1, ONE)
    with traffic.sum() as first:
        first.count(2, ONE)
        traffic.ended(2, Counters(3, 30, 2, 20))
        traffic.ended(3, ONE)
        first.count(4, ONE)
    assert first.total == Counters(4, 40, 8, 80)
    with traffic.sum() as second:
        second.count(4, ONE)
    assert second.total == Counters(6, 60, 8, 80), "what came after the turn is in the next sum"
    traffic.ended(4, ONE)
    assert second.total == Counters(6, 60, 8, 80)


def test_two_sums_at_once_do_not_meet() -> None:
    traffic = Traffic()
    with traffic.sum() as slow, traffic.sum() as quick:
        quick.count(1, ONE)
        traffic.ended(1, ONE)
        slow.count(2, ONE)
        quick.count(2, ONE)
    assert slow.total == quick.total == Counters(2, 20, 4, 40)
    assert traffic._sums == []
