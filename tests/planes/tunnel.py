"""A user-space plane with its real TUN on one side, and one client with a session on the other."""

import os
import select
from collections.abc import Callable

from l2tpsec.crypto.ciphers import AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.dataplane.userspace.sas import Address
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Path
from tests.planes.client import HOME, Client, agreed
from tests.planes.listener import Listener

TRANSFORM = EspTransform(AES256_CBC, HMAC_SHA1_96)
PEER = PeerId(1)
IDS = SessionIds(7, 8, 9, 10, 1701)
L2TP_HEADER = b"\x00\x02\x00\x09\x00\x0a"
PROTOCOLS = {4: b"\x00\x21", 6: b"\x00\x57"}


class Wire:
    """What the plane sends, and a client that reads it."""

    def __init__(self, settings: PlaneSettings) -> None:
        self.sent: list[bytes] = []
        self.listener = Listener()
        self.plane = UserspacePlane.open(settings, self.listener, self._sender, os.urandom)
        pair = agreed(TRANSFORM)
        self.client = Client(pair)
        self.plane.install(PEER, pair)
        self.plane.confirm(PEER, pair.inbound_spi)
        self.plane.open_session(PEER, IDS)

    def _sender(self, path: Path, encapsulated: bool) -> Callable[[bytes, Address], None]:
        return lambda packet, address: self.sent.append(packet)

    def up(self, packet: bytes) -> None:
        """Send an IP packet as the client does."""
        self.up_together([packet])

    def up_together(self, packets: list[bytes]) -> None:
        """Send IP packets that arrive as one batch."""
        for packet in packets:
            frame = b"\xff\x03" + PROTOCOLS[packet[0] >> 4] + packet
            self.plane.receive_encapsulated(self.client.data(7, 8, frame), HOME)
        self.plane.flush()

    def down(self, seconds: float = 30) -> list[bytes]:
        """Return the IP packets that the client gets next; none, when none comes for so long."""
        # The kernel has things of its own to say, to nobody here.
        while not self.sent and select.select([self.plane.fileno()], [], [], seconds)[0]:
            self.plane.tun_readable()
        return self.opened()

    def opened(self) -> list[bytes]:
        """Return the IP packets that were sent so far."""
        messages = [self.client.open(packet) for packet in self.sent]
        self.sent.clear()
        return [_unwrapped(message) for message in messages]


def _unwrapped(message: bytes) -> bytes:
    packet = message[10:]
    assert message[:10] == L2TP_HEADER + b"\xff\x03" + PROTOCOLS[packet[0] >> 4]
    return packet
