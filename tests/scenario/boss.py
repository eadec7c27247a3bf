"""Who gives orders to the server, as a RADIUS server does (RFC 5176)."""

from l2tpsec.model.path import Endpoint
from radius.message import Attribute, Code, Message
from radius.packet import Packet as RadiusPacket
from radius.packet import decode, encode_request, verify_reply
from tests.network.internet import UDP, Packet
from tests.network.server import ORDER_PORT, ORDER_SECRET
from tests.network.world import SERVER, World

BOSS = Endpoint("198.51.100.54", 40_000)


class Boss:
    """Gives orders, and reads what is answered."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.replies: list[bytes] = []
        self._identifier = 0
        world.internet.attach(BOSS.address, lambda packet: self.replies.append(packet.payload))

    def order(self, code: Code, *attributes: Attribute, secret: bytes = ORDER_SECRET) -> Message:
        """Send an order and return its answer."""
        request = self.request(code, *attributes, secret=secret)
        self.send(request)
        reply = RadiusPacket.read(self.replies[-1])
        verify_reply(reply, request, secret)
        return decode(reply, secret, request.authenticator)

    def request(self, code: Code, *attributes: Attribute, secret: bytes) -> RadiusPacket:
        self._identifier += 1
        return encode_request(Message(code, attributes), self._identifier, secret, bytes)

    def send(self, request: RadiusPacket) -> None:
        to = Endpoint(SERVER, ORDER_PORT)
        self.world.internet.carry(Packet(UDP, BOSS, to, request.octets))
        self.world.run(1)
