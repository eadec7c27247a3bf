from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.dataplane.userspace.routes import Routes
from l2tpsec.dataplane.userspace.sessions import Session

LEFT, RIGHT = (object.__new__(Session) for _ in range(2))
WIDE, NARROW = IPv4Network("10.0.0.0/8"), IPv4Network("10.1.2.0/24")


def at(address: str) -> bytes:
    return IPv4Address(address).packed


def test_the_longest_prefix_counts() -> None:
    routes = Routes(32)
    assert routes.tables == []
    routes.add(WIDE, LEFT)
    routes.add(NARROW, RIGHT)
    assert routes.find(at("10.1.2.3")) is RIGHT
    assert routes.find(at("10.1.3.3")) is LEFT
    assert routes.find(at("11.1.2.3")) is None
    assert WIDE in routes
    assert IPv4Network("10.0.0.0/9") not in routes


def test_a_network_changes_hands_and_goes_with_its_last_holder() -> None:
    routes = Routes(32)
    routes.add(WIDE, LEFT)
    routes.add(NARROW, LEFT)
    routes.add(WIDE, RIGHT)
    assert routes.remove(LEFT) == [NARROW]
    assert routes.remove(LEFT) == []
    assert routes.find(at("10.1.2.3")) is RIGHT
    tables = routes.tables
    assert routes.remove(RIGHT) == [WIDE]
    assert routes.tables is tables
    assert tables == []


def test_ipv6() -> None:
    routes = Routes(128)
    routes.add(IPv6Network("2001:db8::/32"), LEFT)
    assert routes.find(IPv6Address("2001:db8:ffff::1").packed) is LEFT
    assert routes.find(IPv6Address("2001:db9::1").packed) is None


@given(
    networks=st.lists(
        st.tuples(st.integers(0, 255), st.integers(24, 32)), unique=True, min_size=1, max_size=9
    ),
    host=st.integers(0, 255),
)
def test_it_agrees_with_a_plain_search(networks: list[tuple[int, int]], host: int) -> None:
    routes = Routes(32)
    rows = {IPv4Network((0xC0000200 + low, n), strict=False) for low, n in networks}
    holders = {network: object.__new__(Session) for network in rows}
    for network, session in holders.items():
        routes.add(network, session)
    address = IPv4Address(0xC0000200 + host)
    fitting = sorted((n for n in rows if address in n), key=lambda n: n.prefixlen)
    assert routes.find(address.packed) is (holders[fitting[-1]] if fitting else None)
    for session in holders.values():
        routes.remove(session)
    assert routes.tables == []
