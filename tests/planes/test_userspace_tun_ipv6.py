"""IPv6 through a real TUN, in a network namespace of the test's own."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6

from l2tpsec.dataplane import sysctl
from l2tpsec.dataplane.contract import Offload, PlaneSettings
from l2tpsec.model.counters import Counters
from tests.planes.namespace import network_namespace
from tests.planes.tunnel import IDS, PEER, Wire

pytestmark = [pytest.mark.root, pytest.mark.ipv6]

POOL = IPv6Network("2001:db8:99::/56")
PRIVATE = IPv6Network("fd00:1:2::/56")
SETTINGS = PlaneSettings(IPv4Address("10.99.0.1"), (IPv4Network("10.99.0.0/24"),), ipv6_pool=POOL)
PREFIX = IPv6Network("2001:db8:99:1::/64")
CLIENT, GATEWAY = str(PREFIX[5]), str(POOL[1])


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield


@pytest.fixture(params=list(Offload))
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(replace(SETTINGS, offload=request.param))
    # The kernel answers for a new address only after a moment.
    until(lambda: shown("route", "get", GATEWAY).startswith("local"))
    wire.plane.start_forwarding_ipv6(PEER, IDS, PREFIX, 1300)
    yield wire
    wire.plane.close()


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit


def shown(*words: str) -> str:
    return subprocess.run(["ip", "-6", *words], capture_output=True, text=True, check=True).stdout


def test_the_kernel_answers_a_ping(wire: Wire) -> None:
    request = IPv6(src=CLIENT, dst=GATEWAY) / ICMPv6EchoRequest(id=1, seq=2, data=b"hello")
    wire.up(bytes(request))
    (packet,) = wire.down()
    answer = IPv6(packet)
    assert (answer.src, answer.dst) == (GATEWAY, CLIENT)
    assert answer[ICMPv6EchoReply].data == b"hello"
    assert wire.plane.close_session(PEER, IDS) == Counters(1, 53, 1, 53)


def test_path_mtu_is_discovered(wire: Wire) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.connect((CLIENT, 4000))
        server.send(bytes(1300 - 48))
        assert [len(packet) for packet in wire.down()] == [1300]
        server.send(bytes(1300 - 47))
        assert wire.down(1) == []
        with pytest.raises(OSError, match="Message too long"):
            server.send(bytes(1300 - 47))
        # The kernel has learnt the width and makes fragments now.
        server.send(bytes(1300 - 47))
    pieces = [IPv6(packet) for packet in wire.down()]
    assert len(pieces) == 2
    assert all(piece.nh == 44 and len(piece) <= 1300 for piece in pieces)


def test_a_prefix_outside_the_pool_works(wire: Wire) -> None:
    outside = IPv6Network("2001:db8:5:5::/64")
    wire.plane.start_forwarding_ipv6(PEER, IDS, outside, 1400)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.sendto(b"hello", (str(outside[7]), 4000))
    (packet,) = wire.down()
    assert (IPv6(packet).src, IPv6(packet)[UDP].dport) == (GATEWAY, 4000)
    assert str(outside) in shown("route")
    wire.plane.close_session(PEER, IDS)
    assert str(outside) not in shown("route")


def test_the_interface_is_nobodys_host(wire: Wire) -> None:
    """It has no link-local address, no ear for advertisements; the host forwards as before."""
    addresses = shown("address", "show", "dev", wire.plane.device.name)
    assert addresses.count("inet6") == 1
    assert f"{GATEWAY}/128" in addresses
    assert sysctl.read("ipv6/conf/l2tp0/accept_ra") == "0"
    assert sysctl.read("ipv6/conf/all/forwarding") == "0"
    assert any("net.ipv6.conf.all.forwarding is 0" in note for note in wire.plane.notes)


def test_it_leaves_nothing_behind() -> None:
    before = shown("route"), shown("address")
    rules = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    wire = Wire(replace(SETTINGS, masquerade=True, ipv6_pool=PRIVATE))
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    assert "table ip6 l2tpsec" in tables.stdout
    assert sysctl.read("ipv6/conf/all/forwarding") == "1"
    wire.plane.close()
    after = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    assert after.stdout == rules.stdout
    assert (shown("route"), shown("address")) == before


def test_a_client_that_forges_reaches_nobody(wire: Wire) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind((GATEWAY, 5000))
        server.settimeout(30)
        forged = IPv6(src=str(IPv6Address("2001:db8:99:2::5")), dst=GATEWAY) / UDP(dport=5000)
        wire.up(bytes(forged))
        wire.up(bytes(IPv6(src=CLIENT, dst=GATEWAY) / UDP(sport=4000, dport=5000) / b"ask"))
        # What was forged would have come first.
        assert server.recv(100) == b"ask"
