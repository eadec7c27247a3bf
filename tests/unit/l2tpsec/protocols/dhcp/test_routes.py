from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.dhcp import routes

GATEWAY = IPv4Address("10.229.0.128")
networks = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 32),
)
addresses = st.integers(0, 0xFFFFFFFF).map(IPv4Address)

# RFC 3442: subnet number, subnet mask, destination descriptor
VECTORS = {
    "0.0.0.0/0": "0",
    "10.0.0.0/8": "8.10",
    "10.0.0.0/24": "24.10.0.0",
    "10.17.0.0/16": "16.10.17",
    "10.27.129.0/24": "24.10.27.129",
    "10.229.0.128/25": "25.10.229.0.128",
    "10.198.122.47/32": "32.10.198.122.47",
}


@pytest.mark.parametrize(("network", "descriptor"), VECTORS.items())
def test_vectors_of_the_rfc(network: str, descriptor: str) -> None:
    octets = bytes(int(part) for part in descriptor.split("."))
    route = IPv4Network(network)
    assert routes.encode([route], GATEWAY) == octets + GATEWAY.packed
    assert routes.decode(octets + GATEWAY.packed) == (route,)


@given(st.lists(networks, max_size=20))
def test_round_trip(given_routes: list[IPv4Network]) -> None:
    assert routes.decode(routes.encode(given_routes, GATEWAY)) == tuple(given_routes)


@given(st.binary(max_size=100))
def test_any_octets(value: bytes) -> None:
    try:
        routes.decode(value)
    except Malformed:
        return


def test_host_bits_are_ignored() -> None:
    assert routes.decode(b"\x09\x0a\xff" + bytes(4)) == (IPv4Network("10.128.0.0/9"),)


@pytest.mark.parametrize("value", [b"\x21" + bytes(8), b"\x08\x0a", b"\x08\x0a\x00\x00\x00"])
def test_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        routes.decode(value)


@given(st.lists(networks, max_size=6), addresses)
def test_nothing_but_the_outer_address_is_cut_out(
    whole: list[IPv4Network], outer: IPv4Address
) -> None:
    cut = routes.without(whole, [outer])
    assert not any(outer in route for route in cut)
    neighbour = IPv4Address((int(outer) + 1) % (1 << 32))
    for probe in (neighbour, *(route.network_address for route in whole)):
        inside = any(probe in route for route in whole) and probe != outer
        assert any(probe in route for route in cut) is inside


def test_a_route_to_the_server_alone_vanishes() -> None:
    outer = IPv4Address("203.0.113.1")
    assert routes.without([IPv4Network(outer)], [outer]) == ()


def test_as_many_as_fit() -> None:
    many = tuple(IPv4Network((10 << 24 | number << 8, 24)) for number in range(100))
    kept = routes.fitting(many)
    assert kept == many[: routes.MOST_OCTETS // 8]
    assert len(routes.encode(kept, GATEWAY)) <= routes.MOST_OCTETS
    assert routes.fitting(many[:3]) == many[:3]
