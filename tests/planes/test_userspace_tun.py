"""The user-space plane over a real TUN, in a network namespace of its own."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Self

import pytest
from scapy.layers.inet import ICMP, IP

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, Offload, PlaneSettings
from l2tpsec.dataplane.libnftables import Nftables
from l2tpsec.dataplane.userspace.interface import Interface
from l2tpsec.model.counters import Counters
from l2tpsec.protocols.inet import ipv4, udp
from tests.planes.namespace import network_namespace
from tests.planes.tunnel import IDS, PEER, Wire

IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_DO = 10, 0, 2

pytestmark = pytest.mark.root

SETTINGS = PlaneSettings(IPv4Address("10.99.0.1"), (IPv4Network("10.99.0.0/24"),))
ADDRESS = IPv4Address("10.99.0.2")
GATEWAY = SETTINGS.gateway.packed


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield


@pytest.fixture(params=list(Offload))
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(replace(SETTINGS, offload=request.param))
    wire.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
    yield wire
    wire.plane.close()


def test_both_ways(wire: Wire) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("10.99.0.1", 5000))
        server.settimeout(30)
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


def test_it_leaves_nothing_behind() -> None:
    before = shown("link"), shown("route"), shown("rule")
    threads = threading.active_count()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        wire = Wire(replace(SETTINGS, masquerade=True))
        assert wire.plane.device.name == "l2tp0"
        assert "l2tpsec" in tables()
        wire.plane.close()
    assert (shown("link"), shown("route"), shown("rule")) == before
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert tables() == ""


def test_what_a_crash_left_is_replaced() -> None:
    subprocess.run(["nft", f"add table ip {nftables.TABLE}"], check=True)
    assert nftables.TABLE in tables()
    wire = Wire(SETTINGS)
    assert tables() == ""
    wire.plane.close()


def test_masquerade_switches_forwarding_on_and_says_so() -> None:
    wire = Wire(replace(SETTINGS, masquerade=True))
    assert sysctl.read("ipv4/ip_forward") == "1"
    assert wire.plane.notes == (
        "net.ipv4.ip_forward was 0 and is now 1, for masquerade; it stays so when the server ends",
    )
    wire.plane.close()
    again = Wire(replace(SETTINGS, masquerade=True))
    assert again.plane.notes == ()
    again.plane.close()


def test_without_forwarding_the_administrator_is_told(wire: Wire) -> None:
    (note,) = wire.plane.notes
    assert "net.ipv4.ip_forward is 0" in note
    assert sysctl.read("ipv4/ip_forward") == "0"
    assert sysctl.read("ipv4/conf/l2tp0/forwarding") == "1"
    assert sysctl.read("ipv6/conf/l2tp0/disable_ipv6") in {"1", None}


def test_a_failed_start_leaves_nothing_behind() -> None:
    threads = threading.active_count()
    first = Interface(SETTINGS)
    for settings, words in (
        (replace(SETTINGS, gateway=IPv4Address("10.99.0.9")), "choose another"),
        (replace(SETTINGS, mtu=20), "MTU of 20 octets"),
    ):
        with pytest.raises(DataPlaneError, match=words):
            Interface(settings)
    assert shown("link").count("l2tp") == 1
    first.close()
    assert threading.active_count() == threads


def test_path_mtu_is_discovered(wire: Wire) -> None:
    """A packet that is too big for the client comes back as an error to its sender."""
    wire.plane.start_forwarding(PEER, IDS, ADDRESS, 1280)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        server.connect((str(ADDRESS), 4000))
        server.send(bytes(1300))
        assert wire.down(1) == []
        with pytest.raises(OSError, match="Message too long"):
            server.send(bytes(1300))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        server.sendto(bytes(1300), (str(ADDRESS), 4000))
    assert [len(packet) for packet in wire.down()] == [1276, 72]


def test_an_address_outside_the_pool_works(wire: Wire) -> None:
    outside = IPv4Address("172.16.5.5")
    wire.plane.start_forwarding(PEER, IDS, outside, 1400)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.sendto(b"hello", (str(outside), 4000))
    (packet,) = (ipv4.decode(packet) for packet in wire.down())
    assert (packet.source, packet.destination) == (GATEWAY, outside.packed)
    wire.plane.close_session(PEER, IDS)
    assert "172.16.5.5" not in shown("route")


def test_a_client_behind_masquerade_reaches_the_world() -> None:
    """Packets leave by another interface with its address, and answers come back."""
    veth = "link add out type veth peer name far netns"
    with Far() as far:
        subprocess.run(["ip", *veth.split(), str(far.process)], check=True)
        far.run("ip link set lo up; ip addr add 192.0.2.2/24 dev far; ip link set far up")
        subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "out"], check=True)
        subprocess.run(["ip", "link", "set", "out", "up"], check=True)
        wire = Wire(replace(SETTINGS, masquerade=True))
        wire.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
        echo = bytes(IP(src="10.99.0.2", dst="192.0.2.2") / ICMP(id=5, seq=6) / b"hello")
        answers: list[bytes] = []
        for _ in range(20):
            wire.up(echo)
            answers = wire.down(1)
            if answers:
                break
        assert IP(answers[0]).src == "192.0.2.2"
        assert IP(answers[0])[ICMP].type == 0
        assert "192.0.2.1" in far.run("ip neighbour show")
        wire.plane.close()


class Far:
    """Another host: a shell in a network namespace of its own."""

    def __enter__(self) -> Self:
        self._shell = subprocess.Popen(
            ["unshare", "-n", "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.run("true")
        return self

    @property
    def process(self) -> int:
        return self._shell.pid

    def run(self, commands: str) -> str:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{commands}\necho done\n")
        self._shell.stdin.flush()
        return "".join(iter(self._shell.stdout.readline, "done\n"))

    def __exit__(self, *_: object) -> None:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.close()
        self._shell.wait(30)
        self._shell.stdout.close()


def shown(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


def tables() -> str:
    listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    return listed.stdout


def test_a_firewall_that_drops_is_named() -> None:
    chain = "type filter hook forward priority 0; policy drop;"
    subprocess.run(["nft", f"table ip filter {{ chain FORWARD {{ {chain} }}; }}"], check=True)
    wire = Wire(replace(SETTINGS, masquerade=True))
    (_, note) = wire.plane.notes
    assert note.startswith("nftables chain ip filter FORWARD drops")
    assert note.endswith("let interface l2tp0 pass there")
    wire.plane.close()


@pytest.mark.parametrize("masquerade", [False, True])
def test_nftables_that_does_not_work(masquerade: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It matters only to who wants masquerade."""

    def refuse(*_: str) -> None:
        raise DataPlaneError("nft refused the table l2tpsec: not supported")

    monkeypatch.setattr(nftables, "_run", refuse)
    monkeypatch.setattr(Nftables, "run", refuse)
    settings = replace(SETTINGS, masquerade=masquerade)
    if masquerade:
        with pytest.raises(DataPlaneError, match="not supported"):
            Interface(settings)
    else:
        Interface(settings).close()
    assert "l2tp" not in shown("link")
