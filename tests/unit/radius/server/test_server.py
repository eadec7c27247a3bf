import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius import mschap
from radius.message import Attribute, Code, Message
from radius.notice import Level, Noted
from radius.packet import Packet, decode, encode_request, verify_reply
from radius.server.effects import Effect, Reply
from radius.server.server import Server
from radius.server.settings import NasClient, Port, Settings
from radius.server.users.logins import SqliteLogins
from radius.server.users.store import StoreBusy, StoreFailure, User

SECRET = b"testing123"
NAS = ("192.0.2.1", 40000)
SETTINGS = Settings((NasClient("192.0.2.0/24", b"wide"), NasClient("192.0.2.1", SECRET)))


class Store:
    """One user; counts questions; fails on demand."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: StoreFailure | None = None
        self.user = User("bob", mschap.nt_hash("pw"))

    def find(self, name: str) -> User | None:
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.user if name == "bob" else None

    def change_password(self, name: str, password: str) -> None:
        raise AssertionError(name)

    def password_of(self, user: User) -> str | None:
        return None

    def one_time_secret_of(self, user: User) -> bytes | None:
        return None

    def use_step(self, name: str, step: int) -> bool:
        raise AssertionError(name)


def entropy(count: int) -> bytes:
    return random.Random(7).randbytes(count)


def login(*more: Attribute, secret: bytes = SECRET) -> Packet:
    message = Message(Code.ACCESS_REQUEST, [("User-Name", "bob"), ("User-Password", b"pw"), *more])
    return encode_request(message, 5, secret, entropy)


def accounting(*attributes: Attribute) -> Packet:
    return encode_request(Message(Code.ACCOUNTING_REQUEST, attributes), 6, SECRET, entropy)


def answered(effects: list[Effect], request: Packet, secret: bytes = SECRET) -> Message:
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    packet = Packet.read(reply.data)
    verify_reply(packet, request, secret)
    return decode(packet, secret, request.authenticator)


def texts(effects: list[Effect]) -> str:
    assert all(isinstance(effect, Noted) for effect in effects)
    return " ".join(effect.text for effect in effects if isinstance(effect, Noted))


def test_a_login_is_answered_where_it_came_from() -> None:
    server, request = Server(SETTINGS, Store(), entropy), login()
    effects = server.receive(request.octets, NAS, 0.0)
    assert answered(effects, request).code is Code.ACCESS_ACCEPT
    assert [effect.destination for effect in effects if isinstance(effect, Reply)] == [NAS]
    assert Noted(Level.INFO, 'user "bob" accepted by PAP') in effects


def test_message_authenticator_is_first_in_replies() -> None:
    server = Server(SETTINGS, Store(), entropy)
    (reply, _) = server.receive(login(("Proxy-State", b"x")).octets, NAS, 0.0)
    assert isinstance(reply, Reply)
    assert [row.type for row in Packet.read(reply.data).fields()] == [80, 1, 33]


def test_proxy_states_come_back_in_order() -> None:
    request = login(("Proxy-State", b"1"), ("Proxy-State", b"2"))
    effects = Server(SETTINGS, Store(), entropy).receive(request.octets, NAS, 0.0)
    assert answered(effects, request).all("Proxy-State") == [b"1", b"2"]


def test_the_narrowest_client_counts() -> None:
    server, request = Server(SETTINGS, Store(), entropy), login(secret=b"wide")
    effects = server.receive(request.octets, ("192.0.2.2", 1), 0.0)
    assert answered(effects, request, b"wide").code is Code.ACCESS_ACCEPT
    assert "Message-Authenticator is wrong" in texts(server.receive(request.octets, NAS, 0.0))


def test_a_repeated_request_gets_its_stored_reply() -> None:
    store = Store()
    server, request = Server(SETTINGS, store, entropy), login()
    first = server.receive(request.octets, NAS, 0.0)
    store.user = User("bob", mschap.nt_hash("changed"))
    assert server.receive(request.octets, NAS, 29.0) == first[:1]
    assert store.asked == 1
    late = server.receive(request.octets, NAS, 31.0)
    assert answered(late, request).code is Code.ACCESS_REJECT


def test_a_repeated_request_is_known_though_thousands_came_meanwhile() -> None:
    store, wide = Store(), Settings((NasClient("192.0.2.1", SECRET, requests_per_second=None),))
    server, request = Server(wide, store, entropy), login()
    first = server.receive(request.octets, NAS, 0.0)
    for number in range(4000):
        state: Attribute = ("Proxy-State", number.to_bytes(2))
        other = encode_request(Message(Code.STATUS_SERVER, [state]), number % 256, SECRET, entropy)
        server.receive(other.octets, (NAS[0], 2000 + number // 256), 10.0)
    store.user = User("bob", mschap.nt_hash("changed"))
    assert server.receive(request.octets, NAS, 29.0) == first[:1]


def test_a_place_is_an_identifier_at_one_port() -> None:
    store = Store()
    server, request = Server(SETTINGS, store, entropy), login()
    server.receive(request.octets, NAS, 0.0)
    alive = encode_request(Message(Code.STATUS_SERVER, ()), 5, SECRET, entropy)
    server.receive(alive.octets, NAS, 1.0, 0.0, Port.ACCOUNTING)
    server.receive(request.octets, NAS, 2.0)
    assert store.asked == 1
    server.receive(alive.octets, NAS, 3.0)
    server.receive(request.octets, NAS, 4.0)
    assert store.asked == 2, "its identifier was used for another request"


def test_accounting_is_acknowledged_and_remembered() -> None:
    server = Server(SETTINGS, Store(), entropy)
    request = accounting(("Acct-Status-Type", 1), ("Acct-Session-Id", "1"), ("User-Name", "bob"))
    effects = server.receive(request.octets, NAS, 3.0, wall=5.0)
    assert answered(effects, request) == Message(Code.ACCOUNTING_RESPONSE, ())
    assert [(row.user, row.told_at) for row in server.accounting.sessions] == [("bob", 5.0)]


def test_incomplete_accounting_gets_no_answer() -> None:
    server = Server(SETTINGS, Store(), entropy)
    effects = server.receive(accounting(("User-Name", "bob")).octets, NAS, 0.0)
    assert "192.0.2.1:40000 dropped: it has no Acct-Status-Type" in texts(effects)


def changed(octets: bytes, index: int, value: int) -> bytes:
    return octets[:index] + bytes((value,)) + octets[index + 1 :]


@pytest.mark.parametrize(
    ("data", "source", "match"),
    [
        (login().octets, ("203.0.113.1", 9), "203.0.113.1:9 dropped: this address is not among"),
        (login().octets, ("2001:db8::1", 9), "2001:db8::1:9 dropped: this address is not among"),
        (b"", NAS, "shorter than a RADIUS header"),
        (changed(login().octets, 0, 2), NAS, "code 2 is not served"),
        (changed(login().octets, 0, 13), NAS, "code 13 is not served"),
        (changed(login().octets, 0, 12), NAS, "Message-Authenticator is wrong"),
        (changed(login().octets, 0, 4), NAS, "Request Authenticator is wrong"),
        (changed(login().octets, -1 + len(login().octets), 0), NAS, "Authenticator is wrong"),
        (b"\1\5\0\x19" + bytes(16) + b"\1\5bob", NAS, "it has no Message-Authenticator"),
        (login(("Attr-27", b"x")).octets, NAS, "Session-Timeout is no value of type integer"),
    ],
)
def test_what_gets_no_answer(data: bytes, source: tuple[str, int], match: str) -> None:
    server = Server(SETTINGS, Store(), entropy)
    assert match in texts(server.receive(data, source, 0.0))
    assert sum(server.counts.values()) == 1


def test_a_broken_store_is_told_and_gets_no_answer() -> None:
    store = Store()
    store.failure = StoreFailure("the user database x cannot be used: disk I/O error")
    server = Server(SETTINGS, store, entropy)
    effects = server.receive(login().octets, NAS, 0.0)
    assert effects == [Noted(Level.ERROR, "the user database x cannot be used: disk I/O error")]
    store.failure = None
    assert answered(server.receive(login().octets, NAS, 1.0), login()).code is Code.ACCESS_ACCEPT


def test_a_store_that_is_busy_is_told_seldom_and_answers_a_repetition() -> None:
    store = Store()
    store.failure = StoreBusy("the user database x is being written")
    server = Server(SETTINGS, store, entropy)
    told = [len(server.receive(login().octets, NAS, float(n))) for n in range(4)]
    assert told == [1, 1, 0, 1]
    assert server.counts == {"busy": 4}
    store.failure = None
    assert answered(server.receive(login().octets, NAS, 5.0), login()).code is Code.ACCESS_ACCEPT


def test_a_reply_that_cannot_be_written_is_told() -> None:
    store = Store()
    store.user = User("bob", mschap.nt_hash("pw"), framed_address="nowhere")
    effects = Server(SETTINGS, store, entropy).receive(login().octets, NAS, 0.0)
    assert "the reply to 192.0.2.1 cannot be written: Framed-IP-Address" in texts(effects)


def test_a_flood_is_counted_and_hardly_told() -> None:
    server = Server(SETTINGS, Store(), entropy)
    said = sum(len(server.receive(bytes(30), NAS, 0.0)) for _ in range(5000))
    assert said == 13
    assert server.counts == {"malformed": 5000}


@pytest.mark.parametrize(
    ("port", "code"),
    [(Port.AUTHENTICATION, Code.ACCESS_ACCEPT), (Port.ACCOUNTING, Code.ACCOUNTING_RESPONSE)],
)
def test_status_server_is_answered_by_what_the_port_is_for(port: Port, code: Code) -> None:
    store = Store()
    store.failure = StoreFailure("nobody is asked")
    request = encode_request(Message(Code.STATUS_SERVER, ()), 9, SECRET, entropy)
    effects = Server(SETTINGS, store, entropy).receive(request.octets, NAS, 0.0, 0.0, port)
    assert answered(effects, request) == Message(code, ())


def test_who_asks_too_often_waits_and_others_do_not() -> None:
    settings = Settings((NasClient("192.0.2.0/24", SECRET, requests_per_second=2),))
    server = Server(settings, Store(), entropy)
    first, second, third, fourth = (login(("Proxy-State", bytes((n,)))).octets for n in range(4))
    server.receive(first, NAS, 0.0)
    server.receive(second, NAS, 0.0)
    told = texts(server.receive(third, NAS, 0.1))
    assert "192.0.2.1:40000 dropped: it asks more than 2 times a second" in told
    assert server.counts == {"rate": 1}
    assert isinstance(server.receive(first, ("192.0.2.9", 1), 0.1)[0], Reply)
    assert isinstance(server.receive(fourth, NAS, 0.6)[0], Reply)


def test_forged_and_repeated_requests_use_up_nobody_s_share() -> None:
    settings = Settings((NasClient("192.0.2.0/24", SECRET, requests_per_second=2),))
    server, forged = Server(settings, Store(), entropy), login(secret=b"guessed")
    for _ in range(10):
        server.receive(forged.octets, NAS, 0.0)
    assert server.counts == {"unverified": 10}
    for _ in range(10):
        assert isinstance(server.receive(login().octets, NAS, 0.0)[0], Reply)


def test_a_socket_for_both_families_shows_ipv4_inside_ipv6() -> None:
    mapped = ("::ffff:192.0.2.1", 40000)
    (reply, _) = Server(SETTINGS, Store(), entropy).receive(login().octets, mapped, 0.0)
    assert isinstance(reply, Reply)
    assert reply.destination == mapped


sound = st.sampled_from(
    [
        login(("Proxy-State", b"x")).octets,
        accounting(("Acct-Status-Type", 1), ("Acct-Session-Id", "1")).octets,
        encode_request(Message(Code.STATUS_SERVER, ()), 9, SECRET, entropy).octets,
    ]
)


@given(sound, st.data())
def test_no_change_of_a_sound_packet_is_answered(octets: bytes, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(octets) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != octets[index]))
    port = data.draw(st.sampled_from(Port))
    forged = changed(octets, index, value)
    effects = Server(SETTINGS, Store(), entropy).receive(forged, NAS, 0.0, 0.0, port)
    assert all(isinstance(effect, Noted) for effect in effects)


@given(sound, st.integers(0, 4200))
def test_no_cut_or_padding_upsets_it(octets: bytes, length: int) -> None:
    server = Server(SETTINGS, Store(), entropy)
    effects = server.receive(octets.ljust(length, b"\0")[:length], NAS, 0.0)
    assert any(isinstance(effect, Reply) for effect in effects) is (length >= len(octets))


@given(st.binary(max_size=120))
def test_no_octets_upset_it(data: bytes) -> None:
    effects = Server(SETTINGS, Store(), entropy).receive(data, NAS, 0.0)
    assert all(isinstance(effect, Noted) for effect in effects)


names = st.sampled_from(
    ["User-Name", "CHAP-Password", "CHAP-Challenge", "MS-CHAP-Challenge", "MS-CHAP-Response",
     "MS-CHAP2-Response", "MS-CHAP2-CPW", "MS-CHAP-NT-Enc-PW", "Proxy-State", "Calling-Station-Id"]
)  # fmt: skip


@given(st.lists(st.tuples(names, st.binary(max_size=60)), max_size=8))
def test_whatever_is_signed_is_answered(attributes: list[Attribute]) -> None:
    request = encode_request(Message(Code.ACCESS_REQUEST, attributes), 1, SECRET, entropy)
    effects = Server(SETTINGS, Store(), entropy).receive(request.octets, NAS, 0.0)
    assert answered(effects, request).code is Code.ACCESS_REJECT


def test_a_log_that_fails_is_told_seldom_and_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"nonsense" * 100)
    server = Server(SETTINGS, Store(), entropy, SqliteLogins(tmp_path / "log"))
    told = []
    for second in range(4):
        request = login(("Proxy-State", bytes((second,))))
        reply, _, *more = server.receive(request.octets, NAS, float(second))
        assert answered([reply], request).code is Code.ACCESS_ACCEPT
        told.append(len(more))
    assert told == [1, 1, 0, 1]
