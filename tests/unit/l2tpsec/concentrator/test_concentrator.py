"""The routes between engines; whole dial-ins are in tests/scenario/."""

from dataclasses import replace

import pytest

from l2tpsec.concentrator import effects as box
from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.l2tp import effects as l2tp
from l2tpsec.protocols.ppp.settings import PppSettings
from radius.message import Code, Message
from tests.network.world import SERVER, SETTINGS, World

NOBODY = PeerId(77)
PATH = Path(Endpoint(SERVER, 500), Endpoint("192.0.2.9", 500))


@pytest.fixture
def world() -> World:
    return World()


def dialled(world: World, users: int = 1) -> World:
    for _ in range(users):
        world.dial(world.host())
    return world


def reasons(effects: list[box.Effect]) -> list[str]:
    return [str(e.record.reason) for e in effects if isinstance(e, box.Report)]  # type: ignore[union-attr]  # drops


def test_an_empty_box_waits_for_nothing(world: World) -> None:
    world.run(1)
    concentrator = world.server.concentrator
    assert concentrator.deadline is None
    assert concentrator.quiet
    assert concentrator.tunnels == 0
    assert concentrator.expire(world.clock.now) == []


def test_traffic_counts_those_that_have_ended(world: World) -> None:
    first, second = world.host(), world.host()
    world.dial(first, second)
    first.send(1)
    second.send(2)
    world.run(1)
    assert world.server.traffic().input_packets == 2
    first.hang_up()
    world.run(10)
    assert len(world.server.concentrator.subscribers) == 1
    assert world.server.traffic().input_packets == 2
    assert world.server.concentrator.dial_ins == {"up": 1}


def test_failed_dial_ins_are_counted_by_cause(world: World) -> None:
    host = world.host(password="wrong")
    host.dial()
    world.run(60)
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}


def test_frames_of_no_session_are_dropped(world: World) -> None:
    concentrator = world.server.concentrator
    assert reasons(concentrator.ppp_frame(NOBODY, 1, 1, b"\xc0\x21", 0)) == ["frame for no session"]
    assert concentrator.local_packet(NOBODY, 1, 1, bytes(28), 0)


def test_dhcp_before_the_network_is_up_or_in_pieces_is_dropped(world: World) -> None:
    host = world.host()
    host.dial()
    concentrator = world.server.concentrator
    assert world.clock.run(10, lambda: bool(len(concentrator.subscribers)))
    (subscriber,) = concentrator.subscribers
    ids = subscriber.ids
    ask = (subscriber.peer.id, ids.tunnel, ids.session, b"\x45" + bytes(27), world.clock.now)
    assert reasons(concentrator.local_packet(*ask)) == ["DHCP of no session"]
    assert world.clock.run(10, lambda: world.up(host))
    assert reasons(concentrator.local_packet(*ask)) == ["malformed"]


def test_what_concerns_nobody_does_nothing(world: World) -> None:
    concentrator = world.server.concentrator
    assert concentrator.peer_moved(NOBODY, PATH, 0) == []
    assert concentrator.pair_used(1, 0) == []
    assert concentrator.pair_worn(1, "worn", 0) == []
    assert concentrator.abandon(NOBODY, 0) == []
    assert concentrator.disconnect("nobody", 0) == (0, [])
    assert concentrator.disconnect("", 0) == (0, [])


def test_a_call_of_a_peer_that_is_gone_opens_nothing(world: World) -> None:
    concentrator = world.server.concentrator
    ids = SessionIds(1, 1, 1, 1, 1701)
    call = l2tp.CallEstablished(NOBODY, ids)
    assert concentrator._answer(call, 0) == []
    assert concentrator._tunnel_ended(l2tp.TunnelEnded(NOBODY, 1, Cause.SHUTDOWN, ""), 0) == []
    assert len(concentrator.subscribers) == 0


def test_a_verdict_for_a_session_that_is_over_is_ignored(world: World) -> None:
    concentrator = world.server.concentrator
    accept = box.Judged(99, Message(Code.ACCESS_ACCEPT))
    assert concentrator._from_radius([accept, box.Judged(99, None, "late")], 0) == []


def test_a_bug_in_a_peers_turn_ends_its_sessions_only(world: World) -> None:
    first, second = world.host(), world.host()
    world.dial(first, second)
    concentrator = world.server.concentrator
    victim = next(iter(concentrator.subscribers))
    world.server.turn(lambda now: concentrator.abandon(victim.peer.id, now))
    assert len(concentrator.subscribers) == concentrator.chain.leased == 1
    assert "an internal error" in world.server.log


@pytest.mark.parametrize("selector", ["alice", "1", "10.99.0.2"])
def test_disconnect_by_user_number_or_address(world: World, selector: str) -> None:
    dialled(world)
    concentrator = world.server.concentrator
    count = 0

    def turn(now: float) -> list[box.Effect]:
        nonlocal count
        count, effects = concentrator.disconnect(selector, now)
        return effects

    world.server.turn(turn)
    world.run(1)
    assert count == 1
    assert len(concentrator.subscribers) == 0
    assert not world.server.traffic().input_packets


def test_disconnecting_twice_ends_it_once(world: World) -> None:
    dialled(world)
    for _ in range(2):
        world.server.turn(lambda now: world.server.concentrator.disconnect("alice", now)[1])
    world.run(60)
    assert world.server.log.count("down after") == 1
    assert world.radius.online == []


def test_new_settings_are_for_dial_ins_to_come(world: World) -> None:
    first, second = world.host(), world.host()
    world.dial(first)
    concentrator = world.server.concentrator
    concentrator.reload(replace(SETTINGS, ppp=PppSettings(authentication=("pap",))))
    second.dial()
    world.run(60)
    assert world.up(first)
    assert second.client.state == "closed"


def test_it_is_quiet_when_clients_and_radius_have_heard_all(world: World) -> None:
    dialled(world)
    concentrator = world.server.concentrator
    assert not concentrator.quiet
    world.server.turn(concentrator.begin_shutdown)
    assert not concentrator.quiet
    assert world.clock.run(3, lambda: concentrator.quiet)
    world.server.turn(concentrator.finish_shutdown)
    assert concentrator.tunnels == 0


def test_shutdown_in_the_middle_of_a_dial_in(world: World) -> None:
    host = world.host()
    host.dial()
    concentrator = world.server.concentrator
    assert world.clock.run(10, lambda: bool(len(concentrator.subscribers)))
    world.server.turn(concentrator.finish_shutdown)
    assert len(concentrator.subscribers) == concentrator.chain.leased == 0
    assert "the server is shutting down" in world.server.log
