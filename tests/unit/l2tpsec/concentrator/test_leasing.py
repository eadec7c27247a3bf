"""Which session hears of what DHCP says; whole leases are in tests/scenario/test_dhcp.py."""

from ipaddress import IPv4Address

import pytest

from l2tpsec.concentrator.effects import AskLease, DeclineLease, Report, TransmitDhcp
from l2tpsec.concentrator.leasing import Leasing
from l2tpsec.concentrator.subscribers import Subscribers
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.dhcp import effects as dhcp
from l2tpsec.protocols.dhcp.settings import DhcpSettings
from tests.network.world import World

GATEWAY, SERVER = IPv4Address("10.99.0.1"), IPv4Address("10.0.0.67")
CLIENT = IPv4Address("10.0.0.9")


@pytest.fixture
def world() -> World:
    world = World()
    world.dial(world.host())
    return world


def leasing(subscribers: Subscribers) -> Leasing:
    return Leasing(DhcpSettings(GATEWAY, (SERVER,), "here"), subscribers, bytes)


def test_a_session_asks_and_gives_back(world: World) -> None:
    (subscriber,) = world.server.concentrator.subscribers
    desk = leasing(world.server.concentrator.subscribers)
    outputs = desk.obey(subscriber, AskLease(subscriber.number), 0)
    assert any(isinstance(row, TransmitDhcp) for row in outputs)
    assert desk.deadline is not None
    desk.release(subscriber.number, 0)
    assert desk.deadline is None


def test_its_own_session_hears_of_a_lease_and_of_its_loss(world: World) -> None:
    (subscriber,) = world.server.concentrator.subscribers
    desk = leasing(world.server.concentrator.subscribers)
    for effect in (
        dhcp.Leased(subscriber.number, CLIENT, {}),
        dhcp.Lost(subscriber.number, "expired"),
    ):
        ((who, _),) = (row for row in desk._translate(effect, 0) if isinstance(row, tuple))
        assert who is subscriber


def test_nobody_hears_of_a_session_that_is_over() -> None:
    desk = leasing(Subscribers())
    assert desk._translate(dhcp.Leased(99, CLIENT, {}), 0) == []
    assert desk._translate(dhcp.Lost(99, "expired"), 0) == []
    assert desk.expire(0) == []


def test_a_lease_that_is_declined_makes_place_for_another(world: World) -> None:
    (subscriber,) = world.server.concentrator.subscribers
    desk = leasing(world.server.concentrator.subscribers)
    assert desk.obey(subscriber, DeclineLease(subscriber.number), 0) == []


def test_what_nobody_configured_is_told_as_nobodys(world: World) -> None:
    desk = leasing(world.server.concentrator.subscribers)
    (report,) = desk.receive(b"", IPv4Address("192.0.2.1"), 0)
    assert isinstance(report, Report)
    assert report.peer == "-"
    assert isinstance(report.record, Dropped)


def test_a_question_in_pieces_is_dropped(world: World) -> None:
    (subscriber,) = world.server.concentrator.subscribers
    desk = leasing(world.server.concentrator.subscribers)
    (report,) = desk.question(subscriber, b"\x45" + bytes(27), 0)
    assert isinstance(report, Report)
    assert isinstance(report.record, Dropped)
    assert report.record.reason == "malformed"


def test_a_question_before_there_is_an_address_is_dropped(world: World) -> None:
    (subscriber,) = world.server.concentrator.subscribers
    subscriber.lease = None
    (report,) = leasing(world.server.concentrator.subscribers).question(subscriber, b"", 0)
    assert isinstance(report, Report)
    assert report.peer == subscriber.peer.label
