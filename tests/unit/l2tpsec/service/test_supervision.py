import pytest

from l2tpsec.service.supervision import (
    ASK_SECONDS,
    HUNG_SECONDS,
    LONGEST_WAIT_SECONDS,
    SILENT_SECONDS,
    START_SECONDS,
    STEADY_SECONDS,
    Announce,
    Ask,
    Effect,
    GiveUp,
    Kill,
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
    assert watch.deadline == START_SECONDS
    assert watch.ready(2, 1.0) == []
    assert watch.ready(0, 1.0) == []
    assert watch.ready(1, 1.5) == [Announce()]
    assert watch.serving == 3


def test_the_first_death_is_made_good_at_once() -> None:
    watch = serving()
    (warning,) = watch.died(1, "was killed by SIGKILL", 2.0)
    assert isinstance(warning, Warn)
    assert "worker 1 was killed by SIGKILL" in warning.text
    assert (watch.serving, watch.deadline) == (1, 2.0)
    assert watch.absent() == "worker 1 is not running"
    assert watch.expire(2.0) == [Launch(1)]
    assert watch.absent() == "worker 1 is starting"
    (again,) = watch.ready(1, 3.0)
    assert again == Warn("worker 1 accepts clients again")
    assert watch.restarts == 1
    assert watch.absent() == ""


def test_who_keeps_dying_waits_longer_each_time_and_alone() -> None:
    watch, now, waits = Supervision(1), 2.0, []
    watch.start(0.0)
    watch.ready(0, 1.0)
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
    other = serving()
    for number, wait in ((0, 0.0), (0, 1.0), (1, 0.0)):
        other.died(number, "ended", 2.0)
        assert other._workers[number].start_at == 2.0 + wait


@pytest.mark.parametrize(("served", "wait"), [(STEADY_SECONDS, 0.0), (STEADY_SECONDS - 1, 1.0)])
def test_long_service_forgives(served: float, wait: float) -> None:
    watch = serving()
    watch.died(0, "ended", 200.0)
    watch._due(0, watch._workers[0], 200.0)
    watch.ready(0, 201.0)
    watch.died(0, "ended", 201.0 + served)
    assert watch._workers[0].start_at == 201.0 + served + wait


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


ASKED = 1.0 + ASK_SECONDS


def test_who_serves_is_asked_and_who_answers_is_asked_again() -> None:
    watch = serving()
    assert watch.deadline == ASKED
    assert watch.expire(ASKED) == [Ask(0), Ask(1)]
    assert watch.answered(0, ASKED + 1.0) == []
    assert watch.answered(0, ASKED + 2.0) == [], "it was not asked again"
    assert watch.answered(1, ASKED + 1.0) == []
    assert watch.deadline == ASKED + 1.0 + ASK_SECONDS
    assert watch.absent() == ""


def silent() -> tuple[Supervision, list[Effect]]:
    """Return two workers, of which one has not answered in time."""
    watch = serving()
    watch.expire(ASKED)
    watch.answered(0, ASKED)
    watch._workers[0].ask_at = None
    assert watch.deadline == ASKED + SILENT_SECONDS
    assert watch.expire(ASKED + SILENT_SECONDS - 0.01) == []
    return watch, watch.expire(ASKED + SILENT_SECONDS)


def test_who_does_not_answer_is_done_without_until_it_does() -> None:
    watch, effects = silent()
    assert effects == [Warn("worker 1 does not answer; in 25 s it is killed")]
    assert watch.absent() == "worker 1 does not answer"
    assert watch.may_have_sessions(1)
    (back,) = watch.answered(1, ASKED + 7.0)
    assert back == Warn("worker 1 answers again, after 7 s")
    assert watch.absent() == ""
    assert watch.serves(1)
    assert watch.deadline == ASKED + 7.0 + ASK_SECONDS


def test_who_hangs_is_killed_and_started_again() -> None:
    watch, _ = silent()
    assert watch.deadline == ASKED + HUNG_SECONDS
    assert watch.expire(ASKED + HUNG_SECONDS) == [
        Warn("worker 1 has been silent for 30 s"),
        Kill(1),
    ]
    assert watch.absent() == "worker 1 is being killed"
    assert not watch.may_have_sessions(1)
    assert watch._workers[1].deadline is None
    assert watch.answered(1, 40.0) == []
    watch.died(1, "was killed by SIGKILL", 40.0)
    assert watch.expire(40.0) == [Launch(1)]


def test_who_hangs_in_its_start_is_killed_too() -> None:
    watch = Supervision(1)
    watch.start(0.0)
    assert watch.expire(START_SECONDS - 0.01) == []
    assert watch.expire(START_SECONDS) == [Warn("worker 0 has been silent for 120 s"), Kill(0)]


def test_long_service_forgives_who_hangs_too() -> None:
    watch = serving()
    watch.died(1, "ended", 2.0)
    watch.expire(2.0)
    watch.ready(1, 3.0)
    asked = 3.0 + STEADY_SECONDS
    assert Ask(1) in watch.expire(asked)
    watch.expire(asked + SILENT_SECONDS)
    assert Kill(1) in watch.expire(asked + HUNG_SECONDS)
    watch.died(1, "was killed by SIGKILL", asked + HUNG_SECONDS)
    assert watch._workers[1].start_at == asked + HUNG_SECONDS


def test_nobody_is_asked_or_killed_while_stopping() -> None:
    watch, _ = silent()
    watch.stop()
    assert watch.deadline is None
    assert watch.expire(1000.0) == []
