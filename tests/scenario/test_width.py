"""A path of 1,420 octets: the client is told, TCP both ways, senders inside; nothing is larger."""

from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, defragment

from tests.network.internet import ESP, Packet
from tests.network.world import SETTINGS, World
from tests.peers.profiles import PROFILES, Profile

OUTER_MTU = 1420
MRU = 1
FAR = "192.0.2.200"
SYN = TCP(flags="S", options=[("MSS", 1460)])


class Narrow:
    """A client behind that path, connected; `longest` is the longest packet of the server's."""

    def __init__(self, profile: Profile, monkeypatch: pytest.MonkeyPatch, *, nat: bool) -> None:
        self.world = World(settings=replace(SETTINGS, outer_mtu=OUTER_MTU))
        self.longest = 0
        self.written: list[bytes] = []
        self._watch(monkeypatch)
        self.host = self.world.host(profile, None if nat else self.world.internet)
        self.world.dial(self.host)
        (self.subscriber,) = self.world.server.concentrator.subscribers
        self.address = str(self.host.client.inner_address)

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        site = self.world.site
        carry = site.segment.carry

        def watched(packet: Packet) -> None:
            if packet.source.address == site.address:
                overhead = 20 if packet.protocol == ESP else 28
                self.longest = max(self.longest, overhead + len(packet.payload))
            carry(packet)

        monkeypatch.setattr(site.segment, "carry", watched)
        forwarder = self.world.server.plane._forwarder
        monkeypatch.setattr(forwarder, "_write", self.written.append)

    def up(self, packet: IP) -> IP:
        """Let the client send, and return what the kernel gets."""
        self.host._send(self.host.client.send(bytes(packet), self.world.clock.now))
        self.world.run(0.5)
        return IP(self.written.pop())

    def down(self, packet: IP) -> list[IP]:
        """Let the kernel send, and return what the client gets."""
        before = len(self.host.client.packets)
        self.world.server.inside.post(bytes(packet))
        self.world.run(0.5)
        return [IP(each) for each in self.host.client.packets[before:]]


@pytest.fixture(params=PROFILES, ids=lambda profile: profile.name)
def profile(request: pytest.FixtureRequest) -> Profile:
    return request.param  # type: ignore[no-any-return] # pytest's params are untyped


@pytest.fixture(params=[True, False], ids=["nat", "no-nat"])
def narrow(
    profile: Profile, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Narrow:
    return Narrow(profile, monkeypatch, nat=request.param)


def test_everything_fits(narrow: Narrow) -> None:
    mtu = narrow.subscriber.mtu
    told_mru = int.from_bytes(narrow.host.client.ppp.lcp.theirs[MRU])
    assert mtu <= told_mru < 1350

    out = narrow.up(IP(src=narrow.address, dst=FAR) / SYN)
    (back,) = narrow.down(IP(src=FAR, dst=narrow.address) / SYN)
    assert out[TCP].options == back[TCP].options == [("MSS", mtu - 40)]

    fits = IP(src=FAR, dst=narrow.address, flags="DF") / UDP() / bytes(mtu - 28)
    assert [len(packet) for packet in narrow.down(fits)] == [mtu]
    assert narrow.down(fits / b"!") == []
    told = IP(narrow.written.pop())
    assert (told.dst, told[ICMP].type, told[ICMP].code) == (FAR, 3, 4)
    assert told[ICMP].nexthopmtu == mtu

    pieces = narrow.down(IP(src=FAR, dst=narrow.address, id=7) / UDP() / bytes(3000))
    assert all(len(piece) <= mtu for piece in pieces)
    assert len(defragment(pieces)[0][UDP].payload) == 3000
    assert mtu < narrow.longest <= OUTER_MTU
