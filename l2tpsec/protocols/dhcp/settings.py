"""What an administrator may set for DHCP."""

from dataclasses import dataclass
from ipaddress import IPv4Address


@dataclass(frozen=True, slots=True)
class DhcpSettings:
    """`gateway` is our PPP address: relay address (giaddr) towards the site, server id to clients.

    `lease_patience_seconds` ends before any client gives IPCP up: Windows after ten requests in
    20 s, pppd after 30 s.
    """

    gateway: IPv4Address
    servers: tuple[IPv4Address, ...] = ()
    nas_identifier: str = "l2tpsec"
    inform_again_seconds: float = 0.7
    inform_patience_seconds: float = 2.0
    lease_patience_seconds: float = 18.0
