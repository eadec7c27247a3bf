"""What lies behind the server's TUN: a host that counts numbered packets and can answer them."""

from collections import defaultdict
from ipaddress import IPv4Address

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.userspace.coalescing import Train
from l2tpsec.protocols.inet.checksum import checksum

HOST = IPv4Address("192.0.2.200")


def numbered(source: IPv4Address, destination: IPv4Address, number: int) -> bytes:
    """An IPv4 packet that carries a number in UDP."""
    payload = number.to_bytes(8)
    udp = bytes((0x30, 0x39, 0x30, 0x39)) + (8 + len(payload)).to_bytes(2) + bytes(2) + payload
    octets = (20 + len(udp)).to_bytes(2)
    front = bytes((0x45, 0)) + octets + bytes((0, 0, 0, 0, 64, 17))
    ends = source.packed + destination.packed
    return front + checksum(front + bytes(2) + ends).to_bytes(2) + ends + udp


def number_of(packet: bytes) -> int:
    """Return the number of such a packet."""
    return int.from_bytes(packet[28:36])


def nothing() -> None:
    """Stand in for a server that is not there."""


class Inside:
    """A TUN of the server and the one host behind it; `heard` has the numbers by their sender.

    What came by IPv6 is in `ipv6`, whole.
    """

    name = "inside"
    notes: tuple[str, ...] = ()

    pending = False

    def __init__(self) -> None:
        self.heard: defaultdict[IPv4Address, list[int]] = defaultdict(list)
        self.routes: list[object] = []
        self.taken: list[object] = []
        self.rules: list[tuple[object, int]] = []
        self.ipv6: list[bytes] = []
        self.answers = False
        self.wake = nothing
        self._waiting: list[bytes] = []

    def send(self, destination: IPv4Address, number: int) -> None:
        """Send a numbered packet to a client."""
        self.post(numbered(HOST, destination, number))

    def post(self, packet: bytes) -> None:
        """Send any packet to a client."""
        self._waiting.append(packet)
        self.wake()

    # the face of a Device

    def fileno(self) -> int:
        return 99

    def read(self) -> bytes:
        return self._waiting.pop(0) if self._waiting else b""

    def flush(self) -> int:
        """Hold nothing back."""
        return 0

    def write(self, packet: bytes) -> None:
        if packet[0] >> 4 == 6:
            self.ipv6.append(packet)
            return
        source, number = IPv4Address(packet[12:16]), number_of(packet)
        self.heard[source].append(number)
        if self.answers:
            self.send(source, number)

    def write_train(self, train: Train) -> None:
        for packet in train.packets:
            self.write(packet)

    def add_route(self, place: object) -> None:
        self.routes.append(place)

    def claim_route(self, network: object) -> None:
        if network in self.taken:
            raise DataPlaneError(f"no route to {network} here: the host has its own")
        self.routes.append(network)

    def remove_route(self, place: object) -> None:
        self.routes.remove(place)

    def add_rule(self, source: object, table: int) -> None:
        self.rules.append((source, table))

    def remove_rule(self, source: object, table: int) -> None:
        self.rules.remove((source, table))

    def close(self) -> None:
        self._waiting.clear()
