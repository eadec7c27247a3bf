from ipaddress import IPv6Address
from uuid import UUID

from l2tpsec.protocols.ipv6link.settings import duid
from tests.unit.l2tpsec.protocols.ipv6link.hand import OURS, SETTINGS


def test_the_link_local_address() -> None:
    assert SETTINGS.address == IPv6Address(OURS).packed


def test_the_duid_is_a_random_uuid() -> None:
    octets = duid(b"\xff" * 16)
    assert octets[:2] == b"\0\x04"
    assert UUID(bytes=octets[2:]).version == 4
