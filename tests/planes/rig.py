"""The world in which each data plane is tried, and its clients."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Protocol

from l2tpsec.dataplane.contract import DataPlane
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint
from l2tpsec.model.policy import Filter, Policy, Rate
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.inet import ipv4, ipv6, udp
from tests.planes.client import HOME
from tests.planes.listener import Listener
from tests.planes.recording import Sent

ALICE, BOB = PeerId(1), PeerId(2)
IDS = SessionIds(0x0101, 0x0202, 0x0303, 0x0404, 1701)
OTHER = SessionIds(0x0101, 0x0505, 0x0303, 0x0606, 1701)
ADDRESS, SECOND = IPv4Address("10.99.0.2"), IPv4Address("10.99.0.3")
SERVICE = IPv4Address("192.0.2.1")
PREFIX, SECOND_PREFIX = IPv6Network("2001:db8:99:2::/64"), IPv6Network("2001:db8:99:3::/64")
FAR = IPv6Address("2001:db8:1::9")
OLD, NEW = 0x1000, 0x2000
ELSEWHERE = Endpoint("203.0.113.9", 62000)
CONTROL = b"\xc8\x02\x00\x0c" + bytes(8)
LCP = b"\xc0\x21\x09\x01\x00\x08abcd"
PLAIN_LCP = Sent(OLD, HOME, 1701, (0x0303, 0x0404), LCP)


class Rig(Protocol):
    """A plane's world; it begins at the moment 0."""

    now: float

    listener: Listener

    @property
    def plane(self) -> DataPlane: ...
    @property
    def heard(self) -> list[tuple[object, ...]]: ...
    @property
    def drops(self) -> dict[str, int]: ...
    @property
    def sent(self) -> list[Sent]: ...
    @property
    def to_kernel(self) -> list[bytes]: ...
    def install(self, peer: PeerId, pair: SaPair) -> None: ...
    def arrive_control(
        self, inbound_spi: int, datagram: bytes, port: int = 1701, remote: Endpoint | None = None
    ) -> None: ...
    def arrive_frame(
        self,
        inbound_spi: int,
        tunnel: int,
        session: int,
        frame: bytes,
        remote: Endpoint | None = None,
    ) -> None: ...
    def from_kernel(self, packet: bytes) -> None: ...


Planes = Callable[..., Rig]


def packet(source: IPv4Address, destination: IPv4Address, payload: bytes = b"x") -> bytes:
    body = udp.encode(udp.Udp(1, 2, payload), source.packed, destination.packed)
    return ipv4.encode(ipv4.Ipv4(17, source.packed, destination.packed, body))


def packet_ipv6(source: IPv6Address, destination: IPv6Address, payload: bytes = b"x") -> bytes:
    body = udp.encode(udp.Udp(1, 2, payload), source.packed, destination.packed)
    return ipv6.encode(ipv6.Ipv6(17, source.packed, destination.packed, body))


def policy(*rules: str, up: int = 0, down: int = 0) -> Policy:
    return Policy(Filter("test", tuple(map(parse, rules))), Rate(up), Rate(down))


def up(rig: Rig, *packets: bytes) -> None:
    for one in packets:
        protocol = b"\x00\x57" if one[0] >> 4 == 6 else b"\x00\x21"
        rig.arrive_frame(OLD, IDS.tunnel, IDS.session, protocol + one)
