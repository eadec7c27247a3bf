"""Which networks may lead to which client."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.addressing.sites import Sites, Taken
from l2tpsec.concentrator.settings import AddressSettings, NamedPool
from l2tpsec.model.grant import Site
from l2tpsec.model.records import Level

SETTINGS = AddressSettings(
    gateway=IPv4Address("10.98.0.1"),
    dhcp_servers=(IPv4Address("10.0.0.67"),),
    ipv6_pool=IPv6Network("2001:db8:99::/56"),
    pools={"office": NamedPool((IPv4Network("10.97.0.0/24"),), IPv6Network("2001:db8:97::/56"))},
)
CLIENT, PREFIX = IPv4Address("10.99.0.5"), IPv6Network("2001:db8:99:1::/64")
OUTER = ("203.0.113.5", "198.51.100.1")


def site(network: str, gateway: str = "") -> Site:
    return Site(
        "Framed-Route", network, ip_network(network), ip_address(gateway) if gateway else None
    )


def take(sites: Sites, *wanted: Site, number: int = 1, user: str = "alice") -> Taken:
    place = PREFIX if wanted[0].version == 6 else CLIENT
    return sites.take(number, user, wanted, place, OUTER)


@pytest.mark.parametrize(
    "wanted",
    [
        site("192.168.7.0/24"),
        site("192.168.7.0/24", "10.99.0.5"),
        site("10.0.0.0/26"),
        site("2001:db8:7::/48"),
        site("2001:db8:7::/48", "fe80::1"),
        site("2001:db8:7::/48", "2001:db8:99:1::9"),
        site("fd00:7::/64"),
    ],
)
def test_a_network_leads_to_a_client(wanted: Site) -> None:
    sites = Sites(SETTINGS)
    taken = take(sites, wanted)
    assert taken.networks == (wanted.network,)
    assert [note.level for note in taken.notes] == [Level.INFO]
    assert sites.of(1) == [wanted.network]
    sites.release(1)
    assert len(sites) == 0
    assert sites.of(1) == []
    assert take(sites, wanted, user="bob").networks == taken.networks


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Site("Framed-Route", "rubbish", None), "it is no route"),
        (site("0.0.0.0/0"), "too wide"),
        (site("128.0.0.0/1"), "too wide"),
        (site("::/0"), "too wide"),
        (site("2000::/3"), "too wide"),
        (site("224.0.0.0/8"), "no hosts live there"),
        (site("127.0.0.0/8"), "no hosts live there"),
        (site("fe80::/64"), "no hosts live there"),
        (site("192.168.7.0/24", "192.168.7.1"), "gateway is not the client"),
        (site("2001:db8:7::/48", "2001:db8:99:2::9"), "gateway is not the client"),
        (site("10.99.0.0/16"), "overlaps 10.99.0.0/24, which is ours"),
        (site("10.99.0.64/26"), "overlaps 10.99.0.0/24, which is ours"),
        (site("10.98.0.0/24"), "overlaps 10.98.0.1/32"),
        (site("10.97.0.0/25"), "overlaps 10.97.0.0/24"),
        (site("10.0.0.0/25"), "overlaps 10.0.0.67/32"),
        (site("2001:db8:99::/48"), "overlaps 2001:db8:99::/56"),
        (site("2001:db8:97:1::/64"), "overlaps 2001:db8:97::/56"),
        (site("203.0.113.0/24"), "contains 203.0.113.5, by which the tunnel itself runs"),
        (site("198.51.100.0/24"), "contains 198.51.100.1"),
    ],
)
def test_what_leads_to_nobody(wanted: Site, why: str) -> None:
    sites = Sites(SETTINGS)
    taken = take(sites, wanted)
    assert taken.networks == ()
    (note,) = taken.notes
    assert why in note.text
    assert note.level is Level.WARNING
    assert len(sites) == 0


@pytest.mark.parametrize("other", ["192.168.7.0/24", "192.168.0.0/16", "192.168.7.128/25"])
def test_networks_of_different_users_do_not_overlap(other: str) -> None:
    sites = Sites(SETTINGS)
    take(sites, site("192.168.7.0/24"))
    taken = take(sites, site(other), number=2, user="bob")
    assert taken.networks == ()
    assert "192.168.7.0/24 leads to 'alice' (session 1)" in taken.notes[0].text
    beside = take(sites, site("192.168.8.0/24"), number=2, user="bob")
    assert len(beside.networks) == 1


def test_a_user_who_dials_again_takes_over() -> None:
    sites = Sites(SETTINGS)
    take(sites, site("192.168.7.0/24"), site("192.168.8.0/24"))
    assert take(sites, site("192.168.7.0/24"), number=2).networks
    assert sites.of(1) == [IPv4Network("192.168.8.0/24")]
    sites.release(1)
    assert sites.of(2) == [IPv4Network("192.168.7.0/24")]
    assert len(sites) == 1


def test_each_version_of_ip_by_itself() -> None:
    sites = Sites(SETTINGS)
    both = [site("192.168.7.0/24"), site("2001:db8:7::/48")]
    assert sites.take(1, "alice", both, CLIENT, OUTER).networks == (both[0].network,)
    assert sites.take(1, "alice", both, PREFIX, OUTER).networks == (both[1].network,)
    assert len(sites) == 2


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), min_size=1, max_size=20))
def test_overlaps_are_found_as_by_a_plain_search(rows: list[tuple[int, int]]) -> None:
    sites = Sites(SETTINGS)
    held: list[IPv4Network | IPv6Network] = []
    for number, (low, length) in enumerate(rows, 1):
        network = IPv4Network((0xC0A80700 + low, length), strict=False)
        taken = take(sites, site(str(network)), number=number, user=str(number))
        assert bool(taken.networks) is not any(network.overlaps(other) for other in held)
        held += taken.networks
    for number in range(len(rows) + 1):
        sites.release(number)
    assert len(sites) == 0
    assert sites._order == {4: [], 6: []}
