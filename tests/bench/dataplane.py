"""Packets a second through ESP and the user-space plane: python -m tests.bench dataplane.

One session, one core; the wire is a pair of loopback sockets, the TUN a real one in a network
namespace when there is root, otherwise left out. Every figure is the best of several runs.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC, TRIPLE_DES_CBC
from l2tpsec.crypto.contexts import Mac, authenticator, cbc_decryptor, cbc_encryptor, gcm
from l2tpsec.crypto.integrity import HMAC_SHA1_96, HMAC_SHA256_128
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import PlaneSettings
from l2tpsec.dataplane.userspace.interface import Interface
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.dataplane.userspace.segments import Segments, accept_trains, cut, size_of
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import outbound_sa
from l2tpsec.protocols.inet import ipv4, udp
from tests.planes.client import Client, agreed, keys
from tests.planes.listener import Listener
from tests.planes.namespace import network_namespace, refusal
from tests.planes.userspace import ListDevice

ROUNDS = 5
PACKETS = 5000
SIZES = (1400, 200)
TRANSFORMS = (
    EspTransform(AES256_CBC, HMAC_SHA1_96),
    EspTransform(AES256_CBC, HMAC_SHA256_128),
    EspTransform(AES128_GCM),
)
SLOW = EspTransform(TRIPLE_DES_CBC, HMAC_SHA1_96)
PEER, IDS = PeerId(1), SessionIds(7, 8, 9, 10, 1701)
SETTINGS = PlaneSettings(IPv4Address("10.99.0.1"), (IPv4Network("10.99.0.0/24"),))
ADDRESS = IPv4Address("10.99.0.2")


def microseconds(run: Callable[[], object], calls: int) -> float:
    """The least time of one call, over several runs."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best / calls * 1e6


def inner(octets: int, source: IPv4Address, destination: IPv4Address) -> bytes:
    """A UDP packet to the discard port."""
    body = udp.encode(udp.Udp(9, 9, bytes(octets - 28)), source.packed, destination.packed)
    return ipv4.encode(ipv4.Ipv4(17, source.packed, destination.packed, body))


def say(text: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(text + "\n")


def line(name: str, octets: int, cost: float) -> None:
    """One row of the table."""
    rate, bits = 1e6 / cost, octets * 8 / cost
    say(f"{name:54} {octets:6} {cost:8.2f} {rate:12,.0f} {bits:10,.0f}")


def esp(transform: EspTransform, octets: int) -> None:
    """Seal and open alone."""
    material = keys(transform)
    payload = bytes(octets + 18)
    count = PACKETS if transform is not SLOW else PACKETS // 10
    seal = outbound_sa(transform, 1, material, os.urandom).seal
    sealed: list[bytes] = []

    def sealing() -> None:
        sealed[:] = [seal(payload) for _ in range(count)]

    line(f"seal {transform.name}", octets, microseconds(sealing, count))

    def opening() -> None:
        open_ = inbound_sa(transform, material).open
        for packet in sealed:
            open_(packet)

    line(f"open {transform.name}", octets, microseconds(opening, count))


class Bench:
    """A plane with one session between a socket and a device."""

    def __init__(
        self,
        transform: EspTransform,
        device: ListDevice | Interface,
        *,
        segmented: bool = False,
    ) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for end in (self.socket, self.sink):
            end.bind(("127.0.0.1", 0))
            end.setblocking(False)
        self.sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.remote = Endpoint(*self.sink.getsockname())
        segments = Segments(self.socket)
        send = segments.sender() if segmented else self.socket.sendto
        self.plane = UserspacePlane(
            SETTINGS,
            Listener(),
            device,
            lambda _path, _udp: send,
            os.urandom,
            flush=segments.flush,
        )
        self.pair = agreed(transform, remote=self.remote)
        self.install()
        self.plane.open_session(PEER, IDS)
        self.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)

    def install(self) -> None:
        """Start the replay window again."""
        self.plane.install(PEER, self.pair)
        self.plane.confirm(PEER, self.pair.inbound_spi)

    def close(self) -> None:
        """Give everything back."""
        self.plane.close()
        self.socket.close()
        self.sink.close()


def upward(bench: Bench, octets: int, *, through_socket: bool) -> float:
    """From the client: (recvfrom,) open, headers, checks, TUN."""
    client = Client(bench.pair)
    packet = inner(octets, ADDRESS, SETTINGS.gateway)
    sealed = [client.data(7, 8, b"\xff\x03\x00\x21" + packet) for _ in range(PACKETS)]
    receive, recvfrom = bench.plane.receive_encapsulated, bench.socket.recvfrom
    own = bench.socket.getsockname()

    def direct() -> None:
        bench.install()
        for data in sealed:
            receive(data, bench.remote)

    if not through_socket:
        return microseconds(direct, PACKETS)
    spent = []
    for _ in range(ROUNDS):
        bench.install()
        total = 0.0
        for at in range(0, PACKETS, 50):
            for data in sealed[at : at + 50]:
                bench.sink.sendto(data, own)
            start = time.perf_counter()
            for _ in range(50):
                receive(*recvfrom(65535))
            total += time.perf_counter() - start
        spent.append(total)
    return min(spent) / PACKETS * 1e6


def upward_in_trains(bench: Bench, octets: int) -> float:
    """From the client as a network card hands it over: many datagrams a call (UDP_GRO)."""
    client = Client(bench.pair)
    packet = inner(octets, ADDRESS, SETTINGS.gateway)
    sealed = [client.data(7, 8, b"\xff\x03\x00\x21" + packet) for _ in range(PACKETS)]
    receive, recvmsg = bench.plane.receive_encapsulated, bench.socket.recvmsg
    accept_trains(bench.socket)
    segments = Segments(bench.sink)
    send, own = segments.sender(), bench.socket.getsockname()
    spent = []
    for _ in range(ROUNDS):
        bench.install()
        total, received = 0.0, 0
        for at in range(0, PACKETS, 40):
            for data in sealed[at : at + 40]:
                send(data, own)
            segments.flush()
            start = time.perf_counter()
            while received < at + 40:
                data, ancillary, _, source = recvmsg(65535, 64)
                for datagram in cut(data, size_of(data, ancillary)):
                    receive(datagram, source)
                    received += 1
            total += time.perf_counter() - start
        spent.append(total)
    return min(spent) / PACKETS * 1e6


def downward(bench: Bench, octets: int) -> float:
    """To the client: TUN, lookup, seal, sendto."""
    packet = inner(octets, SETTINGS.gateway, ADDRESS)
    if isinstance(bench.plane.device, ListDevice):
        down = bench.plane._forwarder.down
        flush = bench.plane._depart

        def batches() -> None:
            for _ in range(PACKETS // 50):
                for _ in range(50):
                    down(packet)
                flush()

        return microseconds(batches, PACKETS)
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    spent = []
    for _ in range(ROUNDS):
        total = 0.0
        for _ in range(PACKETS // 50):
            for _ in range(50):
                source.sendto(packet[28:], (str(ADDRESS), 9))
            start = time.perf_counter()
            bench.plane.tun_readable()
            total += time.perf_counter() - start
        spent.append(total)
    source.close()
    return min(spent) / PACKETS * 1e6


def proof(begin: Callable[[], Mac], data: bytes) -> bytes:
    """Make one message's HMAC as the SAs do."""
    mac = begin()
    mac.update(data)
    return mac.finalize()[:12]


def parts() -> None:
    """Where the time of a 1400-octet packet goes."""
    data, key = bytes(1424), os.urandom(64)
    encrypt = cbc_encryptor(AES256_CBC, key[:32])
    decrypt = cbc_decryptor(AES256_CBC, key[:32])
    begin = authenticator(HMAC_SHA1_96, key[:20])
    aead = gcm(key[:16])
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own = sock.getsockname()
    for name, call in (
        ("part: AES-256-CBC encryption, live context", lambda: encrypt(data)),
        ("part: AES-256-CBC decryption, live context", lambda: decrypt(data)),
        ("part: HMAC-SHA1, copied context", lambda: proof(begin, data)),
        ("part: AES-128-GCM encryption", lambda: aead.seal(key[:12], data, key[:8])),
        ("part: sendto", lambda: sock.sendto(data, own)),
    ):
        line(name, 1400, microseconds(lambda c=call: [c() for _ in range(PACKETS)], PACKETS))  # type: ignore[misc] # bound at once
    sock.close()


def planes(device: Callable[[], ListDevice | Interface], kind: str) -> None:
    """Both directions, every transform and size."""
    for octets in SIZES:
        for transform in TRANSFORMS:
            bench = Bench(transform, device())
            if kind == "plane":
                line(
                    f"plane alone, up {transform.name}",
                    octets,
                    upward(bench, octets, through_socket=False),
                )
            up = upward(bench, octets, through_socket=True)
            line(f"{kind} + socket, up {transform.name}", octets, up)
            line(f"{kind} + socket, down {transform.name}", octets, downward(bench, octets))
            assert set(bench.plane.drops) <= {"socket refused the packet"}, bench.plane.drops
            bench.close()
            bench = Bench(transform, device(), segmented=True)
            line(f"{kind} + UDP_GRO, up {transform.name}", octets, upward_in_trains(bench, octets))
            line(f"{kind} + UDP_SEGMENT, down {transform.name}", octets, downward(bench, octets))
            bench.close()


def main(_arguments: list[str]) -> int:
    """Print the table."""
    say(f"Python {sys.version.split()[0]}")
    say(f"{'':54} {'octets':>6} {'us':>8} {'packets/s':>12} {'Mbit/s':>10}")
    for transform in (*TRANSFORMS, SLOW):
        for octets in SIZES:
            esp(transform, octets)
    parts()
    if reason := refusal():
        say(f"no TUN: {reason}")
        planes(ListDevice, "plane")
        return 0
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        planes(ListDevice, "plane")
        planes(lambda: Interface(SETTINGS), "TUN")
    return 0
