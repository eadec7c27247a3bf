import asyncio
import json
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import pytest

from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.netlink import Link
from l2tpsec.dataplane.userspace.tun import Tun
from tests.planes.namespace import network_namespace

pytestmark = pytest.mark.root
GATEWAY = IPv4Address("10.99.0.1")
POOL = IPv4Network("10.99.0.0/24")
OUTSIDE = IPv4Address("172.16.5.5")


@pytest.fixture
def link() -> Iterator[Link]:
    with network_namespace():
        tun = Tun("t%d")
        link = Link(tun.name)
        yield link
        link.close()
        tun.close()


def ip(*words: str) -> list[dict[str, Any]]:
    shown = subprocess.run(["ip", "-j", *words], capture_output=True, check=True).stdout
    return json.loads(shown) if shown.strip() else []


def routes() -> set[tuple[str, str | None]]:
    return {(route["dst"], route.get("prefsrc")) for route in ip("route")}


def test_up(link: Link) -> None:
    link.up(GATEWAY, 1380)
    (shown,) = ip("address", "show", "t0")
    assert shown["mtu"] == 1380
    assert "UP" in shown["flags"]
    assert [(a["local"], a["prefixlen"]) for a in shown["addr_info"] if a["family"] == "inet"] == [
        ("10.99.0.1", 32)
    ]


def test_routes(link: Link) -> None:
    link.up(GATEWAY, 1400)
    link.add_route(POOL, GATEWAY)
    link.replace_route(OUTSIDE, GATEWAY)
    link.replace_route(OUTSIDE, GATEWAY)
    assert routes() == {("10.99.0.0/24", "10.99.0.1"), ("172.16.5.5", "10.99.0.1")}
    for _ in range(2):
        link.remove_route(OUTSIDE, GATEWAY)
    assert routes() == {("10.99.0.0/24", "10.99.0.1")}


@pytest.mark.ipv6
def test_ipv6(link: Link) -> None:
    pool, outside = IPv6Network("2001:db8:99::/56"), IPv6Network("2001:db8:5::/64")
    link.up(GATEWAY, 1400)
    link.add_address(pool[1])
    link.add_route(pool, pool[1])
    link.replace_route(outside, pool[1])
    (shown,) = ip("address", "show", "t0")
    assert ("2001:db8:99::1", 128) in [(a["local"], a["prefixlen"]) for a in shown["addr_info"]]
    destinations = {route["dst"] for route in ip("-6", "route")}
    assert {str(pool), str(outside)} <= destinations
    link.remove_route(outside, pool[1])
    assert str(outside) not in {route["dst"] for route in ip("-6", "route")}


def test_a_route_that_is_there_is_an_error_with_advice(link: Link) -> None:
    link.up(GATEWAY, 1400)
    link.add_route(POOL, GATEWAY)
    with pytest.raises(DataPlaneError) as caught:
        link.add_route(POOL, GATEWAY)
    assert str(caught.value) == (
        "route add 10.99.0.0/24 on t0: File exists: the host has such a route;"
        " choose another [address] pool"
    )


def test_a_bad_mtu_is_an_error(link: Link) -> None:
    with pytest.raises(DataPlaneError, match="MTU of 10 octets on t0: Invalid argument"):
        link.up(GATEWAY, 10)


def test_works_inside_a_running_loop(link: Link) -> None:
    async def main() -> None:
        link.up(GATEWAY, 1400)
        link.replace_route(OUTSIDE, GATEWAY)

    asyncio.run(main())
    assert ("172.16.5.5", "10.99.0.1") in routes()


def test_an_interface_that_is_not_there() -> None:
    with network_namespace(), pytest.raises(DataPlaneError, match="interface nosuch"):
        Link("nosuch")


SITE = IPv4Network("192.168.7.0/24")


def test_a_network_is_claimed_where_only_the_default_route_leads(link: Link) -> None:
    link.up(GATEWAY, 1400)
    for _ in range(2):
        link.claim_route(SITE, GATEWAY)
    assert ("192.168.7.0/24", "10.99.0.1") in routes()
    link.remove_route(SITE, GATEWAY)
    assert routes() == set()


@pytest.mark.parametrize("theirs", ["192.168.7.0/24", "192.168.0.0/16"])
def test_a_network_that_the_host_reaches_itself_is_not_claimed(link: Link, theirs: str) -> None:
    link.up(GATEWAY, 1400)
    other = Tun("o%d")
    for words in (("link", "set", "o0", "up"), ("route", "add", theirs, "dev", "o0")):
        subprocess.run(["ip", *words], check=True)
    before = routes()
    with pytest.raises(DataPlaneError, match=f"the host has its own to {theirs}"):
        link.claim_route(SITE, GATEWAY)
    assert routes() == before
    other.close()


def test_the_host_s_own_address_and_its_own_route_are_no_client_s(link: Link) -> None:
    link.up(GATEWAY, 1400)
    other = Tun("o%d")
    own, gateway = IPv4Address("172.16.5.1"), IPv4Address("172.16.5.254")
    for words in (
        ("address", "add", f"{own}/32", "dev", "o0"),
        ("link", "set", "o0", "up"),
        ("route", "add", str(gateway), "dev", "o0"),
        ("route", "add", "172.16.0.0/16", "dev", "o0"),
    ):
        subprocess.run(["ip", *words], check=True)
    before = routes()
    for theirs in (own, gateway):
        with pytest.raises(DataPlaneError, match=f"no route to {theirs} here"):
            link.replace_route(theirs, GATEWAY)
    assert routes() == before
    link.replace_route(OUTSIDE, GATEWAY)
    assert ("172.16.5.5", "10.99.0.1") in routes(), "one of its network, as with proxy ARP"
    other.close()


def test_a_route_of_another_interface_of_ours_is_taken_over(link: Link) -> None:
    link.up(GATEWAY, 1400)
    other = Tun("o%d")
    another = Link("o0")
    another.up(GATEWAY, 1400)
    another.replace_route(OUTSIDE, GATEWAY)
    link.replace_route(OUTSIDE, GATEWAY)
    (found,) = (route for route in ip("route") if route["dst"] == str(OUTSIDE))
    assert found["dev"] == "t0"
    another.close()
    other.close()


@pytest.mark.ipv6
def test_a_prefix_of_another_interface_of_ours_is_taken_over_and_the_hosts_is_not(
    link: Link,
) -> None:
    """Each interface has an address of its own part of the pool."""
    mine, theirs = IPv6Address("2001:db8:99::1"), IPv6Address("2001:db8:99:80::1")
    prefix, hosts = IPv6Network("2001:db8:5:5::/64"), IPv6Network("2001:db8:6:6::/64")
    other = Tun("o%d")
    another = Link("o0")
    for one, address in ((link, mine), (another, theirs)):
        one.up(GATEWAY, 1400)
        one.add_address(address)
    another.replace_route(prefix, theirs)
    link.replace_route(prefix, mine)
    (found,) = (route for route in ip("-6", "route") if route["dst"] == str(prefix))
    assert found["dev"] == "t0"
    another.remove_route(prefix, theirs)
    assert any(route["dst"] == str(prefix) for route in ip("-6", "route"))
    subprocess.run(["ip", "-6", "route", "add", str(hosts), "dev", "o0"], check=True)
    with pytest.raises(DataPlaneError, match=f"no route to {hosts} here"):
        link.replace_route(hosts, mine)
    another.close()
    other.close()


def test_a_table_for_what_comes_from_a_client(link: Link) -> None:
    link.up(GATEWAY, 1400)
    source = IPv4Network("10.99.0.2/32")
    link.add_rule(source, 100)
    (rule,) = (row for row in ip("rule") if row.get("src") == "10.99.0.2")
    assert (rule["table"], rule["iif"], rule["priority"]) == ("100", "t0", 17010)
    link.forget_rules()
    assert not any(row.get("src") == "10.99.0.2" for row in ip("rule"))
    for _ in range(2):
        link.remove_rule(source, 100)
    link.add_rule(source, 100)
    with pytest.raises(DataPlaneError, match="rule add from 10.99.0.2/32 lookup 100"):
        link.add_rule(source, 100)
