"""Whole transfers through the user-space plane between the kernels of two hosts.

Both verify checksums: the far host's own TUN has no part in any offload.
"""

import contextlib
import errno
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import TextIO

import pytest
from scapy.layers.inet import IP, UDP

from l2tpsec.dataplane.contract import Offload, PlaneSettings
from l2tpsec.dataplane.userspace.carrier import NO_SESSION
from l2tpsec.dataplane.userspace.tun import Tun
from tests.planes.namespace import has_ipv6, network_namespace
from tests.planes.tunnel import IDS, PEER, Wire

pytestmark = pytest.mark.root

SETTINGS = PlaneSettings(
    IPv4Address("10.99.0.1"),
    (IPv4Network("10.99.0.0/24"),),
    ipv6_pool=IPv6Network("2001:db8:99::/56") if has_ipv6() else None,
)
PREFIX = IPv6Network("2001:db8:99:1::/64")
ENDS = {
    socket.AF_INET: ("10.99.0.2", "10.99.0.1"),
    socket.AF_INET6: ("2001:db8:99:1::2", "2001:db8:99::1"),
}
IPV6_OF_FAR = ("addr add 2001:db8:99:1::2/64 dev far nodad", "route add 2001:db8:99::1 dev far")
MTU = 1400
OCTETS = 1 << 20
PATIENCE_SECONDS = 30
SNMP = Path("/proc/thread-self/net/snmp")
"""Open, it stays the file of the namespace that it was opened in."""


class Far:
    """The client's host: its kernel, reached by a TUN of its own."""

    def __init__(self) -> None:
        with network_namespace():
            self.tun = Tun("far")
            for command in (
                f"link set far mtu {MTU} up",
                "addr add 10.99.0.2/24 dev far",
                *(IPV6_OF_FAR if has_ipv6() else ()),
            ):
                subprocess.run(["ip", *command.split()], check=True)
            families = list(ENDS) if has_ipv6() else [socket.AF_INET]
            self.sockets = {family: socket.socket(family) for family in families}
            self.snmp = SNMP.open()
            self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def close(self) -> None:
        self.tun.close()
        self.datagrams.close()
        self.snmp.close()
        for sock in self.sockets.values():
            sock.close()


def errors_of(snmp: TextIO) -> int:
    """Segments and datagrams of which the checksum was wrong, as the file's kernel counts them."""
    snmp.seek(0)
    rows = [line.split() for line in snmp]
    counted = 0
    for names, values in zip(rows[::2], rows[1::2], strict=True):
        if names[0] in {"Tcp:", "Udp:"}:
            row = dict(zip(names, values, strict=True))
            counted += int(row["InCsumErrors"])
    return counted


class Hosts:
    """The server's kernel here, the client's there, and the plane between them."""

    def __init__(self, offload: Offload) -> None:
        self.wire = Wire(replace(SETTINGS, offload=offload))
        plane = self.wire.plane
        plane.start_forwarding(PEER, IDS, IPv4Address("10.99.0.2"), MTU)
        plane.start_forwarding_ipv6(PEER, IDS, PREFIX, MTU)
        self.far = Far()
        self.snmp = SNMP.open()
        self.up = self.down = 0

    def close(self) -> None:
        self.wire.plane.close()
        self.snmp.close()
        self.far.close()

    def carry(self) -> None:
        """Bring what waits to the other side, a batch each way."""
        packets = list(iter(self.far.tun.read, b""))
        self.up += len([packet for packet in packets if wanted(packet)])
        self.wire.up_together(packets)
        if select.select([self.wire.plane.fileno()], [], [], 0)[0]:
            self.wire.plane.tun_readable()
        for packet in self.wire.opened():
            self.down += wanted(packet)
            self.far.tun.write(packet)

    def transfer(self, source: socket.socket, sink: socket.socket) -> None:
        """Bring a megabyte from one to the other."""
        data = os.urandom(OCTETS)
        sent, got = 0, bytearray()
        while len(got) < OCTETS:
            watched = [sink.fileno(), self.wire.plane.fileno(), self.far.tun.fileno()]
            readable, writable, _ = select.select(
                watched, [source] if sent < OCTETS else [], [], PATIENCE_SECONDS
            )
            assert readable or writable
            if writable:
                sent += source.send(data[sent:])
            self.carry()
            with contextlib.suppress(BlockingIOError):
                got += sink.recv(OCTETS)
        assert got == data

    def connected(self, family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
        """Return the client's end and the server's."""
        client_address, address = ENDS[family]
        with socket.socket(family) as listener:
            listener.bind((address, 5000))
            listener.listen()
            listener.settimeout(PATIENCE_SECONDS)
            client = self.far.sockets[family]
            client.setblocking(False)
            assert client.connect_ex((address, 5000)) == errno.EINPROGRESS
            limit = time.monotonic() + PATIENCE_SECONDS
            while not select.select([listener], [], [], 0.01)[0]:
                assert time.monotonic() < limit
                self.carry()
            server, (name, *_) = listener.accept()
            assert name == client_address
            server.setblocking(False)
        return client, server


def wanted(packet: bytes) -> bool:
    """Whether it is forwarded, and not said to the link."""
    return packet[0] >> 4 == 4 or packet[24] != 0xFF


@pytest.fixture(params=list(Offload))
def offload(request: pytest.FixtureRequest) -> Offload:
    assert isinstance(request.param, Offload)
    return request.param


@pytest.fixture
def hosts(offload: Offload) -> Iterator[Hosts]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        hosts = Hosts(offload)
        yield hosts
        hosts.close()


def received(hosts: Hosts) -> int:
    """Packets that the server's kernel got by the interface."""
    name = hosts.wire.plane.device.name
    rows = Path("/proc/thread-self/net/dev").read_text().splitlines()
    row = next(row for row in rows if row.strip().startswith(f"{name}:"))
    return int(row.partition(":")[2].split()[1])


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(socket.AF_INET, id="IPv4"),
        pytest.param(socket.AF_INET6, id="IPv6", marks=pytest.mark.ipv6),
    ],
)
def test_a_transfer_each_way(hosts: Hosts, offload: Offload, family: socket.AddressFamily) -> None:
    client, server = hosts.connected(family)
    hosts.transfer(client, server)
    fewer = received(hosts) < hosts.up
    assert fewer is (offload != Offload.OFF)
    hosts.transfer(server, client)
    client.close()
    server.close()
    counters = hosts.wire.plane.counters(PEER, IDS)
    assert (counters.input_packets, counters.output_packets) == (hosts.up, hosts.down)
    assert counters.input_octets > OCTETS < counters.output_octets
    # The kernel has things of its own to say on the link, to nobody here.
    assert set(hosts.wire.plane.drops) <= {NO_SESSION}
    assert errors_of(hosts.snmp) == errors_of(hosts.far.snmp) == 0


def test_datagrams_stay_apart_and_in_order(hosts: Hosts) -> None:
    """One of them is corrupt: that one alone is missing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("10.99.0.1", 5000))
        server.settimeout(PATIENCE_SECONDS)
        bodies = [os.urandom(200) for _ in range(40)]
        packets = [
            bytes(IP(src="10.99.0.2", dst="10.99.0.1", id=n) / UDP(sport=9, dport=5000) / body)
            for n, body in enumerate(bodies)
        ]
        packets[20] = packets[20][:-1] + bytes((packets[20][-1] ^ 1,))
        hosts.wire.up_together(packets)
        assert [server.recv(2000) for _ in range(39)] == bodies[:20] + bodies[21:]
        assert errors_of(hosts.snmp) == 1


def test_large_datagrams_of_the_server_are_cut_for_the_client(hosts: Hosts) -> None:
    """UDP_SEGMENT, as QUIC servers use it: the kernel cuts, or we do."""
    body = os.urandom(40 * 1000)
    # More than one wake-up takes.
    times = 2
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        size = (socket.SOL_UDP, 103, (1000).to_bytes(2, "little"))
        for _ in range(times):
            server.sendmsg([body], [size], 0, ("10.99.0.2", 5000))
    hosts.far.datagrams.bind(("10.99.0.2", 5000))
    hosts.far.datagrams.settimeout(PATIENCE_SECONDS)
    while hosts.down < 40 * times:
        assert select.select([hosts.wire.plane], [], [], PATIENCE_SECONDS)[0]
        hosts.carry()
    pieces = [hosts.far.datagrams.recv(2000) for _ in range(40 * times)]
    assert b"".join(pieces) == body * times
