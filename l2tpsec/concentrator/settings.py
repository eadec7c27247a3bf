"""What the box is told at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from l2tpsec.model.policy import Filter
from l2tpsec.protocols.ike.settings import IkeSettings
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.ppp.settings import PppSettings

DEFAULT_POOL = IPv4Network("10.99.0.0/24")
DEFAULT_GATEWAY = IPv4Address("10.99.0.1")


@dataclass(frozen=True, slots=True)
class NamedPool:
    """What RADIUS can give instead of the usual pools, by name."""

    networks: tuple[IPv4Network, ...] = ()
    ipv6: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class AddressSettings:
    """Where addresses come from, and what IPCP and DHCP say besides.

    `groups` names tables of routes, by their numbers in the kernel.
    """

    sources: tuple[str, ...] = ("radius", "pool")
    pool: tuple[IPv4Network, ...] = (DEFAULT_POOL,)
    gateway: IPv4Address = DEFAULT_GATEWAY
    dns: tuple[IPv4Address, ...] = ()
    wins: tuple[IPv4Address, ...] = ()
    domain: str = ""
    routes: tuple[IPv4Network, ...] = ()
    dhcp_servers: tuple[IPv4Address, ...] = ()
    ipv6_pool: IPv6Network | None = None
    ipv6_dns: tuple[IPv6Address, ...] = ()
    pools: Mapping[str, NamedPool] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConcentratorSettings:
    """Settings of every engine and of the box itself.

    Sessions have the numbers `first_number`, that plus `number_step`, and so on: workers that share
    one server never give the same.
    """

    ike: IkeSettings
    l2tp: L2tpSettings = field(default_factory=L2tpSettings)
    ppp: PppSettings = field(default_factory=PppSettings)
    address: AddressSettings = field(default_factory=AddressSettings)
    nas_identifier: str = "l2tpsec"
    interim_interval_seconds: int = 300
    chargeable_user_identity: bool = False
    outer_mtu: int = 1500
    filters: Mapping[str, Filter] = field(default_factory=dict)
    first_number: int = 1
    number_step: int = 1
