"""What every system needs to know of a connection, and which algorithms it may ask for."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from l2tpsec.protocols.ike.policy import Policy


@dataclass(frozen=True, slots=True)
class Connection:
    """One person's connection to this server.

    `routes`: what goes through the tunnel, empty for everything. `behind_nat`: the server is, so
    that Windows refuses it unless told otherwise. `authentication` is [ppp]'s, by preference.
    """

    name: str
    server: str
    psk: str = field(repr=False)
    user: str
    password: str | None = field(repr=False)
    domain: str
    routes: tuple[IPv4Network, ...]
    behind_nat: bool
    authentication: tuple[str, ...]
    policy: Policy

    def allows_suite(self, name: str) -> bool:
        """Tell whether a phase-1 suite is allowed, as `aes256-cbc/sha1/modp2048`."""
        return any(suite.name == name for suite in self.policy.suites)

    def allows_transform(self, name: str) -> bool:
        """Tell whether an ESP transform is allowed, as `aes256-cbc/hmac-sha1-96`."""
        return any(row.name == name for row in self.policy.transforms)

    def allows_group(self, name: str) -> bool:
        """Tell whether a Diffie-Hellman group is allowed, as `modp1024`."""
        return any(group.name == name for group in self.policy.groups)


class Unservable(Exception):  # noqa: N818 - a fact about a system and a policy
    """The configuration does not let this system dial in; the text says what to change."""
