from ipaddress import IPv4Address, IPv4Network

import pytest

from l2tpsec.concentrator.addressing.chain import Awaited, Chain, Exhausted, Lease, Taken
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
    assert isinstance(chain("radius").acquire(Grant("alice"), 1), Exhausted)


def test_an_address_that_windows_cannot_use_is_refused() -> None:
    grant = Grant("alice", address=IPv4Address("10.1.0.255"))
    assert isinstance(chain("radius", "pool").acquire(grant, 1), Exhausted)


def test_what_the_box_needs_itself_is_nobody_s() -> None:
    reserved = IPv4Address("192.0.2.53")
    box = Chain(("radius", "dhcp"), Pool([], ()), reserved=[reserved])
    assert isinstance(box.acquire(Grant("alice", address=reserved), 1), Exhausted)
    assert box.adopt(reserved, 1, "alice", {}) is None
    assert box.adopt(reserved + 1, 1, "alice", {}) is not None


def test_no_client_has_an_address_by_which_its_tunnel_runs() -> None:
    box, outer = chain("radius", "pool"), ("203.0.113.5", str(FIXED))
    refused = box.acquire(Grant("alice", address=FIXED), 1, outer=outer)
    assert isinstance(refused, Exhausted)
    assert "the client's tunnel itself" in refused.text
    assert box.leased == 0
    assert box.acquire(Grant("bob", address=FIXED), 2) == Lease(FIXED, 2, "radius")


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


OFFICE = IPv4Network("10.98.0.0/30")


def with_office(*sources: str) -> Chain:
    usual = Pool([IPv4Network("10.99.0.0/24")], excluded=[])
    return Chain(sources, usual, {"office": Pool([OFFICE], excluded=[])})


@pytest.mark.parametrize("sources", [("radius", "pool"), ("radius",), ("pool",), ("pool", "dhcp")])
def test_radius_names_the_pool(sources: tuple[str, ...]) -> None:
    box = with_office(*sources)
    lease = box.acquire(Grant("alice", pool="office"), 1)
    assert lease == Lease(OFFICE[1], 1, "pool office")
    assert box.pooled(OFFICE[1])
    assert box.leased == 1
    box.release(Lease(OFFICE[1], 1, "pool office"))
    assert box.leased == 0


def test_a_named_pool_that_is_full_or_missing_gives_nothing_of_another() -> None:
    box = with_office("radius", "pool")
    for number in range(3):
        assert isinstance(box.acquire(Grant(f"user{number}", pool="office"), number + 1), Lease)
    full = box.acquire(Grant("late", pool="office"), 9)
    assert full == Exhausted("no address is free in the pool 'office': enlarge [pools.office]")
    missing = box.acquire(Grant("late", pool="attic"), 9)
    assert isinstance(missing, Exhausted)
    assert "there is no [pools.attic]" in missing.text


def test_a_fixed_address_goes_before_a_pool_and_is_kept_in_its_own() -> None:
    box = with_office("radius", "pool")
    fixed = Grant("alice", address=OFFICE[1], pool="office")
    assert box.acquire(fixed, 1) == Lease(OFFICE[1], 1, "radius")
    assert box.acquire(Grant("bob", pool="office"), 2) == Lease(OFFICE[2], 2, "pool office")
    assert box.acquire(Grant("bob", address=OFFICE[1]), 3) == Taken(OFFICE[1], 1)


def test_what_dhcp_leases_is_held_by_the_pool_that_contains_it() -> None:
    box = with_office("dhcp", "pool")
    assert box.adopt(OFFICE[1], 1, "alice", {}) is not None
    assert box.adopt(OFFICE[1], 2, "bob", {}) is None
    assert not box.pooled(IPv4Address("192.0.2.1"))


def test_what_another_worker_has_is_refused_until_it_has_it_no_more() -> None:
    box, grant = chain("radius", "pool"), Grant("alice", address=FIXED)
    box.set_elsewhere(FIXED, "bob has it")
    assert box.acquire(grant, 1) == Exhausted("bob has it")
    box.set_elsewhere(FIXED, "")
    assert box.acquire(grant, 1) == Lease(FIXED, 1, "radius")


def test_a_withheld_address_is_radius_to_give() -> None:
    box = chain("radius", "pool")
    box.withhold(IPv4Address("10.99.0.1"))
    assert box.acquire(Grant("bob"), 1) == Lease(IPv4Address("10.99.0.2"), 1, "pool")
    fixed = Grant("alice", address=IPv4Address("10.99.0.1"))
    assert box.acquire(fixed, 2) == Lease(IPv4Address("10.99.0.1"), 2, "radius")
