from radius.packet import Packet
from radius.server.duplicates import Duplicates

SOURCE = ("192.0.2.1", 40000)


def request(number: int) -> Packet:
    octets = bytes((1, number % 256, 0, 20)) + number.to_bytes(16, "big")
    return Packet.read(octets)


def test_the_same_request_gets_the_same_reply_for_a_while() -> None:
    kept = Duplicates(30.0, 10)
    kept.keep(request(1), SOURCE, b"reply", 0.0)
    assert kept.find(request(1), SOURCE, 29.9) == b"reply"
    assert kept.find(request(1), SOURCE, 30.0) is None
    assert len(kept) == 0


def test_another_source_or_authenticator_is_another_request() -> None:
    kept = Duplicates(30.0, 10)
    kept.keep(request(1), SOURCE, b"reply", 0.0)
    assert kept.find(request(1), ("192.0.2.1", 40001), 0.0) is None
    assert kept.find(request(257), SOURCE, 0.0) is None


def test_the_oldest_makes_room() -> None:
    kept = Duplicates(30.0, 10)
    for number in range(1000):
        kept.keep(request(number), SOURCE, b"reply", number / 1000)
    assert len(kept) == 10
    assert kept.find(request(989), SOURCE, 1.0) is None
    assert kept.find(request(990), SOURCE, 1.0) == b"reply"
