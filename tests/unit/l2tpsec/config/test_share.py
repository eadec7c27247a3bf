from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.config import share
from l2tpsec.config.schema import Address, Pool, Server, Settings

POOL = (IPv4Network("10.99.0.0/24"), IPv4Network("192.0.2.64/26"), IPv4Network("203.0.113.8/32"))


@given(workers=st.integers(1, 64), cut=st.integers(1, len(POOL)))
def test_shares_are_the_pool_and_no_address_is_in_two(workers: int, cut: int) -> None:
    pool = POOL[:cut]
    shares = [list(share.pool_share(pool, worker, workers)) for worker in range(workers)]
    given_out = [address for networks in shares for network in networks for address in network]
    assert sorted(given_out) == sorted(address for network in pool for address in network)
    sizes = [sum(network.num_addresses for network in networks) for networks in shares]
    assert max(sizes) - min(sizes) <= 1


def test_half_of_a_network_is_one_route() -> None:
    shares = [list(share.pool_share(POOL[:1], worker, 2)) for worker in (0, 1)]
    assert shares == [[IPv4Network("10.99.0.0/25")], [IPv4Network("10.99.0.128/25")]]


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 64])
def test_ipv6_shares_are_apart(workers: int) -> None:
    pool = IPv6Network("fd00:99::/48")
    shares = [share.ipv6_share(pool, worker, workers) for worker in range(workers)]
    assert all(one.subnet_of(pool) for one in shares)
    assert not any(a.overlaps(b) for a in shares for b in shares if a is not b)
    if workers == 1:
        assert shares == [pool]


def test_a_worker_has_its_own_interface_and_pools_and_the_rest_whole() -> None:
    address = Address(ipv6_pool=IPv6Network("fd00:99::/56"))
    settings = Settings(server=Server(workers=2), address=address)
    second = share.of(settings, 1)
    assert second.server.tun == "l2tp1"
    assert second.address.pool == (IPv4Network("10.99.0.128/25"),)
    assert second.address.ipv6_pool == IPv6Network("fd00:99:0:80::/57")
    same = replace(
        second,
        server=replace(second.server, tun=settings.server.tun),
        address=replace(second.address, pool=address.pool, ipv6_pool=address.ipv6_pool),
    )
    assert same == settings
    assert share.interfaces(settings) == ["l2tp0", "l2tp1"]


def test_named_pools_are_shared_too() -> None:
    office = Pool((IPv4Network("10.98.0.0/24"),), IPv6Network("fd00:98::/56"))
    settings = Settings(server=Server(workers=2), pools={"office": office})
    assert share.of(settings, 1).pools == {
        "office": Pool((IPv4Network("10.98.0.128/25"),), IPv6Network("fd00:98:0:80::/57"))
    }
