import pytest

from radius.client.exchange import Exchange
from radius.client.settings import Settings
from radius.client.upstream import Upstream
from radius.message import Code, Message

FIRST = Upstream(("192.0.2.1", 1812), b"s", 1)
SECOND = Upstream(("192.0.2.2", 1812), b"s", 1)


def accounting(delay: int | None = None) -> Exchange:
    attributes = [] if delay is None else [("Acct-Delay-Time", delay)]
    message = Message(Code.ACCOUNTING_REQUEST, [("User-Name", "bob"), *attributes])
    return Exchange(1, message, 100.0, [])


def test_an_accounting_request_says_how_long_it_waited() -> None:
    exchange = accounting()
    assert exchange.stamped(100.0).attributes == (("User-Name", "bob"), ("Acct-Delay-Time", 0))
    assert not exchange.outdated(100.9)
    assert exchange.outdated(101.0)
    assert exchange.stamped(107.5).number("Acct-Delay-Time") == 7
    assert not exchange.outdated(107.9)


def test_the_callers_own_delay_counts() -> None:
    assert accounting(3600).stamped(102.0).all("Acct-Delay-Time") == [3602]


def test_an_access_request_is_repeated_as_it_is() -> None:
    message = Message(Code.ACCESS_REQUEST, [("User-Name", "bob")])
    exchange = Exchange(1, message, 0.0, [])
    assert exchange.stamped(50.0) is message
    assert not exchange.outdated(50.0)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (9, 4.0), (99, 4.0)])
def test_waits_double_up_to_the_longest(tries: int, seconds: float) -> None:
    exchange = accounting()
    exchange.tries = tries
    waits = [exchange.wait_seconds(Settings(first_wait_seconds=1.0), dice) for dice in (0, 255)]
    assert waits == pytest.approx([seconds * 0.9, seconds * 1.1])


def test_servers_in_order_and_the_dead_ones_last() -> None:
    FIRST.dead_until = 60.0
    exchange = Exchange(1, Message(Code.ACCESS_REQUEST), 0.0, [FIRST, SECOND])
    assert [exchange.next_upstream(0.0) for _ in range(3)] == [SECOND, FIRST, None]
    later = Exchange(2, Message(Code.ACCESS_REQUEST), 60.0, [FIRST, SECOND])
    assert later.next_upstream(60.0) is FIRST


def test_what_is_tied_to_a_server_takes_no_other() -> None:
    exchange = Exchange(1, Message(Code.ACCESS_REQUEST), 0.0, [FIRST], tied=True)
    exchange.reconsider([SECOND])
    assert exchange.untried == [FIRST]
    free = Exchange(2, Message(Code.ACCESS_REQUEST), 0.0, [FIRST])
    free.reconsider([SECOND])
    assert free.untried == [SECOND]
