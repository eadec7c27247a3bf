from radius.client.exchange import Exchange
from radius.client.upstream import Attempt, Upstream
from radius.message import Code, Message
from radius.packet import Packet

REQUEST = Packet(1, 0, bytes(16), bytes(20))


def upstream(slots: int = 2) -> Upstream:
    return Upstream(("192.0.2.1", 1812), b"very secret", slots)


def test_names_for_the_log() -> None:
    assert str(upstream()) == "192.0.2.1:1812"
    assert str(Upstream(("2001:db8::1", 1812), b"s", 1)) == "[2001:db8::1]:1812"
    assert "very secret" not in repr(upstream())


def test_every_slot_has_every_identifier_and_a_freed_one_waits_its_turn() -> None:
    server = upstream()
    exchange = Exchange(1, Message(Code.ACCESS_REQUEST), 0.0, [])
    places = []
    while (place := server.free()) is not None:
        server.attempts[place] = Attempt(exchange, server, place[0], REQUEST, b"s")
        places.append(place)
    assert sorted(places) == [(slot, number) for slot in range(2) for number in range(256)]
    del server.attempts[places[7]]
    del server.attempts[places[5]]
    assert server.free() == places[5]
    assert server.free() == places[7]


def test_life_and_death() -> None:
    server = upstream()
    assert server.alive(0.0)
    assert server.silent(since=-60.0, now=0.0, dead_seconds=60.0)
    assert not server.silent(since=-60.0, now=0.0, dead_seconds=60.0)
    assert not server.alive(59.9)
    assert server.alive(60.0)
    assert server.heard(60.0)
    assert not server.heard(61.0)
    assert not server.silent(since=60.0, now=61.0, dead_seconds=60.0)
    assert server.alive(61.0)
