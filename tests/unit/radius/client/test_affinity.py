from radius.client.affinity import MOST_CHALLENGES, Affinity
from radius.client.upstream import Upstream
from radius.message import Code, Message

SECOND = Upstream(("192.0.2.2", 1812), b"s", 1)


def challenge(state: bytes, code: Code = Code.ACCESS_CHALLENGE) -> Message:
    return Message(code, [("State", state)])


def answer(state: bytes) -> Message:
    return Message(Code.ACCESS_REQUEST, [("State", state)])


def test_the_answer_to_a_challenge_goes_where_it_came_from() -> None:
    affinity = Affinity()
    affinity.learn(challenge(b"x"), SECOND)
    assert affinity.setter(answer(b"y")) is None
    assert affinity.setter(answer(b"x")) is SECOND
    assert affinity.setter(answer(b"x")) is None
    assert len(affinity) == 0


def test_what_sets_no_challenge_is_not_remembered() -> None:
    affinity = Affinity()
    affinity.learn(challenge(b"x", Code.ACCESS_ACCEPT), SECOND)
    affinity.learn(Message(Code.ACCESS_CHALLENGE), SECOND)
    assert affinity.setter(Message(Code.ACCESS_REQUEST)) is None
    assert len(affinity) == 0


def test_unanswered_challenges_do_not_pile_up() -> None:
    affinity = Affinity()
    for number in range(MOST_CHALLENGES + 10):
        affinity.learn(challenge(number.to_bytes(4, "big")), SECOND)
    assert len(affinity) == MOST_CHALLENGES
