from dataclasses import dataclass
from typing import cast

from l2tpsec.concentrator.addressing.chain import Lease
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers
from l2tpsec.model.identifiers import PeerId, SessionIds


@dataclass
class StubPeer:
    id: PeerId
    sessions: tuple[int, ...] = ()


@dataclass
class Stub:
    number: int
    peer: StubPeer
    ids: SessionIds
    user: str = ""
    lease: Lease | None = None
    deadline: float | None = None


def stub(number: int, peer: int = 1, session: int = 1, user: str = "alice") -> Subscriber:
    ids = SessionIds(7, session, 1, 1, 1701)
    return cast("Subscriber", Stub(number, StubPeer(PeerId(peer)), ids, user))


def test_found_by_number_and_by_session_of_its_own_peer() -> None:
    everyone = Subscribers()
    first, second = stub(1, peer=1), stub(2, peer=2)
    everyone.add(first)
    everyone.add(second)
    assert len(everyone) == 2
    assert list(everyone) == [first, second]
    assert everyone.get(1) is first
    assert everyone.get(3) is None
    assert everyone.of_session(PeerId(1), 7, 1) is first
    assert everyone.of_session(PeerId(2), 7, 1) is second
    assert everyone.of_session(PeerId(3), 7, 1) is None
    assert first.peer.sessions == (1,)


def test_a_removed_one_is_nowhere() -> None:
    everyone = Subscribers()
    one = stub(1)
    one.deadline = 5.0  # type: ignore[misc]  # a stub's may be set
    everyone.add(one)
    everyone.touch(one)
    everyone.remove(one)
    everyone.remove(one)
    everyone.touch(one)
    assert len(everyone) == 0
    assert everyone.get(1) is None
    assert everyone.of_session(PeerId(1), 7, 1) is None
    assert everyone.deadline is None
    assert everyone.due(10) == []
    assert one.peer.sessions == ()


def test_a_users_sessions_are_found_under_the_name_of_now() -> None:
    everyone = Subscribers()
    first, second, nameless = stub(1), stub(2, session=2), stub(3, session=3, user="")
    for each in (first, second, nameless):
        everyone.add(each)
        everyone.touch(each)
    assert everyone.of_user("alice") == [first, second]
    second.user = "bob"
    everyone.touch(second)
    assert (everyone.of_user("alice"), everyone.of_user("bob")) == ([first], [second])
    everyone.remove(second)
    everyone.touch(second)
    assert everyone.of_user("bob") == everyone.of_user("") == []
    assert everyone.numbers == [1, 3]


def test_due_are_those_whose_moment_has_come() -> None:
    everyone = Subscribers()
    early, late, idle = stub(1), stub(2, session=2), stub(3, session=3)
    early.deadline, late.deadline = 5.0, 9.0  # type: ignore[misc]  # stubs' may be set
    for each in (late, early, idle):
        everyone.add(each)
        everyone.touch(each)
    assert everyone.deadline == 5.0
    assert everyone.due(6) == [early]
    assert everyone.due(6) == []
    assert everyone.due(20) == [late]
