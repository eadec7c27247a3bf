"""What of an order's datagram becomes effects; whole clients are in tests/scenario."""

from l2tpsec.concentrator.effects import Report
from radius.message import Attribute, Code, Message
from radius.packet import encode_request
from radius.server.effects import Reply
from tests.network.server import ORDER_SECRET
from tests.network.world import World

SOURCE = ("198.51.100.54", 4000)


def request(*attributes: Attribute) -> bytes:
    message = Message(Code.DISCONNECT_REQUEST, attributes)
    return encode_request(message, 1, ORDER_SECRET, bytes).octets


def test_a_refusal_is_told_and_answered() -> None:
    world = World()
    report, reply = world.server.orders.receive(request(("User-Name", "x")), SOURCE, 1000)
    assert isinstance(report, Report)
    assert "no session here is what was named (Error-Cause 503)" in str(report)
    assert isinstance(reply, Reply)
    again = world.server.orders.receive(request(("User-Name", "x")), SOURCE, 1001)
    assert again == [reply]


def test_garbage_is_told() -> None:
    (report,) = World().server.orders.receive(b"x", SOURCE, 1000)
    assert isinstance(report, Report)
