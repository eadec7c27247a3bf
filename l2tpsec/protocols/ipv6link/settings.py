"""What a link's router says of the link."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """One for each link.

    `prefix` is the /64 in which the client makes its addresses, `mtu` in octets; `identifier` is
    our interface identifier of 8 octets, as IPV6CP agreed on it; `duid` names our DHCPv6 server
    (RFC 8415 section 11).
    """

    prefix: IPv6Network
    mtu: int
    identifier: bytes
    duid: bytes
    dns: tuple[IPv6Address, ...] = ()
    domain: str = ""

    @property
    def address(self) -> bytes:
        """Our link-local address in 16 octets (RFC 5072 section 5)."""
        return b"\xfe\x80" + bytes(6) + self.identifier


def duid(octets: bytes) -> bytes:
    """Return a DHCP unique identifier of a UUID made of 16 random octets (RFC 8415 11.5)."""
    uuid = bytearray(octets)
    uuid[6] = uuid[6] & 0x0F | 0x40
    uuid[8] = uuid[8] & 0x3F | 0x80
    return b"\x00\x04" + bytes(uuid)
