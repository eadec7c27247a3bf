"""The client against real server engines, under a virtual clock, over a network that loses."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.client.client import Client
from radius.client.effects import Answered, Effect, Transmit, Unanswered
from radius.client.settings import Server as Upstream
from radius.client.settings import Settings
from radius.message import Code, Message
from radius.notice import Level, Noted
from radius.packet import Packet, decode, encode_reply
from tests.network.upstreams import LOGIN, START, Net, source_of_octets

SECRET = b"testing123"
FIRST, SECOND = ("192.0.2.1", 1812), ("192.0.2.2", 1812)
ACCT = ("192.0.2.1", 1813)


def settings(*addresses: str, **more: float) -> Settings:
    servers = tuple(Upstream(address, SECRET) for address in addresses or ("192.0.2.1",))
    patient = Settings(servers, tries=3, first_wait_seconds=1.0)
    return replace(patient, **more)  # type: ignore[arg-type] # numbers of both kinds


def first(effects: list[Effect]) -> Transmit:
    return next(effect for effect in effects if isinstance(effect, Transmit))


def answer(order: Transmit, code: Code = Code.ACCESS_ACCEPT, secret: bytes = SECRET) -> bytes:
    request = Packet.read(order.data)
    return encode_reply(Message(code), request, secret, source_of_octets()).octets


def test_a_login_is_accepted() -> None:
    net = Net(settings())
    net.request(7, LOGIN)
    net.run()
    (answered,) = net.told
    assert isinstance(answered, Answered)
    assert (answered.token, answered.server) == (7, "192.0.2.1:1812")
    assert answered.message.code is Code.ACCESS_ACCEPT
    assert [order.destination for order in net.sent] == [FIRST]
    assert net.client.deadline is None


def test_a_login_is_refused_and_accounting_has_its_own_port() -> None:
    net = Net(settings())
    net.request(1, Message(Code.ACCESS_REQUEST, [("User-Name", "eve"), ("User-Password", b"x")]))
    net.request(2, START)
    net.run()
    assert [end.message.code for end in net.ends if isinstance(end, Answered)] == [
        Code.ACCESS_REJECT,
        Code.ACCOUNTING_RESPONSE,
    ]
    assert [order.destination for order in net.sent] == [FIRST, ACCT]
    assert [row.user for row in net.servers[ACCT].accounting.sessions] == ["bob"]


def test_one_port_may_serve_both_kinds() -> None:
    net = Net(Settings((Upstream("192.0.2.1", SECRET, 1812, 1812),)))
    net.request(1, LOGIN)
    net.request(2, START)
    net.run()
    assert len([end for end in net.ends if isinstance(end, Answered)]) == 2


def test_a_lost_request_is_repeated_octet_by_octet_with_growing_waits() -> None:
    net = Net(settings(), lose=lambda number: number < 2)
    net.request(1, LOGIN)
    net.run()
    assert isinstance(net.ends[0], Answered)
    assert len({order.data for order in net.sent}) == 1
    assert len(net.sent) == 3
    assert 2.7 <= net.now - 1000.0 <= 3.4


def test_a_lost_reply_costs_no_second_judgement() -> None:
    net = Net(settings(), lose=lambda number: number == 1)
    net.request(1, START)
    net.run()
    assert isinstance(net.ends[0], Answered)


def test_repeated_accounting_has_a_new_delay_identifier_and_authenticator() -> None:
    net = Net(settings(), lose=lambda number: number < 2)
    net.request(1, START)
    net.run()
    packets = [Packet.read(order.data) for order in net.sent]
    assert len({packet.authenticator for packet in packets}) == 3
    assert len({(o.slot, p.identifier) for o, p in zip(net.sent, packets, strict=True)}) == 3
    delays = [decode(p, SECRET, p.authenticator).number("Acct-Delay-Time") for p in packets]
    assert delays[0] == 0
    assert delays[1:] == sorted({1, 3} & set(delays[1:])) or delays == [0, 0, 2]


def test_a_late_answer_to_an_earlier_accounting_datagram_counts() -> None:
    client = Client(settings(), lambda count: b"\xff" * count)
    early = first(client.request(1, START, 0.0))
    later = first(client.expire(1.2))
    assert early.data != later.data
    effects = client.receive(answer(early, Code.ACCOUNTING_RESPONSE), ACCT, early.slot, 1.3)
    assert [effect.token for effect in effects if isinstance(effect, Answered)] == [1]
    again = client.receive(answer(later, Code.ACCOUNTING_RESPONSE), ACCT, later.slot, 1.4)
    assert again == []


def test_the_second_server_takes_over_and_the_first_comes_back() -> None:
    net = Net(settings("192.0.2.1", "192.0.2.2"))
    net.down = {FIRST}
    net.request(1, LOGIN)
    net.run()
    assert [order.destination for order in net.sent] == [FIRST] * 3 + [SECOND]
    assert "192.0.2.1:1812 is taken for dead: no answer to 3 tries" in net.texts[0]
    net.request(2, LOGIN)
    net.run()
    assert net.sent[-1].destination == SECOND
    net.down = set()
    net.now += 60.0
    net.request(3, LOGIN)
    net.run()
    assert net.sent[-1].destination == FIRST
    assert net.texts[-1] == "RADIUS server 192.0.2.1:1812 answers again"
    assert [end.token for end in net.ends] == [1, 2, 3]


def test_the_last_server_is_asked_on_as_long_as_it_answers_others() -> None:
    client = Client(settings("192.0.2.1", "192.0.2.2"), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    asked, now = [order], 0.0
    ends: list[Effect] = []
    while not ends:
        assert client.deadline is not None
        now = client.deadline
        effects = client.expire(now)
        if asked[-1].destination == SECOND:
            # somebody else is answered, just before
            other = first(client.request(2, LOGIN, now))
            client.receive(answer(other), other.destination, other.slot, now)
        asked += [effect for effect in effects if isinstance(effect, Transmit)]
        ends = [effect for effect in effects if isinstance(effect, Answered | Unanswered)]
    assert isinstance(ends[0], Unanswered)
    assert now == 30.0
    where = [order.destination for order in asked if order.data[0] == Code.ACCESS_REQUEST]
    assert where[:3] == [FIRST] * 3
    assert set(where[3:]) == {SECOND}
    assert 6 <= len(where[3:]) < 20


def test_when_all_are_dead_they_are_asked_all_the_same() -> None:
    net = Net(settings("192.0.2.1", "192.0.2.2"))
    net.down = {FIRST, SECOND}
    net.request(1, LOGIN)
    net.run()
    reason = "192.0.2.1:1812: no answer to 3 tries; 192.0.2.2:1812: no answer to 3 tries"
    assert net.ends == [Unanswered(1, reason)]
    net.down = set()
    net.request(2, LOGIN)
    net.run()
    assert isinstance(net.ends[1], Answered)


def test_a_crowd_learns_of_a_dead_server_together() -> None:
    net = Net(settings("192.0.2.1", "192.0.2.2"))
    net.down = {FIRST}
    for token in range(100):
        net.request(token, LOGIN)
        net.run(until=net.now + 0.05)
    net.run()
    assert len([text for text in net.texts if "is taken for dead" in text]) == 1
    assert all(isinstance(end, Answered) for end in net.ends)
    asked_first = len([order for order in net.sent if order.destination == FIRST])
    assert asked_first < 3 * 100


def test_one_unlucky_request_does_not_bury_a_server_that_answers_others() -> None:
    client = Client(settings("192.0.2.1", "192.0.2.2"), source_of_octets())
    client.request(1, LOGIN, 0.0)
    other = first(client.request(2, LOGIN, 0.5))
    client.receive(answer(other), FIRST, other.slot, 0.6)
    effects: list[Effect] = []
    while not any(isinstance(e, Transmit) and e.destination == SECOND for e in effects):
        assert client.deadline is not None
        effects = client.expire(client.deadline)
    assert not any(isinstance(effect, Noted) for effect in effects)
    assert first(client.request(3, LOGIN, 20.0)).destination == FIRST


def test_more_than_256_requests_are_in_flight() -> None:
    net = Net(settings())
    for token in range(1000):
        net.request(token, LOGIN)
    assert len({(order.slot, Packet.read(order.data).identifier) for order in net.sent}) == 1000
    net.run()
    assert sorted(end.token for end in net.ends) == list(range(1000))
    assert all(isinstance(end, Answered) for end in net.ends)


def test_the_request_too_many_is_told_so() -> None:
    client = Client(settings(slots=1), source_of_octets())
    for token in range(256):
        assert first(client.request(token, LOGIN, 0.0)).destination == FIRST
    reason = "192.0.2.1:1812: 256 requests wait for it already"
    assert client.request(256, LOGIN, 0.0) == [Unanswered(256, reason)]
    client.cancel(3)
    assert first(client.request(257, LOGIN, 0.0)).destination == FIRST


def test_without_servers() -> None:
    client = Client(Settings(), source_of_octets())
    assert client.request(1, LOGIN, 0.0) == [Unanswered(1, "no RADIUS server is configured")]


def test_what_cannot_be_sent_ends_at_once() -> None:
    client = Client(settings(), source_of_octets())
    long = Message(Code.ACCESS_REQUEST, [("User-Name", "x" * 300)])
    (effect,) = client.request(1, long, 0.0)
    assert isinstance(effect, Unanswered)
    assert "User-Name does not fit" in effect.reason
    assert client.deadline is None


def test_the_callers_mistakes() -> None:
    client = Client(settings(), source_of_octets())
    client.request(1, LOGIN, 0.0)
    with pytest.raises(ValueError, match="token 1 is in use"):
        client.request(1, LOGIN, 0.0)
    with pytest.raises(ValueError, match="ACCESS_ACCEPT is no request"):
        client.request(2, Message(Code.ACCESS_ACCEPT), 0.0)


def test_a_cancelled_request_is_over() -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    assert client.pending == 1
    client.cancel(1)
    client.cancel(1)
    assert client.deadline is None
    assert client.pending == 0
    assert client.receive(answer(order), FIRST, order.slot, 0.1) == []


@pytest.mark.parametrize(
    "source", [("192.0.2.9", 1812), ("192.0.2.1", 1813 + 1), ("192.0.2.1", 1813)]
)
def test_a_reply_from_a_wrong_address_or_port_changes_nothing(source: tuple[str, int]) -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    effects = client.receive(answer(order), source, order.slot, 0.1)
    assert all(isinstance(effect, Noted) for effect in effects)
    assert first(client.expire(2.0)) == order


def test_a_stranger_is_named() -> None:
    client = Client(settings(), source_of_octets())
    (noted,) = client.receive(b"x", ("192.0.2.9", 1), 0, 0.0)
    assert isinstance(noted, Noted)
    assert noted.level is Level.WARNING
    assert "192.0.2.9:1 dropped: no RADIUS server is configured" in noted.text
    assert client.counts == {"stranger": 1}


def test_a_reply_at_another_slot_changes_nothing() -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    assert client.receive(answer(order), FIRST, order.slot + 1, 0.1) == []
    assert client.deadline is not None


def forged(order: Transmit) -> bytes:
    """A reply with a right Response Authenticator and no Message-Authenticator: BlastRADIUS."""
    request = Packet.read(order.data)
    head = bytes((Code.ACCESS_ACCEPT, request.identifier, 0, 20))
    return head + hashlib.md5(head + request.authenticator + SECRET).digest()


@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (forged, "it has no Message-Authenticator"),
        (lambda order: answer(order, secret=b"other"), "Response Authenticator is wrong"),
        (lambda order: answer(order, Code.ACCOUNTING_RESPONSE), "answered ACCESS_REQUEST with"),
        (lambda order: answer(order)[:19], "shorter than a RADIUS header"),
        (lambda order: answer(order)[:21], "claims 38 octets and has 21"),
    ],
)
def test_a_bad_reply_is_told_and_the_good_one_still_counts(
    forge: Callable[[Transmit], bytes], match: str
) -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    (noted,) = client.receive(forge(order), FIRST, order.slot, 0.1)
    assert isinstance(noted, Noted)
    assert match in noted.text
    (effect,) = client.receive(answer(order), FIRST, order.slot, 0.2)
    assert isinstance(effect, Answered)


def test_a_server_that_cannot_sign_is_believed_only_where_that_is_configured() -> None:
    lax = Upstream("192.0.2.1", SECRET, require_message_authenticator=False)
    client = Client(Settings((lax,)), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    wrong = bytearray(answer(order))
    wrong[22] ^= 1
    head = bytes(wrong[:4]) + order.data[4:20] + bytes(wrong[20:])
    data = wrong[:4] + hashlib.md5(head + SECRET).digest() + wrong[20:]
    (noted,) = client.receive(bytes(data), FIRST, order.slot, 0.1)
    assert isinstance(noted, Noted)
    assert "its Message-Authenticator is wrong" in noted.text
    assert isinstance(client.receive(forged(order), FIRST, order.slot, 0.2)[0], Answered)


def test_a_reply_whose_attributes_are_broken_is_dropped() -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    broken = Message(Code.ACCESS_ACCEPT, [("Attr-27", b"\0")])
    data = encode_reply(broken, Packet.read(order.data), SECRET, source_of_octets()).octets
    (noted,) = client.receive(data, FIRST, order.slot, 0.1)
    assert isinstance(noted, Noted)
    assert "Session-Timeout is no value of type integer" in noted.text


def test_a_wrong_secret_is_the_reason_in_the_end() -> None:
    client = Client(settings(tries=1), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    client.receive(answer(order, secret=b"other"), FIRST, order.slot, 0.1)
    effects = client.expire(2.0)
    (end,) = [effect for effect in effects if isinstance(effect, Unanswered)]
    assert "the shared secrets differ" in end.reason


def test_a_flood_is_counted_and_leaves_nothing_behind() -> None:
    client = Client(settings(), source_of_octets())
    said = sum(
        len(client.receive(bytes(20), (f"192.0.2.{n % 250}", n % 65536), 0, 0.0))
        for n in range(5000)
    )
    assert said < 30
    assert sum(client.counts.values()) >= 4990
    assert client.deadline is None


@given(st.binary(max_size=100), st.integers(0, 5))
def test_no_octets_upset_it(data: bytes, slot: int) -> None:
    client = Client(settings(), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    effects = client.receive(data, FIRST, slot, 0.1)
    assert all(isinstance(effect, Noted) for effect in effects)
    assert isinstance(client.receive(answer(order), FIRST, order.slot, 0.2)[0], Answered)


@given(st.sets(st.integers(0, 60)), st.booleans())
def test_every_request_ends_exactly_once_whatever_is_lost(lost: set[int], down: bool) -> None:
    net = Net(settings("192.0.2.1", "192.0.2.2"), lose=lost.__contains__)
    if down:
        net.down = {FIRST, ACCT}
    for token in range(6):
        net.request(token, START if token % 2 else LOGIN)
    net.run()
    assert sorted(end.token for end in net.ends) == list(range(6))
    assert net.client.pending == 0
    assert net.client.request(0, LOGIN, net.now)


def test_two_hundred_logins_a_second_while_every_tenth_datagram_is_lost() -> None:
    net = Net(Settings((Upstream("192.0.2.1", SECRET),)), lose=lambda number: number % 10 == 9)
    for token in range(600):
        net.now = 1000.0 + token / 200
        net.request(token, LOGIN)
        net.run(until=1000.0 + (token + 1) / 200)
    net.run()
    accepted = [end for end in net.ends if isinstance(end, Answered)]
    assert len(accepted) == 600


def challenged(client: Client, *, now: float = 0.0) -> tuple[str, int]:
    """Let the server that is asked set a challenge; return which it was."""
    order = first(client.request(1, LOGIN, now))
    message = Message(Code.ACCESS_CHALLENGE, [("State", b"halfway")])
    reply = encode_reply(message, Packet.read(order.data), SECRET, source_of_octets()).octets
    effects = client.receive(reply, order.destination, order.slot, now)
    assert [effect.token for effect in effects if isinstance(effect, Answered)] == [1]
    return order.destination


ANSWER = Message(Code.ACCESS_REQUEST, [*LOGIN.attributes, ("State", b"halfway")])


@pytest.mark.parametrize("dice", range(8))
def test_who_set_a_challenge_gets_its_answer(dice: int) -> None:
    two = replace(
        settings("192.0.2.1", "192.0.2.2"),
        servers=tuple(Upstream(f"192.0.2.{number}", SECRET, priority=1) for number in (1, 2)),
    )
    client = Client(two, source_of_octets(dice))
    asked = challenged(client)
    assert first(client.request(2, ANSWER, 0.1)).destination == asked


def test_nobody_else_gets_it_when_that_server_is_gone() -> None:
    client = Client(settings("192.0.2.1", "192.0.2.2"), source_of_octets())
    assert challenged(client) == FIRST
    effects = client.request(2, ANSWER, 0.0)
    effects += client.reload(settings("192.0.2.2", "192.0.2.1"), 0.0)
    while not any(isinstance(effect, Unanswered) for effect in effects):
        assert client.deadline is not None
        effects += client.expire(client.deadline)
    sent = {effect.destination for effect in effects if isinstance(effect, Transmit)}
    assert sent == {FIRST}
    (end,) = (effect for effect in effects if isinstance(effect, Unanswered))
    assert end.reason == "192.0.2.1:1812: no answer to 3 tries"


def test_a_challenge_of_a_server_that_was_removed_is_answered_to_those_that_are_left() -> None:
    client = Client(settings("192.0.2.1", "192.0.2.2"), source_of_octets())
    assert challenged(client) == FIRST
    client.reload(settings("192.0.2.2"), 0.0)
    assert first(client.request(2, ANSWER, 0.0)).destination == SECOND


def test_what_became_of_requests_is_counted() -> None:
    net = Net(settings("192.0.2.1", "192.0.2.2"))
    net.request(1, LOGIN)
    net.run()
    net.run(until=net.now + 1)
    net.down = {FIRST}
    net.request(2, LOGIN)
    net.run(until=net.now + 15)
    tries = settings().tries
    assert net.client.events == {
        ("192.0.2.1:1812", "request"): 2,
        ("192.0.2.1:1812", "retry"): tries - 1,
        ("192.0.2.1:1812", "timeout"): 1,
        ("192.0.2.1:1812", "access-accept"): 1,
        ("192.0.2.2:1812", "request"): 1,
        ("192.0.2.2:1812", "access-accept"): 1,
    }
    alive = net.client.alive(net.now)
    assert not alive["192.0.2.1:1812"]
    assert alive["192.0.2.2:1812"]
    assert len(alive) == 4


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (lambda order: answer(order, secret=b"other"), "wrong authenticator"),
        (lambda order: unsigned(order), "no signature"),
        (lambda order: answer(order)[:25], "malformed"),
        (lambda order: answer(order, Code.COA_ACK), "wrong code"),
    ],
)
def test_refused_replies_are_counted_by_reason(
    data: Callable[[Transmit], bytes], event: str
) -> None:
    client = Client(settings("192.0.2.1"), source_of_octets())
    order = first(client.request(1, LOGIN, 0.0))
    client.receive(data(order), order.destination, order.slot, 0.1)
    assert client.events["192.0.2.1:1812", f"reply refused: {event}"] == 1


def unsigned(order: Transmit) -> bytes:
    """A reply as the attack on MD5 makes it: sealed, and not signed."""
    request = Packet.read(order.data)
    head = bytes((Code.ACCESS_ACCEPT, request.identifier, 0, 20))
    return head + hashlib.md5(head + request.authenticator + SECRET).digest()
