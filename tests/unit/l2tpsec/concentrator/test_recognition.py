"""Which newcomer is believed to be whom; whole moves are in tests/scenario/."""

from typing import TYPE_CHECKING

import pytest

from l2tpsec.concentrator.effects import Effect, SendControl
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.recognition import (
    GUESSES_AT_ONCE,
    GUESSES_PER_SECOND,
    QUESTIONS,
    WRONG_SESSIONS,
    Recognition,
)
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.effects import IkeSaEstablished, IkeSaId
from l2tpsec.protocols.l2tp.keepalive import PATIENCE_SECONDS
from tests.network.world import World

if TYPE_CHECKING:
    from l2tpsec.concentrator.subscriber import Subscriber

NOBODY = PeerId(77)


class Bench:
    """A client with a session, and newcomers that may be it."""

    def __init__(self) -> None:
        self.world = World()
        self.world.dial(self.world.host())
        whole = self.world.server.concentrator
        self.known: Subscriber = next(iter(whole.subscribers))
        self.peers = whole.peers
        self.lns = whole._lns
        self.recognition = Recognition(whole.peers, whole._lns, whole.subscribers)
        self.now = self.world.clock.now

    def join(self, sa: int = 900, *, port: int = 0, address: str = "", identity: str = "") -> Peer:
        """Let in a newcomer, at the known one's place and alike unless told otherwise."""
        owner = self.known.peer
        at = Endpoint(address or owner.path.remote.address, port or owner.path.remote.port)
        place = Path(owner.path.local, at)
        who = identity or owner.identity
        return self.peers.authenticated(
            IkeSaEstablished(IkeSaId(sa), place, at.address, who, 0, "", "", behind_nat=True)
        )

    def named(self, peer: PeerId, *, off: int = 0) -> Peer | None:
        ids = self.known.ids
        return self.recognition.named(peer, ids.tunnel, ids.session ^ off, self.now)

    def control(self, peer: PeerId, tunnel: int) -> list[Effect] | None:
        message = b"\xc8\x02\x00\x0c" + tunnel.to_bytes(2) + bytes(6)
        return self.recognition.control(peer, message, self.now)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("port", [0, 61_000])
def test_data_for_a_session_names_its_peer_wherever_the_nat_put_it(bench: Bench, port: int) -> None:
    assert bench.named(bench.join(port=port).id) is bench.known.peer


def test_neither_another_address_nor_another_identity_is_believed(bench: Bench) -> None:
    assert bench.named(bench.join(900, address="203.0.113.77").id) is None
    assert bench.named(bench.join(901, identity="192.168.1.99").id) is None
    assert bench.named(NOBODY) is None


def test_who_has_a_session_is_no_newcomer(bench: Bench) -> None:
    assert bench.named(bench.known.peer.id) is None
    assert bench.recognition.confirmed(bench.known.peer.id, bench.now) == []


def test_who_guesses_sessions_is_not_believed_for_long(bench: Bench) -> None:
    guesser, other = bench.join(900), bench.join(901)
    for off in range(1, WRONG_SESSIONS + 1):
        assert bench.named(guesser.id, off=off) is None
    assert bench.named(guesser.id) is None, "even the right one comes too late"
    assert bench.named(other.id) is bench.known.peer


def test_who_comes_anew_for_each_few_guesses_finds_no_session_either(bench: Bench) -> None:
    for number in range(int(GUESSES_AT_ONCE) // WRONG_SESSIONS):
        guesser = bench.join(900 + number)
        assert not any(bench.named(guesser.id, off=off) for off in range(1, WRONG_SESSIONS + 1))
    right = bench.join(990)
    assert bench.named(right.id) is None
    bench.now += 1 / GUESSES_PER_SECOND
    assert bench.named(right.id) is bench.known.peer, "its own client waits, and is known again"


def test_a_newcomer_at_the_place_is_asked_some_times_by_its_own_pair(bench: Bench) -> None:
    newcomer = bench.join()
    (question,) = bench.recognition.confirmed(newcomer.id, bench.now)
    assert isinstance(question, SendControl)
    ids = bench.known.ids
    numbers = ids.peer_tunnel.to_bytes(2) + ids.peer_session.to_bytes(2)
    assert question.peer == newcomer.id
    assert question.data[:2] == b"\x00\x02"
    assert question.data[2:6] == numbers
    assert question.data[6:11] == b"\xff\x03\xc0\x21\x09", "LCP Echo-Request"
    asked = 1
    while (deadline := bench.recognition.deadline) is not None:
        asked += len(bench.recognition.expire(deadline))
    assert asked == QUESTIONS.attempts


def test_nobody_is_asked_where_no_neighbour_is(bench: Bench) -> None:
    newcomer = bench.join(port=61_000)
    assert bench.recognition.confirmed(newcomer.id, bench.now) == []
    assert bench.recognition.deadline is None


def test_control_for_a_tunnel_of_the_known_one_is_a_reason_to_ask(bench: Bench) -> None:
    newcomer = bench.join(port=61_000)
    tunnel = bench.known.ids.tunnel
    for _ in range(QUESTIONS.attempts):
        assert bench.control(newcomer.id, tunnel)
    assert bench.control(newcomer.id, tunnel) is None, "answered as any other from now on"
    assert bench.control(newcomer.id, 0) is None
    assert bench.control(bench.known.peer.id, tunnel) is None


def test_what_was_open_is_dropped(bench: Bench) -> None:
    newcomer = bench.join()
    bench.recognition.confirmed(newcomer.id, bench.now)
    bench.recognition.forget(newcomer.id)
    assert bench.recognition.deadline is None
    bench.recognition.dialled(NOBODY, bench.now)


def test_who_dials_in_has_its_neighbours_asked_whether_they_live(bench: Bench) -> None:
    later = bench.lns.deadline
    elsewhere = bench.join(900, port=61_000)
    bench.recognition.dialled(elsewhere.id, bench.now)
    assert bench.lns.deadline == later
    bench.recognition.dialled(bench.join(901).id, bench.now)
    assert bench.lns.deadline == bench.now + PATIENCE_SECONDS
