"""The user-space plane between a device of lists and clients that hold the other keys."""

import os
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from l2tpsec.dataplane.contract import DataPlaneError, Network, PlaneSettings
from l2tpsec.dataplane.userspace.coalescing import Train
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaPair
from tests.planes.client import Client, message
from tests.planes.listener import Listener
from tests.planes.recording import Sent

POOL = IPv4Network("10.99.0.0/24")
GATEWAY = IPv4Address("10.99.0.1")
IPV6_POOL = IPv6Network("2001:db8:99::/56")


class ListDevice:
    """A TUN of two lists."""

    name = "test0"
    notes: tuple[str, ...] = ()

    pending = False

    def __init__(self) -> None:
        self.incoming: list[bytes] = []
        self.written: list[bytes] = []
        self.routes: list[IPv4Address | Network] = []
        self.claimed_elsewhere: list[Network] = []
        self.rules: list[tuple[Network, int]] = []
        self.tables_missing: list[int] = []
        self.broken = False
        self.lost = 0
        self.closed = False

    def fileno(self) -> int:
        return 99

    def read(self) -> bytes:
        return self.incoming.pop(0) if self.incoming else b""

    def write(self, packet: bytes) -> None:
        if self.broken:
            raise OSError(5, "Input/output error")
        self.written.append(packet)

    def write_train(self, train: Train) -> None:
        if self.broken:
            self.lost += len(train.packets)
        else:
            self.written += train.packets

    def flush(self) -> int:
        lost, self.lost = self.lost, 0
        return lost

    def add_route(self, place: IPv4Address | IPv6Network) -> None:
        self.routes.append(place)

    def claim_route(self, network: Network) -> None:
        if network in self.claimed_elsewhere:
            raise DataPlaneError(f"no route to {network} here")
        self.routes.append(network)

    def remove_route(self, place: IPv4Address | Network) -> None:
        self.routes.remove(place)

    def add_rule(self, source: Network, table: int) -> None:
        if table in self.tables_missing:
            raise DataPlaneError(f"no table {table}")
        self.rules.append((source, table))

    def remove_rule(self, source: Network, table: int) -> None:
        self.rules.remove((source, table))

    def close(self) -> None:
        self.closed = True


class UserspaceRig:
    """The plane and everything around it, with the face of RecordingPlane's world."""

    def __init__(self, *, client_to_client: bool = False) -> None:
        settings = PlaneSettings(
            GATEWAY, (POOL,), client_to_client=client_to_client, ipv6_pool=IPV6_POOL
        )
        self.listener = Listener()
        self.device = ListDevice()
        self.now = 0.0
        self.packets: list[tuple[bytes, tuple[str, int], bool]] = []
        self.wire_broken = False
        self.flushed = 0
        self.clients: dict[int, Client] = {}
        self.plane = UserspacePlane(
            settings,
            self.listener,
            self.device,
            self._sender,
            os.urandom,
            flush=self._flush,
            clock=lambda: self.now,
        )

    def _sender(self, path: Path, encapsulated: bool) -> Callable[[bytes, tuple[str, int]], object]:
        def send(packet: bytes, address: tuple[str, int]) -> None:
            if self.wire_broken:
                raise BlockingIOError
            self.packets.append((packet, address, encapsulated))

        return send

    def _flush(self) -> None:
        self.flushed = len(self.packets)

    @property
    def drops(self) -> Counter[str]:
        return self.plane.drops

    @property
    def heard(self) -> list[tuple[object, ...]]:
        return self.listener.heard

    def install(self, peer: PeerId, pair: SaPair) -> None:
        self.clients[pair.inbound_spi] = Client(pair)
        self.plane.install(peer, pair)

    def arrive(self, inbound_spi: int, packet: bytes, remote: Endpoint | None = None) -> None:
        """Deliver an ESP packet by the way that its pair agreed on."""
        pair = self.plane._by_spi.get(inbound_spi.to_bytes(4))
        if pair is not None and not pair.encapsulated:
            self.plane.receive_raw(bytes((0x45,)) + bytes(19) + packet)
        else:
            known = pair.remote if pair else ("192.0.2.99", 4500)
            self.plane.receive_encapsulated(packet, remote or known)

    def arrive_control(
        self, inbound_spi: int, datagram: bytes, port: int = 1701, remote: Endpoint | None = None
    ) -> None:
        client = self.clients[inbound_spi]
        client.port = port
        self.arrive(inbound_spi, client.seal(datagram), remote)
        client.port = 1701

    def arrive_frame(
        self,
        inbound_spi: int,
        tunnel: int,
        session: int,
        frame: bytes,
        remote: Endpoint | None = None,
    ) -> None:
        packet = self.clients[inbound_spi].seal(message(tunnel, session, b"\xff\x03" + frame))
        self.arrive(inbound_spi, packet, remote)

    def from_kernel(self, packet: bytes) -> None:
        self.device.incoming.append(packet)
        self.plane.tun_readable()

    @property
    def to_kernel(self) -> list[bytes]:
        return self.device.written

    @property
    def sent(self) -> list[Sent]:
        """Everything sent so far, opened; may be read once."""
        opened = [self._opened(packet, Endpoint(*address)) for packet, address, _ in self.packets]
        self.packets.clear()
        return opened

    def _opened(self, packet: bytes, remote: Endpoint) -> Sent:
        spi = int.from_bytes(packet[:4]) ^ 0xFFFFFFFF
        payload = self.clients[spi].inbound.open(packet)
        assert payload[:2] == b"\x06\xa5"
        assert payload[4:8] == len(payload).to_bytes(2) + bytes(2)
        port, l2tp = int.from_bytes(payload[2:4]), payload[8:]
        if l2tp[0] & 0x80:
            return Sent(spi, remote, port, None, l2tp)
        assert l2tp[:2] == b"\x00\x02"
        ids = int.from_bytes(l2tp[2:4]), int.from_bytes(l2tp[4:6])
        frame = l2tp[6:].removeprefix(b"\xff\x03")
        return Sent(spi, remote, port, ids, frame if not frame[0] & 1 else b"\0" + frame)
