"""Each order is one call of the plane, or two, with what stands in it."""

from ipaddress import IPv4Address, IPv6Network
from typing import TYPE_CHECKING, cast, get_args
from unittest.mock import Mock, call

import pytest

from l2tpsec.concentrator import effects as box
from l2tpsec.dataplane.contract import DataPlane
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.policy import Policy
from l2tpsec.runtime.plane_orders import PlaneOrder, carry_out

if TYPE_CHECKING:
    from l2tpsec.model.security import SaPair

PEER, IDS = PeerId(7), SessionIds(1, 2, 3, 4, 1701)
PATH = Path(Endpoint("198.51.100.1", 4500), Endpoint("203.0.113.9", 40000))
PAIR = cast("SaPair", object())
ADDRESS, PREFIX = IPv4Address("10.99.0.2"), IPv6Network("fd00::/64")

ORDERS: list[tuple[PlaneOrder, list[object]]] = [
    (box.InstallPair(PEER, PAIR), [call.install(PEER, PAIR)]),
    (box.ConfirmPair(PEER, 256), [call.confirm(PEER, 256)]),
    (box.RemovePair(PEER, 256), [call.remove(PEER, 256)]),
    (box.MovePeer(PEER, PATH), [call.move(PEER, PATH)]),
    (box.MergePeer(PEER, PeerId(8)), [call.merge(PEER, PeerId(8))]),
    (box.RemovePeer(PEER), [call.remove_peer(PEER)]),
    (box.OpenSession(PEER, IDS), [call.open_session(PEER, IDS)]),
    (box.SetPolicy(PEER, IDS, Policy()), [call.set_policy(PEER, IDS, Policy())]),
    (
        box.StartForwarding(PEER, IDS, ADDRESS, 1400, pfc=True, acfc=False),
        [
            call.set_compression(PEER, IDS, pfc=True, acfc=False),
            call.start_forwarding(PEER, IDS, ADDRESS, 1400),
        ],
    ),
    (
        box.StartForwardingIpv6(PEER, IDS, PREFIX, 1400),
        [call.start_forwarding_ipv6(PEER, IDS, PREFIX, 1400)],
    ),
    (box.CloseSession(PEER, IDS), [call.close_session(PEER, IDS)]),
    (box.SendControl(PEER, 1701, b"control"), [call.send_control(PEER, 1701, b"control")]),
    (box.SendFrame(PEER, IDS, b"frame"), [call.send_frame(PEER, IDS, b"frame")]),
    (box.SendPacket(PEER, IDS, b"packet"), [call.send_packet(PEER, IDS, b"packet")]),
]


@pytest.mark.parametrize(("order", "calls"), ORDERS, ids=lambda row: type(row).__name__)
def test_an_order_is_carried_out(order: PlaneOrder, calls: list[object]) -> None:
    plane = Mock(spec_set=DataPlane)
    carry_out(plane, order)
    assert plane.mock_calls == calls


def test_no_order_is_left_out() -> None:
    assert {type(order) for order, _ in ORDERS} == set(get_args(PlaneOrder))
