"""The plane between ends that do nothing: what a packet costs without system calls."""

import os
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.bench.traffic import datagram
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.coalescing import Train
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Path
from tests.planes.client import HOME, Client, agreed
from tests.planes.listener import Listener
from tests.planes.userspace import ListDevice

TRAIN = 16
PEER, IDS = PeerId(1), SessionIds(7, 8, 9, 10, 1701)
SETTINGS = PlaneSettings(IPv4Address("10.99.0.1"), (IPv4Network("10.99.0.0/24"),))
ADDRESS = IPv4Address("10.99.0.2")


class Queue(ListDevice):
    """A device that hands out the same packets again and again, and swallows what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.ready: list[bytes] = []
        self.taken = 0

    def read(self) -> bytes:
        return self.ready.pop() if self.ready else b""

    def flush(self) -> int:
        """Hold nothing back."""
        return 0

    def write(self, packet: bytes) -> None:
        self.taken += 1

    def write_train(self, train: Train) -> None:
        self.taken += len(train.packets)


class Passage:
    """A plane with one session; each way carries `count` packets of `octets` each."""

    def __init__(self, transform: EspTransform, octets: int, count: int) -> None:
        self.device = Queue()
        self.sent = 0
        self.plane = UserspacePlane(SETTINGS, Listener(), self.device, self._senders, os.urandom)
        self._pair = agreed(transform)
        self._install()
        self.plane.open_session(PEER, IDS)
        self.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
        inner = datagram(octets, ADDRESS, SETTINGS.gateway)
        client = Client(self._pair)
        frame = b"\xff\x03\x00\x21" + inner
        self.sealed = [client.data(IDS.tunnel, IDS.session, frame) for _ in range(count)]
        self._size = len(self.sealed[0])
        joined = b"".join(self.sealed)
        step = TRAIN * self._size
        self._trains = [joined[at : at + step] for at in range(0, len(joined), step)]
        self._packets = [datagram(octets, SETTINGS.gateway, ADDRESS)] * count

    def _install(self) -> None:
        self.plane.install(PEER, self._pair)
        self.plane.confirm(PEER, self._pair.inbound_spi)

    def _afresh(self) -> None:
        """Forget which packets have come, where they come again."""
        if self.device.taken:
            self._install()

    def up_in_trains(self) -> None:
        """From sealed packets that arrive together to the device."""
        self._afresh()
        receive, remote, size = self.plane.receive_train, (HOME.address, HOME.port), self._size
        for train in self._trains:
            receive(train, size, remote)

    def up(self) -> None:
        """From sealed packets to the device, one by one."""
        self._afresh()
        receive, remote = self.plane.receive_encapsulated, (HOME.address, HOME.port)
        for packet in self.sealed:
            receive(packet, remote)

    def down(self) -> None:
        """From the device to sealed packets."""
        self.device.ready = self._packets.copy()
        readable = self.plane.tun_readable
        while self.device.ready:
            readable()

    def _senders(self, _path: Path, _encapsulated: bool) -> Callable[[bytes, object], object]:
        def send(_packet: bytes, _address: object) -> None:
            self.sent += 1

        return send
