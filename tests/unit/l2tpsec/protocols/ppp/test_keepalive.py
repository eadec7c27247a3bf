from l2tpsec.protocols.ppp.keepalive import Keepalive
from l2tpsec.protocols.ppp.settings import PppSettings

SETTINGS = PppSettings(echo_seconds=30, echo_failures=4)


def moments(keepalive: Keepalive) -> list[float]:
    """Return when a client is asked that answers nothing, until it is given up."""
    asked: list[float] = []
    while (now := keepalive.deadline) is not None:
        if keepalive.expire(now):
            if keepalive.dead:
                return [*asked, now]
            asked.append(now)
    return asked


def test_a_silent_client_is_asked_and_then_given_up() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    rounds = [0, 1, 3, 7, 15]
    assert moments(keepalive) == [at + n for at in (30, 60, 90, 120) for n in rounds] + [150]


def test_short_rounds_have_fewer_echoes() -> None:
    keepalive = Keepalive(PppSettings(echo_seconds=2, echo_failures=2))
    keepalive.start(0)
    assert moments(keepalive) == [2, 3, 4, 5, 6]


def test_an_answer_to_any_of_them_ends_the_round() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    for moment in (30, 31, 33, 37, 45, 60, 61):
        assert keepalive.expire(moment)
    keepalive.heard(61.5)
    assert keepalive.deadline == 90
    asked = moments(keepalive)
    assert (asked[0], asked[-1]) == (90, 90 + 4 * 30)


def test_a_process_that_slept_gives_nobody_up_before_it_has_asked() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    assert keepalive.expire(10_000)
    assert not keepalive.dead
    assert keepalive.deadline == 10_001


def test_who_is_not_watched_any_more_stays_unwatched() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    assert keepalive.expire(30)
    keepalive.stop()
    keepalive.heard(31)
    assert keepalive.deadline is None


def test_a_client_that_is_heard_is_not_asked() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    keepalive.heard(20)
    assert not keepalive.expire(30)
    assert keepalive.deadline == 50
    assert keepalive.expire(50)
    keepalive.heard(79)
    assert not keepalive.expire(80)
    assert keepalive.deadline == 109
    keepalive.heard(100)
    assert not keepalive.expire(109)
    assert keepalive.deadline == 130
    assert not keepalive.dead


def test_the_answer_to_one_question_does_not_put_off_the_next() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    assert keepalive.expire(30)
    keepalive.heard(30.6)
    assert keepalive.expire(60)
    keepalive.heard(60.1)
    assert keepalive.deadline == 90


def test_those_asked_at_about_the_same_time_are_asked_together() -> None:
    first, second = Keepalive(SETTINGS), Keepalive(SETTINGS)
    first.start(0.01)
    second.start(0.1)
    assert first.deadline == second.deadline == 30.125
    second.heard(20.01)
    assert not second.expire(30.125)
    assert second.deadline == 50.125


def test_nothing_happens_before_the_moment_or_without_start() -> None:
    keepalive = Keepalive(SETTINGS)
    assert keepalive.deadline is None
    assert not keepalive.expire(1000)
    keepalive.start(0)
    assert not keepalive.expire(29.9)
    keepalive.stop()
    assert not keepalive.expire(1000)
