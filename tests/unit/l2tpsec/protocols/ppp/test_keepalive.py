from l2tpsec.protocols.ppp.keepalive import Keepalive
from l2tpsec.protocols.ppp.settings import PppSettings

SETTINGS = PppSettings(echo_seconds=30, echo_failures=4)


def test_a_silent_client_is_asked_and_then_given_up() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    asked = [keepalive.expire(30.0 * n) and not keepalive.dead for n in range(1, 6)]
    assert asked == [True, True, True, True, False]
    assert keepalive.dead


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
    assert not keepalive.dead


def test_the_answer_to_one_question_does_not_put_off_the_next() -> None:
    keepalive = Keepalive(SETTINGS)
    keepalive.start(0)
    assert keepalive.expire(30)
    keepalive.heard(30.6)
    assert keepalive.expire(60)
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
