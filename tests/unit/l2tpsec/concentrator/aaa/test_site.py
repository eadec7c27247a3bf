"""Framed-Route and its kin: what is read out of an Access-Accept."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from l2tpsec.concentrator.aaa.site import MOST, sites
from l2tpsec.model.grant import Site
from radius.message import Attribute, Code, Message

CLIENT = IPv4Address("10.99.0.5")


def read(*attributes: Attribute, address: IPv4Address | None = None) -> tuple[Site, ...]:
    return sites(Message(Code.ACCESS_ACCEPT, attributes), address)


@pytest.mark.parametrize(
    ("text", "network", "gateway"),
    [
        ("192.168.1.0/24 192.168.1.1 1 2 -1 3 400", "192.168.1.0/24", "192.168.1.1"),
        ("192.168.1.0 0.0.0.0 1", "192.168.1.0/24", None),
        ("10.0.0.0", "10.0.0.0/8", None),
        ("172.16.0.0", "172.16.0.0/16", None),
        ("192.168.1.77/24", "192.168.1.0/24", None),
    ],
)
def test_framed_route(text: str, network: str, gateway: str | None) -> None:
    (site,) = read(("Framed-Route", text))
    assert site.network == IPv4Network(network)
    assert site.gateway == (IPv4Address(gateway) if gateway else None)
    assert (site.attribute, site.text, site.version) == ("Framed-Route", text, 4)


@pytest.mark.parametrize(
    ("text", "network", "gateway"),
    [
        ("2001:db8:7::/48 2001:db8::9 1", "2001:db8:7::/48", "2001:db8::9"),
        ("2001:db8:7::/48 :: 1", "2001:db8:7::/48", None),
        ("2001:db8:7::1", "2001:db8:7::1/128", None),
    ],
)
def test_framed_ipv6_route(text: str, network: str, gateway: str | None) -> None:
    (site,) = read(("Framed-IPv6-Route", text))
    assert site.network == IPv6Network(network)
    assert site.gateway == (IPv6Address(gateway) if gateway else None)
    assert site.version == 6


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("Framed-Route", ""),
        ("Framed-Route", "elsewhere"),
        ("Framed-Route", "10.0.0.0/33"),
        ("Framed-Route", "10.0.0.0/8 gateway"),
        ("Framed-Route", "2001:db8::/48"),
        ("Framed-Route", "10.0.0.0/8 ::1"),
        ("Framed-IPv6-Route", "10.0.0.0/8"),
        ("Framed-IPv6-Route", "\x00"),
    ],
)
def test_what_is_no_route_is_kept_as_text(attribute: str, text: str) -> None:
    (site,) = read((attribute, text))
    assert (site.network, site.text) == (None, text)
    assert site.version == (6 if "IPv6" in attribute else 4)


def test_a_delegated_prefix() -> None:
    (site,) = read(("Delegated-IPv6-Prefix", "2001:db8:8::/48"))
    assert site.network == IPv6Network("2001:db8:8::/48")


@pytest.mark.parametrize("mask", ["255.255.255.0", "255.255.255.255", "255.0.255.0", "x"])
def test_a_mask_makes_the_network_around_a_fixed_address(mask: str) -> None:
    found = read(("Framed-IP-Netmask", mask), address=CLIENT)
    expected = {"255.255.255.0": [IPv4Network("10.99.0.0/24")], "255.255.255.255": []}
    assert [site.network for site in found] == expected.get(mask, [None])
    assert read(("Framed-IP-Netmask", mask)) == ()


def test_no_more_than_a_server_can_mean() -> None:
    many = [("Framed-Route", f"10.{n}.0.0/16") for n in range(200)]
    assert len(read(*many, many[0])) == MOST
    assert len(read(many[0], many[0])) == 1
