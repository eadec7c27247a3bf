from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.addressing.pool import Pool, is_host_address

GATEWAY = IPv4Address("10.99.0.1")
ODD = ("10.99.0.1", "10.98.0.5")


def pool(network: str = "10.99.0.0/29") -> Pool:
    return Pool([IPv4Network(network)], excluded=[GATEWAY])


@pytest.mark.parametrize(
    "odd",
    ["0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.5", "240.0.0.1", "10.0.0.0", "10.0.0.255"],
)
def test_what_no_client_can_have(odd: str) -> None:
    assert not is_host_address(IPv4Address(odd))
    assert is_host_address(IPv4Address("169.253.1.1"))
    assert is_host_address(IPv4Address("223.255.255.254"))


def test_every_usable_address_is_given_once_and_no_other() -> None:
    big = pool("10.99.0.0/23")
    given_out = [big.acquire(n, f"u{n}") for n in range(600)]
    addresses = [a for a in given_out if a is not None]
    assert len(addresses) == len(set(addresses)) == 512 - 5
    assert GATEWAY not in addresses
    assert not {a.packed[3] for a in addresses} & {0, 255}


def test_an_exhausted_pool_says_so_and_recovers() -> None:
    small = pool()
    taken = [small.acquire(n, f"u{n}") for n in range(6)]
    assert None not in taken
    assert small.acquire(9, "late") is None
    assert taken[3] is not None
    small.release(taken[3], 3)
    assert small.acquire(9, "late") == taken[3]


def test_a_wish_is_granted_if_the_address_is_free_and_of_the_pool() -> None:
    small = pool()
    wish = IPv4Address("10.99.0.5")
    assert small.acquire(1, "alice", wish) == wish
    others = [small.acquire(n, f"u{n}", wish) for n in (2, 3)]
    small.release(wish, 1)
    others += [small.acquire(n, f"v{n}", IPv4Address(text)) for n, text in enumerate(ODD, 4)]
    assert wish not in others
    assert small.acquire(9, "late", wish) == wish


def test_a_user_gets_the_same_address_again_while_it_is_free() -> None:
    small = pool()
    first = small.acquire(1, "alice")
    second = small.acquire(2, "bob")
    assert first is not None
    assert second is not None
    small.release(second, 2)
    small.release(first, 1)
    assert small.acquire(3, "alice") == first
    assert small.acquire(4, "bob") == second


def test_a_second_session_of_the_user_gets_another_address() -> None:
    small = pool()
    assert small.acquire(1, "alice") != small.acquire(2, "alice")


def test_only_the_holder_can_release() -> None:
    small = pool()
    address = small.acquire(1, "alice")
    assert address is not None
    small.release(address, 2)
    assert small.holder(address) == 1


def test_a_reserved_address_is_not_given_to_another() -> None:
    small = pool()
    wanted = IPv4Address("10.99.0.2")
    assert small.reserve(wanted, 7, "carol")
    assert not small.reserve(wanted, 8, "dave")
    others = {small.acquire(n, f"u{n}") for n in range(5)}
    assert wanted not in others
    small.release(wanted, 7)
    assert small.acquire(9, "dave") == wanted


def test_an_address_outside_the_pool_can_be_reserved_but_does_not_join_it() -> None:
    small = pool()
    outside = IPv4Address("192.0.2.77")
    assert small.reserve(outside, 1, "alice")
    small.release(outside, 1)
    assert outside not in {small.acquire(n, f"u{n}") for n in range(2, 10)}


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from("abcd"), st.booleans()), max_size=80))
def test_leases_equal_holders_whatever_happens(steps: list[tuple[int, str, bool]]) -> None:
    small = pool()
    held: dict[int, IPv4Address] = {}
    for number, user, take in steps:
        if take and number not in held:
            address = small.acquire(number, user)
            if address is not None:
                assert address not in held.values()
                held[number] = address
        elif not take and number in held:
            small.release(held.pop(number), number)
        assert len(small) == len(held)
    for number, address in held.items():
        small.release(address, number)
    assert len([n for n in range(20, 40) if small.acquire(n, f"x{n}")]) == 6


def test_a_withheld_address_is_leased_to_whom_it_is_meant_for_alone() -> None:
    network = IPv4Network("10.99.0.0/29")
    pool = Pool([network], [])
    first = pool.acquire(1, "alice")
    assert first is not None
    pool.release(first, 1)
    pool.withhold(first)
    pool.withhold(IPv4Address("192.0.2.1"))
    rest = [pool.acquire(number, f"user {number}") for number in range(2, 9)]
    assert first not in rest
    assert pool.acquire(9, "alice") is None
    assert pool.reserve(first, 9, "alice")
    pool.release(first, 9)
    assert pool.acquire(10, "bob") is None
