"""The user-space plane over a real TUN, in a network namespace of its own."""

import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest

from l2tpsec.crypto.ciphers import AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.dataplane.userspace.sas import Address
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Path
from l2tpsec.protocols.inet import ipv4, udp
from tests.planes.client import HOME, Client, agreed
from tests.planes.listener import Listener
from tests.planes.namespace import network_namespace

pytestmark = pytest.mark.root

SETTINGS = PlaneSettings(IPv4Address("10.99.0.1"), IPv4Network("10.99.0.0/24"))
TRANSFORM = EspTransform(AES256_CBC, HMAC_SHA1_96)
PEER = PeerId(1)
IDS = SessionIds(7, 8, 9, 10, 1701)
ADDRESS = IPv4Address("10.99.0.2")
GATEWAY = SETTINGS.gateway.packed


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield


class Wire:
    """What the plane sends, and a client that reads it."""

    def __init__(self, settings: PlaneSettings = SETTINGS) -> None:
        self.sent: list[bytes] = []
        self.listener = Listener()
        self.plane = UserspacePlane.open(settings, self.listener, self._sender, os.urandom)
        pair = agreed(TRANSFORM)
        self.client = Client(pair)
        self.plane.install(PEER, pair)
        self.plane.open_session(PEER, IDS)

    def _sender(self, path: Path, encapsulated: bool) -> Callable[[bytes, Address], None]:
        return lambda packet, address: self.sent.append(packet)

    def up(self, packet: bytes) -> None:
        frame = b"\xff\x03\x00\x21" + packet
        self.plane.receive_encapsulated(self.client.data(7, 8, frame), HOME)

    def down(self) -> list[bytes]:
        select.select([self.plane.fileno()], [], [], 1)
        self.plane.tun_readable()
        messages = [self.client.open(packet) for packet in self.sent]
        self.sent.clear()
        assert all(m[:10] == b"\x00\x02\x00\x09\x00\x0a\xff\x03\x00\x21" for m in messages)
        return [message[10:] for message in messages]


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    wire.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
    yield wire
    wire.plane.close()


def test_both_ways(wire: Wire) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("10.99.0.1", 5000))
        server.settimeout(2)
        ask = udp.encode(udp.Udp(4000, 5000, b"ask"), ADDRESS.packed, GATEWAY)
        packet = ipv4.encode(ipv4.Ipv4(17, ADDRESS.packed, GATEWAY, ask))
        wire.up(packet)
        assert server.recvfrom(100) == (b"ask", ("10.99.0.2", 4000))
        server.sendto(b"answer", ("10.99.0.2", 4000))
    answers = [ipv4.decode(packet) for packet in wire.down()]
    payloads = [udp.decode(answer.payload) for answer in answers if answer.protocol == 17]
    assert payloads == [udp.Udp(5000, 4000, b"answer")]
    assert wire.plane.close_session(PEER, IDS) == Counters(1, len(packet), 1, 34)
    assert not wire.plane.drops
