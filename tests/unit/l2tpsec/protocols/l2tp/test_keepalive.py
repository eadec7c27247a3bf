from l2tpsec.protocols.l2tp.keepalive import PATIENCE_SECONDS, Keepalive


def watched(seconds: float = 10) -> Keepalive:
    keepalive = Keepalive(seconds)
    keepalive.start(0)
    return keepalive


def test_a_silent_peer_is_asked_again_and_again() -> None:
    keepalive = watched()
    assert not keepalive.expire(9.9, asking=False)
    assert keepalive.expire(10, asking=False)
    assert keepalive.deadline == 20
    assert keepalive.expire(20, asking=False)


def test_nothing_is_asked_of_a_peer_that_is_heard() -> None:
    keepalive = watched()
    keepalive.heard_at = 7
    assert not keepalive.expire(10, asking=False)
    assert keepalive.deadline == 17
    assert keepalive.expire(17, asking=False)


def test_nothing_is_asked_while_something_else_is_unanswered() -> None:
    keepalive = watched()
    assert not keepalive.expire(10, asking=True)
    assert keepalive.deadline == 20


def test_those_heard_at_about_the_same_time_are_looked_at_together() -> None:
    first, second = watched(), watched()
    first.heard_at, second.heard_at = 7.01, 7.1
    assert not first.expire(10, asking=False)
    assert not second.expire(10, asking=False)
    assert first.deadline == second.deadline == 17.125


def test_it_can_be_turned_off_and_stopped() -> None:
    assert watched(0).deadline is None
    keepalive = watched()
    keepalive.stop()
    assert not keepalive.expire(100, asking=False)


def test_a_peer_that_was_heard_after_the_question_gets_another_round() -> None:
    keepalive = watched()
    assert keepalive.expire(10, asking=False)
    assert keepalive.again(33) is None
    keepalive.heard_at = 12
    assert keepalive.again(33) == 43
    keepalive.heard_at = 32
    assert keepalive.again(60) is None


def test_a_doubted_peer_is_asked_soon_and_what_was_heard_before_does_not_count() -> None:
    keepalive = watched(60)
    keepalive.heard_at = 5
    keepalive.doubt(6)
    assert keepalive.deadline == 6 + PATIENCE_SECONDS
    assert not keepalive.expire(keepalive.deadline - 1, asking=False)
    assert keepalive.expire(keepalive.deadline, asking=False)
    assert keepalive.again(30) is None
    off = watched(0)
    off.doubt(6)
    assert off.deadline is None


def test_a_doubted_peer_that_speaks_is_not_asked() -> None:
    keepalive = watched(60)
    keepalive.heard_at = 5
    keepalive.doubt(6)
    keepalive.heard_at = 20
    assert not keepalive.expire(6 + PATIENCE_SECONDS, asking=False)
    assert keepalive.deadline == 20 + 60
