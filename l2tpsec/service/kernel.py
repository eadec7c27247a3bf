"""What the settings ask for and this host's kernel has not: left out, and said."""

from dataclasses import replace

from l2tpsec.config.schema import Settings
from l2tpsec.dataplane import sysctl

NO_IPV6 = (
    "no IPv6 for clients: this kernel has none, so [address] ipv6_pool and [pools] ipv6 are left"
    " out; switch IPv6 on, or leave them out of the file"
)


def fitted(settings: Settings) -> tuple[Settings, str]:
    """Return the settings as this kernel can serve them, and why they differ; "" if they do not.

    A host without IPv6 serves by IPv4 all the same.
    """
    wanted = settings.address.ipv6_pool is not None
    if not wanted or sysctl.read("ipv6/conf/all/forwarding") is not None:
        return settings, ""
    pools = {name: replace(pool, ipv6=None) for name, pool in settings.pools.items()}
    address = replace(settings.address, ipv6_pool=None)
    return replace(settings, address=address, pools=pools), NO_IPV6
