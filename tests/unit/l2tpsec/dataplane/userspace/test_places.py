from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from l2tpsec.dataplane.contract import Network, PlaneSettings
from l2tpsec.dataplane.userspace.forwarder import Forwarder
from l2tpsec.dataplane.userspace.ipv6_forwarder import Ipv6Forwarder
from l2tpsec.dataplane.userspace.places import Places
from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.model.identifiers import PeerId, SessionIds
from tests.planes.userspace import GATEWAY, IPV6_POOL, POOL, ListDevice
from tests.unit.l2tpsec.dataplane.userspace.sent import Sent

INSIDE, OUTSIDE = IPv4Address("10.99.0.2"), IPv4Address("172.16.5.5")
POOLED, NAMED = IPv6Network("2001:db8:99:1::/64"), IPv6Network("2001:db8:5::/64")
SECOND = IPv6Network("2001:db8:aa::/56")
BEHIND: list[Network] = [IPv4Network("192.168.7.0/24"), IPv6Network("2001:db8:7::/48")]


class Rig:
    def __init__(self) -> None:
        self.device = ListDevice()
        ends = self.device.write, lambda *_: None, Counter[str](), lambda: 0.0
        self.ipv6 = Ipv6Forwarder(*ends, client_to_client=False)
        write_train = self.device.write_train
        self.ipv4 = Forwarder(
            *ends, write_train=write_train, ipv6=self.ipv6.down, client_to_client=False
        )
        settings = PlaneSettings(GATEWAY, (POOL,), ipv6_pool=IPV6_POOL, ipv6_pools=(SECOND,))
        self.places = Places(settings, self.device, self.ipv4, self.ipv6)

    def session(self, number: int) -> Session:
        ids = SessionIds(number, 8, 9, 10, 1701)
        return Session(PeerId(number), ids, Sent(), (self.ipv4, self.ipv6))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_only_what_is_of_no_pool_gets_a_route(rig: Rig) -> None:
    session = rig.session(1)
    assert (rig.places.pooled(INSIDE), rig.places.pooled(OUTSIDE)) == (True, False)
    rig.places.place(session, INSIDE, 1400)
    for prefix in (POOLED, next(SECOND.subnets(new_prefix=64))):
        rig.places.place_ipv6(session, prefix, 1400)
    assert rig.device.routes == []
    rig.places.place(session, OUTSIDE, 1400)
    rig.places.place_ipv6(session, NAMED, 1400)
    assert rig.device.routes == [OUTSIDE, NAMED]
    assert rig.ipv4.by_address == {OUTSIDE.packed: session}
    rig.places.place(session, INSIDE, 1400)
    assert rig.device.routes == [NAMED]
    rig.places.vacate(session)
    assert rig.device.routes == []
    assert rig.ipv4.by_address == rig.ipv6.by_prefix == {}


def test_what_is_inside_the_tunnels(rig: Rig) -> None:
    behind = IPv4Address("192.168.77.5")
    assert [rig.places.inside(at) for at in (INSIDE, OUTSIDE, behind)] == [True, False, False]
    session = rig.session(1)
    rig.places.place(session, OUTSIDE, 1400)
    assert rig.places.route(session, [IPv4Network("192.168.77.0/24")]) == []
    assert [rig.places.inside(at) for at in (INSIDE, OUTSIDE, behind)] == [True, True, True]
    rig.places.vacate(session)
    assert [rig.places.inside(at) for at in (INSIDE, OUTSIDE, behind)] == [True, False, False]


def test_networks_behind_a_client_go_with_it(rig: Rig) -> None:
    session = rig.session(1)
    rig.device.claimed_elsewhere.append(IPv4Network("192.168.8.0/24"))
    refused = rig.places.route(session, [*BEHIND, IPv4Network("192.168.8.0/24")])
    assert refused == ["no route to 192.168.8.0/24 here"]
    assert rig.device.routes == BEHIND
    other = rig.session(2)
    assert rig.places.route(other, BEHIND[:1]) == []
    assert rig.device.routes == BEHIND
    for each in (session, other):
        rig.places.vacate(each)
    assert rig.device.routes == []


def test_rules_of_a_table_go_with_their_session(rig: Rig) -> None:
    session = rig.session(1)
    rig.device.tables_missing.append(9)
    assert rig.places.use_table(session, BEHIND, 9) == "no table 9"
    assert rig.places.use_table(session, BEHIND, 7) == ""
    assert rig.device.rules == [(network, 7) for network in BEHIND]
    rig.places.vacate(session)
    assert rig.device.rules == []
