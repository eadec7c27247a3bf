import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.dynamic import (
    DynamicAuthorization,
    DynamicClient,
    DynamicSettings,
    Effect,
    ErrorCause,
    Ordered,
)
from radius.message import Attribute, Code, Message
from radius.notice import Noted
from radius.packet import Packet, decode, encode_request, verify_reply
from radius.server.effects import Reply

SECRET, WIDE = b"for one host", b"for its network"
SOURCE = ("192.0.2.7", 4000)
NOW = 1_700_000_000
CLIENTS = (DynamicClient("192.0.2.0/24", WIDE), DynamicClient("192.0.2.7", SECRET))


def engine() -> DynamicAuthorization:
    return DynamicAuthorization(DynamicSettings(CLIENTS), lambda: NOW, bytes)


def order(*more: Attribute, code: Code = Code.DISCONNECT_REQUEST, secret: bytes = SECRET) -> Packet:
    return encode_request(Message(code, (("User-Name", "alice"), *more)), 7, secret, bytes)


def only(effects: list[Effect]) -> Effect:
    (effect,) = effects
    return effect


def said(effects: list[Effect]) -> str:
    effect = only(effects)
    assert isinstance(effect, Noted)
    return effect.text


@pytest.mark.parametrize("code", [Code.DISCONNECT_REQUEST, Code.COA_REQUEST])
@pytest.mark.parametrize("cause", [None, *ErrorCause])
def test_an_order_is_passed_on_and_answered(code: Code, cause: ErrorCause | None) -> None:
    dynamic, request = engine(), order(("Proxy-State", b"x"), code=code)
    ordered = only(dynamic.receive(request.octets, SOURCE, 1))
    assert isinstance(ordered, Ordered)
    assert ordered.message.text("User-Name") == "alice"
    assert "for one host" not in repr(ordered)
    reply = only(dynamic.answer(ordered, cause, 1))
    assert isinstance(reply, Reply)
    packet = Packet.read(reply.data)
    verify_reply(packet, request, SECRET)
    message = decode(packet, SECRET, request.authenticator)
    assert message.code == code + (1 if cause is None else 2)
    assert message.number("Error-Cause") == cause
    assert message.all("Proxy-State") == [b"x"]
    assert message.get("Reply-Message") is None, "it has no place there (section 3.6)"
    ended = 6 if message.code is Code.DISCONNECT_ACK else None
    assert message.number("Acct-Terminate-Cause") == ended
    assert dynamic.receive(request.octets, SOURCE, 2) == [reply], "a copy"
    elsewhere = (SOURCE[0], SOURCE[1] + 1)
    assert dynamic.receive(request.octets, elsewhere, 2) == [Reply(elsewhere, reply.data)], (
        "a replay"
    )
    assert isinstance(only(dynamic.receive(request.octets, SOURCE, 700)), Ordered)


@pytest.mark.parametrize(("off", "passes"), [(0, True), (300, True), (-300, True), (301, False)])
def test_the_window(off: int, passes: bool) -> None:
    effect = only(engine().receive(order(("Event-Timestamp", NOW + off)).octets, SOURCE, 1))
    assert isinstance(effect, Ordered) is passes


def test_strangers_and_forgers_get_no_answer() -> None:
    dynamic = engine()
    assert "not among the clients" in said(dynamic.receive(order().octets, ("10.0.0.1", 1), 1))
    assert "secrets differ" in said(dynamic.receive(order(secret=WIDE).octets, SOURCE, 1))
    other = only(dynamic.receive(order(secret=WIDE).octets, ("192.0.2.8", 1), 1))
    assert isinstance(other, Ordered)
    access = encode_request(Message(Code.ACCESS_REQUEST), 1, SECRET, bytes)
    assert "code 1 is no order" in said(dynamic.receive(access.octets, SOURCE, 1))
    assert dynamic.counts == {"stranger": 1, "unverified": 1, "code": 1}


def test_message_authenticator_is_required() -> None:
    signed = order().octets
    bare = signed[:2] + (len(signed) - 18).to_bytes(2) + bytes(16) + signed[38:]
    sealed = bare[:4] + hashlib.md5(bare + SECRET).digest() + bare[20:]
    assert "has no Message-Authenticator" in said(engine().receive(sealed, SOURCE, 1))


@given(st.binary(max_size=80))
def test_anything_is_survived(data: bytes) -> None:
    assert isinstance(only(engine().receive(data, SOURCE, 1)), Noted)


def test_a_client_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        DynamicClient("10.0.0.1", b"")


def test_a_state_goes_back_as_it_came() -> None:
    dynamic, request = (
        engine(),
        order(("State", b"s"), ("Proxy-State", b"x"), code=Code.COA_REQUEST),
    )
    ordered = only(dynamic.receive(request.octets, SOURCE, 1))
    assert isinstance(ordered, Ordered)
    for cause in (None, ErrorCause.INVALID_ATTRIBUTE_VALUE):
        reply = only(dynamic.answer(ordered, cause, 1))
        assert isinstance(reply, Reply)
        message = decode(Packet.read(reply.data), SECRET, request.authenticator)
        assert (message.all("State"), message.all("Proxy-State")) == ([b"s"], [b"x"])


@pytest.mark.parametrize(
    ("refusal", "cause", "service"),
    [(None, 507, 17), (ErrorCause.MISSING_ATTRIBUTE, 402, None)],
)
def test_authorize_only_is_never_acknowledged(
    refusal: ErrorCause | None, cause: int, service: int | None
) -> None:
    more: list[Attribute] = [("Service-Type", 17), ("State", b"s")]
    dynamic, request = engine(), order(*more, code=Code.COA_REQUEST)
    ordered = only(dynamic.receive(request.octets, SOURCE, 1))
    assert isinstance(ordered, Ordered)
    reply = only(dynamic.answer(ordered, refusal, 1))
    assert isinstance(reply, Reply)
    message = decode(Packet.read(reply.data), SECRET, request.authenticator)
    assert message.code is Code.COA_NAK
    assert (message.number("Error-Cause"), message.number("Service-Type")) == (cause, service)
    assert message.octets("State") == b"s"


def test_an_order_without_its_time_where_that_is_wanted() -> None:
    settings = DynamicSettings(CLIENTS, event_timestamp_required=True)
    dynamic = DynamicAuthorization(settings, lambda: NOW, bytes)
    assert "has no Event-Timestamp" in said(dynamic.receive(order().octets, SOURCE, 1))
    dated = order(("Event-Timestamp", NOW))
    assert isinstance(only(dynamic.receive(dated.octets, SOURCE, 1)), Ordered)
    assert dynamic.counts == {"undated": 1}
