import random
from collections import Counter

from radius.client.effects import STREAM
from radius.client.roster import Roster
from radius.client.settings import RADSEC_SECRET, Server, Settings, Transport
from radius.message import Code

ACCESS = Code.ACCESS_REQUEST


def roster(*servers: Server) -> Roster:
    return Roster(Settings(servers), random.Random(1).randbytes)


def server(number: int, priority: int | None = None, weight: int = 1) -> Server:
    return Server(f"192.0.2.{number}", b"s", priority=priority, weight=weight)


def order(found: Roster, code: Code = ACCESS) -> list[int]:
    return [int(row.destination[0][-1]) for row in found.order(code)]


def test_without_priorities_the_order_is_that_of_the_list() -> None:
    found = roster(server(3), server(1), server(2))
    assert {tuple(order(found)) for _ in range(50)} == {(3, 1, 2)}


def test_lower_priorities_come_first() -> None:
    found = roster(server(1, 7), server(2, 0), server(3, 3))
    assert order(found) == [2, 3, 1]
    assert order(found, Code.ACCOUNTING_REQUEST) == [2, 3, 1]


def test_equal_priorities_share_by_weight() -> None:
    found = roster(server(1, 0, weight=6), server(2, 0, weight=3), server(3, 0), server(4, 9))
    first = Counter(order(found)[0] for _ in range(3000))
    assert [round(first[n] / 300) for n in (1, 2, 3, 4)] == [6, 3, 1, 0]
    assert all(order(found)[3] == 4 for _ in range(50))


def test_one_port_that_serves_both_is_one() -> None:
    found = roster(Server("192.0.2.1", b"s", 1812, 1812))
    assert len(list(found)) == 1


def test_over_tls_one_connection_serves_both() -> None:
    found = roster(Server("192.0.2.1", transport=Transport.TLS), server(1))
    assert len(list(found)) == 3
    stream = found.at(STREAM, ("192.0.2.1", 2083))
    assert stream is not None
    assert stream.secret == RADSEC_SECRET
    assert stream.capacity == 256
    assert not stream.signature_required
    assert found.at(0, ("192.0.2.1", 2083)) is None
    assert found.deadline == 0.0
    assert found.due(0.0) == [stream]
    assert found.order(ACCESS)[0] is found.order(Code.ACCOUNTING_REQUEST)[0]


def test_a_server_that_stays_keeps_its_health() -> None:
    found = roster(server(1), server(2))
    one, two = found.order(ACCESS)
    one.dead_until = 99.0
    found.reload(Settings((server(3), Server("192.0.2.1", b"new"))), 5.0)
    assert found.order(ACCESS)[1] is one
    assert (one.dead_until, one.secret, one.retired, one.due) == (99.0, b"new", False, None)
    assert (two.retired, two.due) == (True, 5.0)
    assert order(found) == [3, 1]
    assert found.at(0, two.destination) is two
    found.forget(two)
    assert found.at(0, two.destination) is None
