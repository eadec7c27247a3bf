"""One session's life beside its link; whole dial-ins are in tests/scenario/."""

import pytest

from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.subscriber import Stage, Subscriber, ending, identification
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from radius.message import Attribute, Code, Message
from tests.network.world import World


def subscribed(stage: Stage, *grant: Attribute) -> tuple[World, Subscriber]:
    """A world with one session that has come as far as `stage`."""
    world = World()
    world.radius.grants["alice"] = list(grant)
    host = world.host()
    host.dial()
    everyone = world.server.concentrator.subscribers
    reached = lambda: any(s.stage is stage for s in everyone)  # noqa: E731 - one line, used once
    assert world.clock.run(10, reached), world.story(host)
    (subscriber,) = everyone
    return world, subscriber


@pytest.mark.parametrize("stage", [Stage.NEGOTIATING, Stage.CONFIGURING, Stage.ONLINE])
def test_a_verdict_counts_while_it_is_waited_for_only(stage: Stage) -> None:
    world, subscriber = subscribed(stage)
    assert subscriber.judged(Message(Code.ACCESS_ACCEPT), "", world.clock.now) == []
    assert subscriber.judged(None, "late", world.clock.now) == []
    assert subscriber.stage is stage


def test_an_accept_without_proof_of_the_server_is_a_reject() -> None:
    world, subscriber = subscribed(Stage.AUTHENTICATING)
    world.server.turn(
        lambda now: world.server.concentrator._from_subscriber(
            subscriber, subscriber.judged(Message(Code.ACCESS_ACCEPT), "", now), now
        )
    )
    assert subscriber.lease is None
    assert "refused by the RADIUS server" in world.server.log


@pytest.mark.parametrize("stage", [Stage.NEGOTIATING, Stage.AUTHENTICATING])
def test_no_address_without_a_grant(stage: Stage) -> None:
    world, subscriber = subscribed(stage)
    assert subscriber.find_address(world.clock.now) == []
    assert subscriber.terms is None
    assert not subscriber.connected


@pytest.mark.parametrize("stage", [Stage.NEGOTIATING, Stage.AUTHENTICATING, Stage.CONFIGURING])
def test_what_was_never_up_is_not_accounted(stage: Stage) -> None:
    world, subscriber = subscribed(stage)
    effects = subscriber.lost(Cause.LOST_CARRIER, "gone", world.clock.now)
    assert not any(isinstance(effect, box.Account) for effect in effects)
    assert isinstance(effects[0], box.CloseSession)
    assert isinstance(effects[-1], box.HangUp)
    assert world.server.concentrator.chain.leased == 0


def test_an_end_is_an_end() -> None:
    world, subscriber = subscribed(Stage.ONLINE)
    effects = subscriber.lost(Cause.LOST_CARRIER, "gone", world.clock.now)
    assert sum(isinstance(effect, box.Account) for effect in effects) == 1
    assert subscriber.lost(Cause.SHUTDOWN, "", world.clock.now) == []
    assert subscriber.cause is Cause.LOST_CARRIER


def test_the_first_cause_is_the_cause() -> None:
    world, subscriber = subscribed(Stage.ONLINE)
    subscriber.close(Cause.ADMIN_RESET, world.clock.now)
    effects = subscriber.lost(Cause.LOST_CARRIER, "gone", world.clock.now)
    assert effects[-1] == box.HangUp(subscriber.number, Cause.ADMIN_RESET)


def test_traffic_is_a_sign_of_life_once() -> None:
    world, subscriber = subscribed(Stage.ONLINE)
    assert not subscriber.heard_traffic(world.clock.now)
    session = next(iter(world.server.plane._forwarder.by_address.values()))
    session.input_packets += 1
    assert subscriber.heard_traffic(world.clock.now)
    assert not subscriber.heard_traffic(world.clock.now)


def test_frames_are_as_small_as_path_and_client_want() -> None:
    _, subscriber = subscribed(Stage.ONLINE)
    assert 1200 < subscriber.mtu <= 1400


def test_the_words_of_an_end() -> None:
    counters = Counters(1, 100, 2, 200)
    words = ending(Cause.LOST_CARRIER, "four echoes", counters, 61.2)
    assert words == (
        "down after 61 s: the client no longer answers (four echoes); in 100 octets, out 200 octets"
    )
    same = ending(Cause.LOST_CARRIER, Cause.LOST_CARRIER.words, Counters(), 0)
    assert "(" not in same


def test_windows_identifies_itself() -> None:
    texts = ["\x80\x81", "MSRASV5.20", "MSRAS-0-DESKTOP"]
    assert identification(texts) == ("MSRAS-0-DESKTOP", "MSRASV5.20")
    assert identification([]) == ("", "")
