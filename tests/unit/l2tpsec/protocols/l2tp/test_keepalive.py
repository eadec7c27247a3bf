from l2tpsec.protocols.l2tp.keepalive import Keepalive


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


def test_a_doubted_peer_is_asked_at_once_and_what_was_heard_before_does_not_count() -> None:
    keepalive = watched()
    keepalive.heard_at = 5
    keepalive.doubt(6)
    assert keepalive.expire(6, asking=False)
    assert keepalive.again(20) is None
    keepalive.heard_at = 7
    assert keepalive.again(20) == 30
    off = watched(0)
    off.doubt(6)
    assert off.deadline is None
