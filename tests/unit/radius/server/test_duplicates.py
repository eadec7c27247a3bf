from radius.packet import Packet
from radius.server.duplicates import Duplicates

MUCH = 1 << 20


def request(number: int) -> Packet:
    octets = bytes((1, number % 256, 0, 20)) + number.to_bytes(16, "big")
    return Packet.read(octets)


def test_the_same_request_gets_the_same_reply_for_a_while() -> None:
    kept = Duplicates(30.0, MUCH)
    kept.keep("a", 1, request(1), b"reply", 0.0)
    assert kept.find("a", 1, request(1), 29.9) == b"reply"
    assert kept.find("a", 1, request(1), 30.0) is None


def test_another_client_place_or_content_is_another_request() -> None:
    kept = Duplicates(30.0, MUCH)
    kept.keep("a", 1, request(1), b"reply", 0.0)
    assert kept.find("b", 1, request(1), 0.0) is None
    assert kept.find("a", 2, request(1), 0.0) is None
    assert kept.find("a", 1, request(257), 0.0) is None


def test_a_new_request_in_a_place_ends_the_former_one() -> None:
    kept = Duplicates(30.0, MUCH)
    kept.keep("a", 1, request(1), b"first", 0.0)
    kept.keep("a", 1, request(257), b"second", 1.0)
    assert kept.find("a", 1, request(1), 1.0) is None
    assert kept.find("a", 1, request(257), 30.5) == b"second"
    assert len(kept) == 1


def test_thirty_seconds_of_a_busy_server_are_remembered() -> None:
    # 300 dial-ins a second are as many Access-Requests, each from a place of its own here
    kept = Duplicates(30.0, 32 << 20)
    for number in range(30 * 300):
        kept.keep("a", number, request(number), bytes(400), number / 300)
    assert kept.find("a", 0, request(0), 29.9) == bytes(400)


def test_what_is_over_takes_no_memory() -> None:
    kept = Duplicates(30.0, MUCH)
    for second in range(100):
        kept.keep("a", second, request(second), b"reply", float(second))
        assert len(kept) <= 30


def test_whoever_has_most_makes_room() -> None:
    kept = Duplicates(30.0, 100_000)
    kept.keep("small", 0, request(0), b"reply", 0.0)
    for number in range(1000):
        kept.keep("greedy", number, request(number), bytes(500), 1.0)
    assert len(kept) == 1 + (100_000 - 505) // 1000
    assert kept.find("small", 0, request(0), 2.0) == b"reply"
    assert kept.find("greedy", 0, request(0), 2.0) is None
    assert kept.find("greedy", 999, request(999), 2.0) == bytes(500)


def test_a_place_used_again_and_again_takes_the_room_of_one() -> None:
    kept = Duplicates(30.0, 3000)
    kept.keep("a", 0, request(0), b"reply", 0.0)
    for number in range(1, 100):
        kept.keep("a", 1, request(number), bytes(1000), 0.0)
    assert kept.find("a", 0, request(0), 0.0) == b"reply"


def test_a_reply_that_no_memory_holds_is_not_kept() -> None:
    kept = Duplicates(30.0, 1000)
    kept.keep("a", 1, request(1), bytes(4096), 0.0)
    assert len(kept) == 0
