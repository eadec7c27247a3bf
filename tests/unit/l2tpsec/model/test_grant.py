from ipaddress import ip_network

import pytest

from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant, Site
from l2tpsec.model.policy import Filter, Policy, Rate


def test_filter_and_rates_are_a_policy() -> None:
    guests = Filter("guests", (parse("deny in ip from any to any"),))
    assert Grant("alice").policy == Policy()
    assert Grant("alice", filter=guests, down=Rate(5)).policy == Policy(guests, Rate(), Rate(5))


@pytest.mark.parametrize(
    ("attribute", "network", "version"),
    [
        ("Framed-Route", "10.0.0.0/8", 4),
        ("Framed-Route", None, 4),
        ("Framed-IPv6-Route", "2001:db8::/48", 6),
        ("Framed-IPv6-Route", None, 6),
        ("Delegated-IPv6-Prefix", None, 6),
    ],
)
def test_a_site_is_of_one_version_of_ip(attribute: str, network: str | None, version: int) -> None:
    assert Site(attribute, "", ip_network(network) if network else None).version == version
