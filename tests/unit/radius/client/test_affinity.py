from radius.client.affinity import MOST_CHALLENGES, Affinity
from radius.client.upstream import Upstream
from radius.message import Code, Message

FIRST, SECOND = (Upstream((f"192.0.2.{n}", 1812), b"s", 1) for n in (1, 2))


def challenge(state: bytes, code: Code = Code.ACCESS_CHALLENGE) -> Message:
    return Message(code, [("State", state)])


def answer(state: bytes) -> Message:
    return Message(Code.ACCESS_REQUEST, [("State", state)])


def test_the_answer_to_a_challenge_goes_where_it_came_from() -> None:
    affinity = Affinity()
    affinity.learn(challenge(b"x"), SECOND)
    assert affinity.arrange(answer(b"y"), [FIRST, SECOND]) == [FIRST, SECOND]
    assert affinity.arrange(answer(b"x"), [FIRST, SECOND]) == [SECOND, FIRST]
    assert len(affinity) == 0


def test_what_sets_no_challenge_is_not_remembered() -> None:
    affinity = Affinity()
    affinity.learn(challenge(b"x", Code.ACCESS_ACCEPT), SECOND)
    affinity.learn(Message(Code.ACCESS_CHALLENGE), SECOND)
    assert affinity.arrange(Message(Code.ACCESS_REQUEST), [FIRST, SECOND]) == [FIRST, SECOND]
    assert len(affinity) == 0


def test_a_server_that_was_removed_is_not_preferred() -> None:
    affinity = Affinity()
    affinity.learn(challenge(b"x"), SECOND)
    assert affinity.arrange(answer(b"x"), [FIRST]) == [FIRST]


def test_unanswered_challenges_do_not_pile_up() -> None:
    affinity = Affinity()
    for number in range(MOST_CHALLENGES + 10):
        affinity.learn(challenge(number.to_bytes(4, "big")), SECOND)
    assert len(affinity) == MOST_CHALLENGES
