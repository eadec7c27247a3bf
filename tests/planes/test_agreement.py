"""Any order of events: the user-space plane does what the obvious one does."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from l2tpsec.crypto.ciphers import AES128_GCM
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.inet import ipv4, ipv6
from tests.planes.client import SERVER, agreed
from tests.planes.recording import RecordingRig, Sent
from tests.planes.userspace import UserspaceRig

TRANSFORM = EspTransform(AES128_GCM)
LCP = b"\xc0\x21\x09\x01\x00\x08abcd"
CONTROL = b"\xc8\x02\x00\x0c" + bytes(8)
SERVICE = IPv4Address("192.0.2.1")

peers = st.sampled_from([PeerId(1), PeerId(2)])
spis = st.sampled_from([0x1000, 0x2000, 0x3000])
sessions = st.sampled_from([SessionIds(1, 1, 5, 6, 1701), SessionIds(1, 2, 5, 7, 1701)])
addresses = st.sampled_from([IPv4Address("10.99.0.2"), IPv4Address("10.99.0.3")])
prefixes = st.sampled_from([IPv6Network("2001:db8:99:2::/64"), IPv6Network("2001:db8:99:3::/64")])
fars = st.sampled_from(["2001:db8::9", "2001:db8:99:3::1", "ff02::2", "fe80::1", "ff05::2", "::1"])
remotes = st.sampled_from([Endpoint("203.0.113.7", 61000), Endpoint("203.0.113.7", 61001)])


def packet(source: IPv4Address, destination: IPv4Address) -> bytes:
    return ipv4.encode(ipv4.Ipv4(17, source.packed, destination.packed, b"payload!"))


def packet_ipv6(source: IPv6Address, destination: IPv6Address) -> bytes:
    return ipv6.encode(
        ipv6.Ipv6(17, source.packed, destination.packed, b"\x02\x22\x02\x23\0\x08\0\0")
    )


class Agreement(RuleBasedStateMachine):
    """Everything is done to both; what comes out is compared after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.real = UserspaceRig()
        self.plain = RecordingRig()
        self.both: tuple[UserspaceRig, RecordingRig] = (self.real, self.plain)
        self.sent = list[Sent]()

    @initialize()
    def two_clients(self) -> None:
        """Begin where things can go wrong: several pairs, two sessions each."""
        for peer, spi in ((1, 0x1000), (1, 0x2000), (2, 0x3000)):
            self.install(PeerId(peer), spi, Endpoint("203.0.113.7", 61000))
            self.confirm(PeerId(peer), spi)
            for session in (1, 2):
                self.open_session(PeerId(peer), SessionIds(1, session, 5, 5 + session, 1701))

    @rule(peer=peers, spi=spis, remote=remotes)
    def install(self, peer: PeerId, spi: int, remote: Endpoint) -> None:
        pair = agreed(TRANSFORM, spi, remote=remote)
        for rig in self.both:
            rig.install(peer, pair)

    @rule(peer=peers, spi=spis)
    def confirm(self, peer: PeerId, spi: int) -> None:
        for rig in self.both:
            rig.plane.confirm(peer, spi)

    @rule(peer=peers, spi=spis)
    def remove(self, peer: PeerId, spi: int) -> None:
        for rig in self.both:
            rig.plane.remove(peer, spi)

    @rule(peer=peers)
    def remove_peer(self, peer: PeerId) -> None:
        for rig in self.both:
            rig.plane.remove_peer(peer)

    @rule(peer=peers, remote=remotes)
    def move(self, peer: PeerId, remote: Endpoint) -> None:
        for rig in self.both:
            rig.plane.move(peer, Path(SERVER, remote))

    @rule(peer=peers, ids=sessions)
    def open_session(self, peer: PeerId, ids: SessionIds) -> None:
        for rig in self.both:
            rig.plane.open_session(peer, ids)

    @rule(peer=peers, ids=sessions, address=addresses)
    def forward(self, peer: PeerId, ids: SessionIds, address: IPv4Address) -> None:
        for rig in self.both:
            rig.plane.start_forwarding(peer, ids, address, 1400)

    @rule(peer=peers, ids=sessions, prefix=prefixes)
    def forward_ipv6(self, peer: PeerId, ids: SessionIds, prefix: IPv6Network) -> None:
        for rig in self.both:
            rig.plane.start_forwarding_ipv6(peer, ids, prefix, 1400)

    @rule(spi=spis, ids=sessions, prefix=prefixes, host=st.integers(0, 3), far=fars)
    def traffic_ipv6(
        self, spi: int, ids: SessionIds, prefix: IPv6Network, host: int, far: str
    ) -> None:
        if spi in self.real.clients:
            source = prefix[host] if host else IPv6Address("fe80::5")
            body = b"\x00\x57" + packet_ipv6(source, IPv6Address(far))
            for rig in self.both:
                rig.arrive_frame(spi, ids.tunnel, ids.session, body)

    @rule(prefix=prefixes)
    def answer_ipv6(self, prefix: IPv6Network) -> None:
        for rig in self.both:
            rig.from_kernel(packet_ipv6(IPv6Address("2001:db8::9"), prefix[1]))

    @rule(peer=peers, ids=sessions)
    def close_session(self, peer: PeerId, ids: SessionIds) -> None:
        real, plain = (rig.plane.close_session(peer, ids) for rig in self.both)
        assert real == plain

    @rule(peer=peers, ids=sessions)
    def send(self, peer: PeerId, ids: SessionIds) -> None:
        for rig in self.both:
            rig.plane.send_frame(peer, ids, LCP)
            rig.plane.send_control(peer, ids.port, CONTROL)

    @rule(spi=spis, remote=remotes)
    def control(self, spi: int, remote: Endpoint) -> None:
        if spi in self.real.clients:
            for rig in self.both:
                rig.arrive_control(spi, CONTROL, remote=remote)

    @rule(spi=spis, ids=sessions, address=addresses, traffic=st.booleans())
    def frame(self, spi: int, ids: SessionIds, address: IPv4Address, traffic: bool) -> None:
        if spi in self.real.clients:
            body = b"\x00\x21" + packet(address, SERVICE) if traffic else LCP
            for rig in self.both:
                rig.arrive_frame(spi, ids.tunnel, ids.session, body)

    @rule(address=addresses)
    def answer(self, address: IPv4Address) -> None:
        for rig in self.both:
            rig.from_kernel(packet(SERVICE, address))

    @invariant()
    def agree(self) -> None:
        self.sent += self.real.sent
        assert self.sent == self.plain.sent
        assert self.real.heard == self.plain.heard
        assert self.real.to_kernel == self.plain.to_kernel
        assert self.real.plane.size == self.plain.plane.size


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=100, stateful_step_count=40)
