from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from l2tpsec.concentrator import holdings
from l2tpsec.concentrator.addressing.chain import Exhausted, Lease
from l2tpsec.concentrator.settings import AddressSettings, NamedPool
from l2tpsec.model.grant import Grant

OFFICE = NamedPool((IPv4Network("10.98.0.0/30"),), IPv6Network("2001:db8:1::/56"))
SETTINGS = AddressSettings(
    pool=(IPv4Network("10.99.0.0/30"),),
    gateway=IPv4Address("10.99.0.1"),
    dhcp_servers=(IPv4Address("192.0.2.67"),),
    ipv6_pool=IPv6Network("2001:db8::/56"),
    pools={"office": OFFICE, "guests": NamedPool((IPv4Network("10.97.0.0/30"),))},
)


def test_addresses_of_the_usual_pool_and_of_a_named_one() -> None:
    chain = holdings.chain(SETTINGS)
    usual = chain.acquire(Grant("alice"), 1)
    assert usual == Lease(IPv4Address("10.99.0.2"), 1, "pool"), "the gateway has the first"
    office = chain.acquire(Grant("bob", pool="office"), 2)
    assert office == Lease(IPv4Address("10.98.0.1"), 2, "pool office")
    assert isinstance(chain.acquire(Grant("eve", pool="nowhere"), 3), Exhausted)


@pytest.mark.parametrize("own", ["10.99.0.1", "192.0.2.67"])
def test_what_radius_names_of_the_box_itself_is_not_given(own: str) -> None:
    grant = Grant("eve", address=IPv4Address(own))
    assert isinstance(holdings.chain(SETTINGS).acquire(grant, 1), Exhausted)


def test_prefixes_of_the_usual_pool_and_of_a_named_one() -> None:
    prefixes = holdings.prefixes(SETTINGS)
    assert IPv6Network("2001:db8:1:7::/64") in prefixes.named["office"]
    assert IPv6Network("2001:db8:0:7::/64") in prefixes.usual
    assert prefixes.pool("guests") is None
    assert not holdings.prefixes(AddressSettings())
