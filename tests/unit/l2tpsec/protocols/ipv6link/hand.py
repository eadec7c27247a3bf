"""A link's settings, and the packets of a client on it."""

from ipaddress import IPv6Address, IPv6Network

from l2tpsec.protocols.ipv6link.settings import LinkSettings, duid

SETTINGS = LinkSettings(
    prefix=IPv6Network("2001:db8:99:5::/64"),
    mtu=1321,
    identifier=bytes.fromhex("0011223344556677"),
    duid=duid(bytes(16)),
    dns=(IPv6Address("2001:db8:99::1"), IPv6Address("2001:db8::53")),
    domain="corp.example",
)
BARE = LinkSettings(SETTINGS.prefix, 1400, SETTINGS.identifier, SETTINGS.duid)
CLIENT, OURS = "fe80::5", "fe80::11:2233:4455:6677"
