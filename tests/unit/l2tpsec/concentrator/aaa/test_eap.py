import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.aaa import eap
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import Eap
from l2tpsec.model.grant import Challenge
from l2tpsec.protocols.ppp.packet import Packet
from radius.message import Attribute, Code, Message

ASKED = Eap(b"alice", Packet(2, 0x21, b"\x0d\0").encode())
REQUEST = Packet(1, 0x22, b"\x0d\x80" + bytes(range(256)) * 4).encode()
SUCCESS, FAILURE = (Packet(code, 0x21, b"").encode() for code in (3, 4))
ACCEPT, REJECT, CHALLENGE = Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE


def reply(code: Code, packet: bytes, *more: Attribute) -> Message:
    return Message(code, [("Class", b"x"), *eap.attributes(packet), *more])


@given(st.binary(min_size=1, max_size=1500))
def test_a_packet_is_split_and_joined(packet: bytes) -> None:
    parts = [value for _, value in eap.attributes(packet)]
    assert all(isinstance(part, bytes) and len(part) == 253 for part in parts[:-1])
    assert eap.message(Message(CHALLENGE, eap.attributes(packet))) == packet


def test_a_challenge_is_the_request_and_how_long_to_wait() -> None:
    assert eap.challenge(reply(CHALLENGE, REQUEST)) == Challenge(REQUEST, None)
    timed = reply(CHALLENGE, REQUEST + b"\0", ("Session-Timeout", 30), ("State", b"s"))
    assert eap.challenge(timed) == Challenge(REQUEST, 30)
    assert eap.challenge(reply(CHALLENGE, REQUEST, ("Session-Timeout", 0))).wait_seconds is None
    assert eap.challenge(reply(CHALLENGE, REQUEST, ("Session-Timeout", 28_800))).wait_seconds == 60


@pytest.mark.parametrize("packet", [b"", b"\x01\x02", SUCCESS, FAILURE, ASKED.message])
def test_a_challenge_without_a_request_is_none(packet: bytes) -> None:
    with pytest.raises(Malformed):
        eap.challenge(reply(CHALLENGE, packet))


@pytest.mark.parametrize(
    ("code", "packet", "told"),
    [
        (ACCEPT, SUCCESS, SUCCESS),
        (REJECT, FAILURE, FAILURE),
        # contradictions are the server's (RFC 3579 section 2.6.3)
        (ACCEPT, FAILURE, FAILURE),
        (REJECT, SUCCESS, SUCCESS),
        # with none that ends the conversation, ours does, under the Response's identifier
        (ACCEPT, b"", SUCCESS),
        (REJECT, b"", FAILURE),
        (ACCEPT, REQUEST, SUCCESS),
        (REJECT, b"\xff", FAILURE),
        (CHALLENGE, b"", FAILURE),
    ],
)
def test_the_end_that_the_client_is_told(code: Code, packet: bytes, told: bytes) -> None:
    assert eap.outcome(ASKED, reply(code, packet)) == told


def test_what_goes_with_a_response() -> None:
    assert eap.conversation(b"", 1400) == [("Framed-MTU", 1390)]
    assert eap.conversation(b"s", 1302) == [("Framed-MTU", 1292), ("State", b"s")]
