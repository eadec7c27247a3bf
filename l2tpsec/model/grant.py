"""What AAA and addressing hand back: what a subscriber may have, and for how long."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from l2tpsec.model.policy import NO_FILTER, NO_RATE, Filter, Policy, Rate


@dataclass(frozen=True, slots=True)
class Verdict:
    """RADIUS's answer to credentials.

    `message` is what the protocol carries to the client: MS-CHAPv2's `S=...` text on success,
    `E=691 ...` on failure, a plain text, or a whole EAP packet; empty when the server sent none.
    """

    accepted: bool
    message: bytes = b""


@dataclass(frozen=True, slots=True)
class Challenge:
    """RADIUS's next question, a whole EAP Request; None: how long to wait is ours to choose."""

    request: bytes
    wait_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A network behind a client, as the text of an attribute names it.

    `network` is None where that is no route; `gateway` where it is the client itself.
    """

    attribute: str
    text: str
    network: IPv4Network | IPv6Network | None
    gateway: IPv4Address | IPv6Address | None = None

    @property
    def version(self) -> int:
        """The version of IP."""
        return self.network.version if self.network else 6 if "IPv6" in self.attribute else 4


@dataclass(frozen=True, slots=True)
class Grant:
    """What an Access-Accept allows. None: not said by the server.

    `name` is the user's for accounting, as octets; `user` the same, fit for logs. `renews`: RADIUS
    is asked again when the session times out, with the `state` that it gave.
    """

    user: str
    name: bytes = b""
    address: IPv4Address | None = None
    pool: str = ""
    client_may_choose: bool = False
    dns: tuple[IPv4Address, ...] = ()
    wins: tuple[IPv4Address, ...] = ()
    domain: str = ""
    routes: tuple[IPv4Network, ...] = ()
    sites: tuple[Site, ...] = ()
    table_group: str = ""
    mtu: int | None = None
    ipv6_prefix: IPv6Network | None = None
    ipv6_pool: str = ""
    ipv6_dns: tuple[IPv6Address, ...] = ()
    interface_identifier: bytes = b""
    session_timeout_seconds: int | None = None
    renews: bool = False
    state: bytes = b""
    idle_timeout_seconds: int | None = None
    interim_interval_seconds: int | None = None
    session_limit: int | None = None
    replace_oldest: bool = False
    octet_quota: int | None = None
    classes: tuple[bytes, ...] = ()
    chargeable_identity: bytes = b""
    filter: Filter = NO_FILTER
    up: Rate = NO_RATE
    down: Rate = NO_RATE

    @property
    def policy(self) -> Policy:
        """What its packets must obey."""
        return Policy(self.filter, self.up, self.down)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What IPCP gives to a client: its address, ours, and name servers (RFC 1332, 1877).

    `interface_identifier` is the one that IPV6CP wants of it, in 8 octets; empty: its own choice.
    """

    address: IPv4Address
    gateway: IPv4Address
    dns: tuple[IPv4Address, ...] = ()
    wins: tuple[IPv4Address, ...] = ()
    interface_identifier: bytes = b""
