import pytest

from l2tpsec.service.supervision import (
    LONGEST_WAIT_SECONDS,
    STEADY_SECONDS,
    Announce,
    GiveUp,
    Launch,
    Supervision,
    Warn,
)


def serving(workers: int = 2) -> Supervision:
    watch = Supervision(workers)
    assert watch.start(0.0) == [Launch(k) for k in range(workers)]
    for k in range(workers):
        watch.ready(k, 1.0)
    return watch


def test_all_are_launched_and_announced_once() -> None:
    watch = Supervision(3)
    assert watch.start(0.0) == [Launch(0), Launch(1), Launch(2)]
    assert watch.deadline is None
    assert watch.ready(2, 1.0) == []
    assert watch.ready(0, 1.0) == []
    assert watch.ready(1, 1.5) == [Announce()]
    assert watch.serving == 3


def test_the_first_death_is_made_good_at_once() -> None:
    watch = serving()
    (warning,) = watch.died(1, "was killed by SIGKILL", 100.0)
    assert isinstance(warning, Warn)
    assert "worker 1 was killed by SIGKILL" in warning.text
    assert (watch.serving, watch.deadline) == (1, 100.0)
    assert watch.expire(100.0) == [Launch(1)]
    (again,) = watch.ready(1, 101.0)
    assert again == Warn("worker 1 accepts clients again")
    assert watch.restarts == 1


def test_who_keeps_dying_waits_longer_each_time_and_alone() -> None:
    watch, now, waits = serving(), 2.0, []
    for _ in range(9):
        watch.died(0, "ended with status 1", now)
        deadline = watch.deadline
        assert deadline is not None
        waits.append(deadline - now)
        assert watch.expire(deadline - 0.01 if waits[-1] else now - 1) == []
        now = deadline
        assert watch.expire(now) == [Launch(0)]
        now += 1.0
    assert waits == [0, 1, 2, 4, 8, 16, *[LONGEST_WAIT_SECONDS] * 3]
    assert watch.died(1, "ended", now) != []
    assert watch.deadline == now


@pytest.mark.parametrize(("served", "wait"), [(STEADY_SECONDS, 0.0), (STEADY_SECONDS - 1, 1.0)])
def test_long_service_forgives(served: float, wait: float) -> None:
    watch = serving()
    watch.died(0, "ended", 200.0)
    watch.expire(200.0)
    watch.ready(0, 201.0)
    watch.died(0, "ended", 201.0 + served)
    assert watch.deadline == 201.0 + served + wait


def test_a_death_before_all_were_ready_is_no_accident() -> None:
    watch = Supervision(2)
    watch.start(0.0)
    watch.ready(0, 1.0)
    (given_up,) = watch.died(1, "ended with status 1", 1.0)
    assert isinstance(given_up, GiveUp)
    assert "worker 1 ended with status 1 before it was ready" in given_up.text
    assert watch.died(0, "ended", 2.0) == []
    assert watch.deadline is None


def test_nobody_is_started_while_stopping() -> None:
    watch = serving()
    watch.died(0, "ended", 2.0)
    watch.stop()
    assert watch.deadline is None
    assert watch.died(1, "ended", 3.0) == []
    assert watch.expire(1000.0) == []
