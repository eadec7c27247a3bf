"""A user-space plane with one client."""

from ipaddress import IPv4Address

from l2tpsec.crypto.ciphers import AES128_GCM, AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.inet import ipv4, udp
from tests.planes.client import agreed
from tests.planes.userspace import UserspaceRig

CBC = EspTransform(AES256_CBC, HMAC_SHA1_96)
GCM = EspTransform(AES128_GCM)
PEER = PeerId(1)
IDS = SessionIds(7, 8, 9, 10, 1701)
SPI = 0x1000
ADDRESS, SERVICE = IPv4Address("10.99.0.2"), IPv4Address("192.0.2.1")
ELSEWHERE = Endpoint("203.0.113.9", 62000)
CONTROL = b"\xc8\x02\x00\x0c" + bytes(8)
LCP = b"\xc0\x21\x09\x01\x00\x08abcd"


def forwarding(**kwargs: int | bool | None) -> UserspaceRig:
    """One peer, one pair, one session that forwards at an MTU of 1400 octets."""
    rig = UserspaceRig()
    rig.install(PEER, agreed(CBC, SPI, **kwargs))  # type: ignore[arg-type] # by name
    rig.plane.confirm(PEER, SPI)
    rig.plane.open_session(PEER, IDS)
    rig.plane.start_forwarding(PEER, IDS, ADDRESS, 1400)
    return rig


def ip(source: IPv4Address = ADDRESS, destination: IPv4Address = SERVICE, **kw: bytes) -> bytes:
    body = udp.encode(udp.Udp(1, 2, b"payload"), source.packed, destination.packed)
    fields = ipv4.Ipv4(17, source.packed, destination.packed, body, options=kw.get("options", b""))
    return ipv4.encode(fields)


def arrive(rig: UserspaceRig, payload: bytes) -> None:
    """Deliver whatever is inside ESP."""
    rig.arrive(SPI, rig.clients[SPI].outbound.seal(payload))
