from ipaddress import IPv4Address, IPv4Network

from l2tpsec.concentrator.addressing.chain import Awaited, Chain, Lease, Taken
from l2tpsec.concentrator.addressing.pool import Pool
from l2tpsec.model.grant import Grant

FIXED = IPv4Address("10.99.0.9")


def chain(*sources: str) -> Chain:
    return Chain(sources, Pool([IPv4Network("10.99.0.0/24")], excluded=[]))


def test_radius_address_wins_over_the_pool() -> None:
    box = chain("radius", "pool")
    assert box.acquire(Grant("alice", address=FIXED), 1) == Lease(FIXED, 1, "radius")
    lease = box.acquire(Grant("bob"), 2)
    assert isinstance(lease, Lease)
    assert lease.source == "pool"
    assert box.leased == 2
    box.release(lease)
    assert box.leased == 1


def test_without_radius_in_the_list_its_address_is_not_obeyed() -> None:
    lease = chain("pool").acquire(Grant("alice", address=FIXED), 1)
    assert isinstance(lease, Lease)
    assert lease.source == "pool"


def test_an_address_in_use_names_its_holder() -> None:
    box = chain("radius")
    box.acquire(Grant("alice", address=FIXED), 1)
    assert box.acquire(Grant("bob", address=FIXED), 2) == Taken(FIXED, 1)


def test_no_source_means_no_address() -> None:
    assert chain("radius").acquire(Grant("alice"), 1) is None


def test_an_address_that_windows_cannot_use_is_refused() -> None:
    grant = Grant("alice", address=IPv4Address("10.1.0.255"))
    assert chain("radius", "pool").acquire(grant, 1) is None


def test_a_dhcp_server_answers_later() -> None:
    box = chain("radius", "dhcp", "pool")
    assert box.acquire(Grant("alice", address=FIXED), 1) == Lease(FIXED, 1, "radius")
    assert box.acquire(Grant("bob"), 2) == Awaited("dhcp")
    lease = box.adopt(FIXED + 1, 2, "bob", {15: b"corp.example"})
    assert lease == Lease(FIXED + 1, 2, "dhcp", {15: b"corp.example"})
    assert box.leased == 2
    fallen_back = box.acquire(Grant("carol"), 3, without=("dhcp",))
    assert isinstance(fallen_back, Lease)
    assert fallen_back.source == "pool"


def test_what_a_client_cannot_have_is_not_adopted() -> None:
    box = Chain(("dhcp",), Pool([IPv4Network("10.99.0.0/24")], excluded=[FIXED]))
    assert box.adopt(FIXED, 1, "alice", {}) is None
    assert box.adopt(IPv4Address("10.99.0.255"), 1, "alice", {}) is None
    assert box.adopt(FIXED + 1, 1, "alice", {}) is not None
    assert box.adopt(FIXED + 1, 2, "bob", {}) is None
