"""Whoever sits between us and RADIUS lets nobody in: BlastRADIUS (CVE-2024-3596) and its kin."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

import pytest

from l2tpsec.model.path import Endpoint
from radius.client.settings import Server as RadiusServer
from radius.packet import Packet as RadiusPacket
from tests.network.accounts import SECRET
from tests.network.internet import Packet
from tests.network.server import Server
from tests.network.world import RADIUS, World

AUTHENTICATION = Endpoint(RADIUS, 1812)
SIGNATURE = b"\x50\x12"

Forgery = Callable[[bytes, bytes], bytes]
"""The server's reply and the request's authenticator to what the forger sends."""


def sealed(reply: bytes, authenticator: bytes) -> bytes:
    """Set the Response Authenticator right, as the attack's collision of MD5 does."""
    head, attributes = reply[:2] + len(reply).to_bytes(2), reply[20:]
    return head + hashlib.md5(head + authenticator + attributes + SECRET).digest() + attributes


def without_signature(reply: bytes) -> bytes:
    """Cut Message-Authenticator out, which this server sends first."""
    assert reply[20:22] == SIGNATURE
    return reply[:20] + reply[38:]


def signed(reply: bytes, authenticator: bytes, secret: bytes) -> bytes:
    unsigned = reply[:4] + authenticator + SIGNATURE + bytes(16) + reply[38:]
    signature = hmac.digest(secret, unsigned, "md5")
    return reply[:22] + signature + reply[38:]


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "stripped": (
        lambda reply, authenticator: sealed(without_signature(reply), authenticator),
        "it has no Message-Authenticator",
    ),
    "stripped and hidden in another attribute": (
        lambda reply, authenticator: sealed(
            without_signature(reply) + b"\x21" + reply[21:38], authenticator
        ),
        "it has no Message-Authenticator",
    ),
    "forged": (
        lambda reply, authenticator: sealed(reply[:22] + bytes(16) + reply[38:], authenticator),
        "its Message-Authenticator is wrong",
    ),
    "of a foreign secret": (
        lambda reply, authenticator: sealed(
            signed(reply, authenticator, b"of another access server"), authenticator
        ),
        "its Message-Authenticator is wrong",
    ),
    "of another request": (
        lambda reply, authenticator: sealed(signed(reply, bytes(16), SECRET), authenticator),
        "its Message-Authenticator is wrong",
    ),
    "twice": (
        lambda reply, authenticator: sealed(reply + reply[20:38], authenticator),
        "its Message-Authenticator is repeated",
    ),
    "more attributes": (
        lambda reply, authenticator: sealed(reply + b"\x1b\x06" + bytes(4), authenticator),
        "its Message-Authenticator is wrong",
    ),
    "not even sealed": (
        lambda reply, _: reply[:4] + bytes(16) + reply[20:],
        "its Response Authenticator is wrong",
    ),
}


class Forger:
    """Takes every reply to an Access-Request off the wire and sends another one."""

    def __init__(self, world: World, forgery: Forgery, source: Endpoint = AUTHENTICATION) -> None:
        self.sent = 0
        self._forgery = forgery
        self._source = source
        self._internet = world.internet
        self._authenticators: dict[tuple[Endpoint, int], bytes] = {}
        world.internet.passes = self._passes

    def _passes(self, packet: Packet) -> bool:
        if packet.destination == AUTHENTICATION:
            request = RadiusPacket.read(packet.payload)
            key = packet.source, request.identifier
            self._authenticators[key] = request.authenticator
        if packet.source != AUTHENTICATION:
            return True
        reply = RadiusPacket.read(packet.payload)
        authenticator = self._authenticators[packet.destination, reply.identifier]
        forged = self._forgery(reply.octets, authenticator)
        # past the wire, where it would be taken off again
        self._internet._carry(replace(packet, source=self._source, payload=forged))
        self.sent += 1
        return False


def dialled(world: World) -> bool:
    host = world.host()
    host.dial()
    world.clock.run(90, lambda: world.up(host) or host.client.state == "closed")
    return world.up(host)


def test_what_the_forger_leaves_as_it_is_lets_in() -> None:
    world = World()
    forger = Forger(world, lambda reply, authenticator: sealed(reply, authenticator))
    assert dialled(world)
    assert forger.sent == 1


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_reply_lets_nobody_in(name: str) -> None:
    forgery, why = FORGERIES[name]
    world = World()
    forger = Forger(world, forgery)
    assert not dialled(world)
    assert forger.sent > 0
    assert why in world.server.log
    assert "no RADIUS server answered" in world.server.log
    assert world.server.concentrator.dial_ins == {"authentication_unavailable": 1}


@pytest.mark.parametrize(
    "source",
    [Endpoint("198.51.100.66", 1812), Endpoint(RADIUS, 1813), Endpoint(RADIUS, 1645)],
    ids=["another address", "the accounting port", "another port"],
)
def test_a_true_reply_from_a_wrong_place_lets_nobody_in(source: Endpoint) -> None:
    world = World()
    forger = Forger(world, lambda reply, _: reply, source)
    assert not dialled(world)
    assert forger.sent > 0
    assert world.server.concentrator.dial_ins == {"authentication_unavailable": 1}


def test_without_the_requirement_the_attack_would_work() -> None:
    world = World()
    trusting = RadiusServer(RADIUS, SECRET, require_message_authenticator=False)
    world.server.kill()
    world.site.radius = replace(world.site.radius, servers=(trusting,))
    world.server = Server(world.site)
    Forger(world, FORGERIES["stripped"][0])
    assert dialled(world), "so it is the requirement that keeps the forger out"
