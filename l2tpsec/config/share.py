"""What one of several workers has of the whole: its part of the pools, its interface, its files.

No address is in two shares. A share is contiguous, so that few routes lead to its worker.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network, summarize_address_range

from l2tpsec.config.schema import Pool, Settings


def interfaces(settings: Settings) -> list[str]:
    """Return the names of all workers' interfaces."""
    return [_interface(settings, worker) for worker in range(settings.server.workers)]


def _interface(settings: Settings, worker: int) -> str:
    return settings.server.tun.replace("%d", str(worker))


def of(settings: Settings, worker: int) -> Settings:
    """Return the settings of a worker, numbered from 0; all that is not divided stays whole."""
    workers, address = settings.server.workers, settings.address
    ipv6_pool = address.ipv6_pool and ipv6_share(address.ipv6_pool, worker, workers)
    pools = {name: _of_pool(row, worker, workers) for name, row in settings.pools.items()}
    return replace(
        settings,
        pools=pools,
        server=replace(settings.server, tun=_interface(settings, worker)),
        address=replace(
            address, pool=tuple(pool_share(address.pool, worker, workers)), ipv6_pool=ipv6_pool
        ),
    )


def _of_pool(pool: Pool, worker: int, workers: int) -> Pool:
    networks = tuple(pool_share(pool.networks, worker, workers))
    return Pool(networks, pool.ipv6 and ipv6_share(pool.ipv6, worker, workers))


def pool_share(pool: tuple[IPv4Network, ...], worker: int, workers: int) -> Iterator[IPv4Network]:
    """Cut the pool into equal runs of addresses, and return one of them as networks."""
    total = sum(network.num_addresses for network in pool)
    first, end = total * worker // workers, total * (worker + 1) // workers
    passed = 0
    for network in pool:
        low, high = max(first - passed, 0), min(end - passed, network.num_addresses)
        passed += network.num_addresses
        if low < high:
            start = int(network.network_address)
            last = IPv4Address(start + high - 1)
            yield from summarize_address_range(IPv4Address(start + low), last)


def ipv6_share(pool: IPv6Network, worker: int, workers: int) -> IPv6Network:
    """Cut the pool into as many networks as there are workers, or the next power of two."""
    bits = (workers - 1).bit_length()
    length = pool.prefixlen + bits
    start = int(pool.network_address) + (worker << (128 - length))
    return IPv6Network((start, length))
