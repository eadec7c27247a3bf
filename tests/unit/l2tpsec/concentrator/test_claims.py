from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import TYPE_CHECKING, cast

from l2tpsec.concentrator.addressing.chain import Chain, Exhausted, Lease
from l2tpsec.concentrator.addressing.pool import Pool
from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves
from l2tpsec.concentrator.claims import Claims
from l2tpsec.concentrator.effects import Apply, Claim, Ruling
from l2tpsec.model.grant import Grant

if TYPE_CHECKING:
    from l2tpsec.concentrator.subscriber import Subscriber
    from l2tpsec.concentrator.subscribers import Subscribers

FIXED = IPv4Address("10.99.0.1")


@dataclass
class Holder:
    number: int
    user: str
    lease: Lease | None


POOL = IPv6Network("2001:db8:99::/62")
FRAMED = IPv6Network("2001:db8:99:1::/64")


def made(
    *holders: Holder, alone: bool = False, prefixes: Reserves | None = None
) -> tuple[Claims, Chain]:
    chain = Chain(("radius", "pool"), Pool([IPv4Network("10.99.0.0/30")], ()))
    for holder in holders:
        if holder.lease is not None:
            chain.home(FIXED).reserve(holder.lease.address, holder.number, holder.user)
    subscribers = cast("Subscribers", {holder.number: holder for holder in holders})
    reserves = prefixes or Reserves(Prefixes(None))
    return Claims(subscribers, chain, reserves, alone=alone), chain


def wish(number: int = 1, user: str = "alice", address: IPv4Address | None = FIXED) -> Apply:
    return Apply(number, user, None, replace=False, address=address)


def test_others_are_asked_where_there_are_any_and_radius_names_an_address() -> None:
    claims, _ = made()
    assert claims.claim(wish()) == Claim(1, "alice", None, replace=False, address=FIXED)
    assert claims.claim(wish(2, address=None)) is None
    limited = Apply(3, "alice", 2, replace=True)
    assert claims.claim(limited) == Claim(3, "alice", 2, replace=True, address=None)
    assert claims.answered(3, Ruling()) == limited
    alone, _ = made(alone=True)
    assert alone.claim(wish()) is None


def test_their_answer_decides() -> None:
    claims, chain = made()
    grant = Grant("alice", address=FIXED)
    claims.claim(wish())
    assert claims.answered(1, Ruling(address_refusal="bob has it")) == wish()
    assert chain.acquire(grant, 1) == Exhausted("bob has it")
    claims.claim(wish(2))
    assert claims.answered(2, Ruling()) == wish(2)
    assert chain.acquire(grant, 2) == Lease(FIXED, 2, "radius")


def test_an_answer_for_a_session_that_is_over_is_nothing() -> None:
    claims, _ = made()
    claims.claim(wish())
    claims.forget(1)
    assert claims.answered(1, Ruling()) is None
    assert claims.answered(2, Ruling()) is None


def test_a_session_of_the_same_user_gives_way_and_one_of_another_does_not() -> None:
    holder = Holder(7, "Alice", Lease(FIXED, 7, "radius"))
    claims, chain = made(holder, Holder(8, "carol", None))
    assert claims.concede("alice", FIXED) == ("", [cast("Subscriber", holder)])
    assert claims.concede("bob", FIXED) == (
        "the address that RADIUS wants is held by 'Alice' (session 7)",
        [],
    )
    assert chain.acquire(Grant("dave"), 9) == Lease(IPv4Address("10.99.0.2"), 9, "pool")


def test_a_user_here_gets_the_address_of_its_own_session_however_the_name_is_written() -> None:
    holder = Holder(7, "Alice", Lease(FIXED, 7, "radius"))
    claims, _ = made(holder)
    assert claims.evict("alice", 7) == ("", [cast("Subscriber", holder)])
    assert claims.evict("bob", 7)[0] == (
        "the address that RADIUS wants is held by 'Alice' (session 7)"
    )
    assert claims.evict("bob", 8) == ("", [])


def test_what_was_promised_is_a_sessions_before_its_lease_and_until_its_end() -> None:
    soon = Holder(1, "alice", None)
    claims, _ = made(soon)
    claims.claim(wish())
    assert claims.concede("bob", FIXED) == ("", []), "who waits is ruled on later"
    claims.answered(1, Ruling())
    assert "is held by 'alice' (session 1)" in claims.concede("bob", FIXED)[0]
    assert claims.concede("alice", FIXED) == ("", [cast("Subscriber", soon)])
    claims.claim(wish(2))
    claims.answered(2, Ruling())
    claims.forget(1)
    assert claims._promised == {FIXED: 2}
    claims.forget(2)
    assert claims.concede("bob", FIXED) == ("", [])


def test_what_was_refused_is_nobodys() -> None:
    claims, _ = made(Holder(1, "alice", None))
    claims.claim(wish())
    claims.answered(1, Ruling(address_refusal="bob has it"))
    assert claims.concede("bob", FIXED) == ("", [])


def wish_of_prefix(number: int = 1, user: str = "alice") -> Apply:
    return Apply(number, user, None, replace=False, prefix=FRAMED)


def test_a_prefix_is_asked_for_where_prefixes_are_given() -> None:
    claims, _ = made()
    assert claims.claim(wish_of_prefix()) is None
    reserves = Reserves(Prefixes(POOL))
    claims, _ = made(prefixes=reserves)
    claim = Claim(1, "alice", None, replace=False, address=None, prefix=FRAMED)
    assert claims.claim(wish_of_prefix()) == claim
    claims.answered(1, Ruling(prefix_refusal="is held by 'bob' (session 2)"))
    assert reserves.elsewhere == {FRAMED: "is held by 'bob' (session 2)"}
    claims.claim(wish_of_prefix())
    claims.answered(1, Ruling())
    assert reserves.elsewhere == {}
    assert claims.concede("alice", FRAMED) == ("", []), "no session of that number any more"


def test_a_session_of_the_same_user_goes_on_without_its_prefix() -> None:
    """And whoever is another user keeps it."""
    reserves = Reserves(Prefixes(POOL))
    claims, _ = made(Holder(7, "Alice", None), prefixes=reserves)
    assert reserves.usual.acquire(7, "Alice") == FRAMED
    assert claims.concede("bob", FRAMED) == ("is held by 'Alice' (session 7)", [])
    assert reserves.usual.holder(FRAMED) == 7
    assert claims.concede("alice", FRAMED) == ("", [])
    assert reserves.usual.holder(FRAMED) is None
    assert FRAMED not in {reserves.usual.acquire(n, f"u{n}") for n in (8, 9, 10)}


def test_a_prefix_that_was_promised_is_a_sessions_before_its_lease() -> None:
    reserves = Reserves(Prefixes(POOL))
    claims, _ = made(Holder(1, "alice", None), prefixes=reserves)
    claims.claim(wish_of_prefix())
    claims.answered(1, Ruling())
    assert claims.concede("bob", FRAMED) == ("is held by 'alice' (session 1)", [])
    claims.forget(1)
    assert claims.concede("bob", FRAMED) == ("", [])
