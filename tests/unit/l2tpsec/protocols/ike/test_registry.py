"""SAs by cookies, counted while half-open and while established."""

from dataclasses import replace

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.registry import Registry
from l2tpsec.protocols.ike.sa import IkeSa, State

PATH = Path(Endpoint("192.0.2.1", 500), Endpoint("192.0.2.2", 500))


def added(registry: Registry, cookies: bytes, path: Path = PATH, now: float = 0) -> IkeSa:
    sa = IkeSa(registry.fresh_id(), cookies, path, Bucket(1, 1), "", state=State.SA_ANSWERED)
    registry.add(sa, now)
    return sa


def test_half_open_until_settled() -> None:
    registry = Registry()
    sa = added(registry, b"initiateresponds")
    assert registry.by_cookies(b"initiateresponds") is registry.get(sa.id) is sa
    assert registry.by_first_message(b"initiate", PATH.remote) is sa
    assert (registry.half_open, registry.half_open_from("192.0.2.2")) == (1, 1)
    assert registry.settle(sa) is sa
    assert (registry.half_open, registry.half_open_from("192.0.2.2")) == (0, 0)
    assert registry.by_first_message(b"initiate", PATH.remote) is None
    assert registry.established_from("192.0.2.2") == 1


def test_the_oldest_whose_address_is_unproven() -> None:
    registry = Registry()
    first, second = added(registry, b"initiate00000001"), added(registry, b"initiate00000002")
    assert registry.oldest_unproven() is first
    first.state = State.KEYS_ANSWERED
    assert registry.oldest_unproven() is second
    second.state = State.REFUSED
    assert registry.oldest_unproven() is None


def test_one_of_an_address_that_had_its_time() -> None:
    registry = Registry()
    first, second = (added(registry, b"initiate0000000%d" % n, now=n) for n in (1, 2))
    address = PATH.remote.address
    assert registry.overdue_unproven(address, 0.9) is None
    assert registry.overdue_unproven(address, 2) is first
    first.state = State.KEYS_ANSWERED
    assert registry.overdue_unproven(address, 1.9) is None
    assert registry.overdue_unproven(address, 2) is second
    assert registry.overdue_unproven("192.0.2.9", 2) is None


def test_moving_and_removal_leave_nothing() -> None:
    registry = Registry()
    sa, half = added(registry, b"initiate00000001"), added(registry, b"initiate00000002")
    registry.settle(sa)
    registry.move(sa, replace(PATH, remote=Endpoint("192.0.2.3", 4500)))
    assert registry.established_from("192.0.2.2") == 0
    assert registry.established_from("192.0.2.3") == 1
    assert registry.established_at(Endpoint("192.0.2.3", 4500)) is sa
    assert registry.established_at(Endpoint("192.0.2.3", 4501)) is None
    assert registry.all() == [sa, half]
    for each in (sa, half, half):
        registry.remove(each)
    assert len(registry) == registry.half_open == registry.established_from("192.0.2.3") == 0
    assert registry.fresh_id() == 3
