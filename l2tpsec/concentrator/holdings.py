"""Addresses and prefixes as the settings have them; the source of them all."""

from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.pool import Pool
from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves
from l2tpsec.concentrator.settings import AddressSettings


def chain(settings: AddressSettings) -> Chain:
    """Return the sources of IPv4 addresses in their order, the gateway's own left out."""
    named = {name: Pool(row.networks, (settings.gateway,)) for name, row in settings.pools.items()}
    reserved = (settings.gateway, *settings.dhcp_servers)
    return Chain(settings.sources, Pool(settings.pool, (settings.gateway,)), named, reserved)


def prefixes(settings: AddressSettings) -> Reserves:
    """Return the IPv6 prefixes, the named ones too."""
    named = {name: Prefixes(row.ipv6) for name, row in settings.pools.items() if row.ipv6}
    return Reserves(Prefixes(settings.ipv6_pool), named)
