import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.ppp import PPP_CHAP_ChallengeResponse

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import Chap
from l2tpsec.model.grant import Verdict
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import (
    Authenticator,
    Method,
    Output,
    Refused,
)
from l2tpsec.protocols.ppp.authentication.chap import CHAP
from l2tpsec.protocols.ppp.authentication.methods import METHODS
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

CHALLENGE = bytes(range(0x41, 0x51))
RESPONSE = bytes(range(16))
IDENTIFIER = 0x41
DIALECTS = [method for method in METHODS if method.protocol == frame.CHAP]


def entropy(octets: int) -> bytes:
    return CHALLENGE[:octets]


def started() -> Authenticator:
    chap = CHAP.create(PppSettings(max_configure=3), entropy)
    chap.start(0)
    return chap


def response(
    value: bytes = RESPONSE, name: bytes = b"alice", identifier: int = IDENTIFIER
) -> bytes:
    return Packet(2, identifier, bytes((len(value),)) + value + name).encode()


def sent(outputs: list[Output]) -> Packet:
    (output,) = outputs
    assert isinstance(output, SendFrame)
    protocol, information = frame.decode(output.frame)
    assert protocol == frame.CHAP
    return Packet.decode(information)


def reason(outputs: list[Output]) -> str:
    (output,) = outputs
    assert isinstance(output, Dropped)
    return output.reason


def test_the_challenge_is_sixteen_octets_and_our_name() -> None:
    challenge = sent(CHAP.create(PppSettings(), entropy).start(0))
    assert challenge == (1, IDENTIFIER, b"\x10" + CHALLENGE + b"l2tpsec")
    seen = PPP_CHAP_ChallengeResponse(challenge.encode())
    assert (seen.value, seen.optional_name) == (CHALLENGE, b"l2tpsec")


def test_the_challenge_is_repeated_unchanged_and_then_no_more() -> None:
    chap = CHAP.create(PppSettings(max_configure=3), entropy)
    first = chap.start(0)
    assert chap.expire(1.9) == []
    assert chap.expire(2) == first
    assert chap.expire(4) == first
    assert chap.deadline is None
    assert chap.expire(6) == []


def test_the_question_is_asked_once_and_stops_the_timer() -> None:
    chap = started()
    assert chap.receive(response(name=b"al\0ice\xff"), 0) == [
        Authenticate(Chap(b"al\0ice\xff", IDENTIFIER, CHALLENGE, RESPONSE))
    ]
    assert chap.deadline is None
    assert reason(chap.receive(response(), 0)) == "question pending"
    assert reason(chap.receive(response(bytes(16)), 0)) == "question pending"


@pytest.mark.parametrize(
    ("verdict", "code", "text"),
    [
        (Verdict(accepted=True), 3, b""),
        (Verdict(accepted=True, message=b"hi"), 3, b"hi"),
        (Verdict(accepted=False), 4, b"Access denied"),
        (Verdict(accepted=False, message=b"no"), 4, b"no"),
    ],
)
def test_the_verdict_is_told_and_repeated(verdict: Verdict, code: int, text: bytes) -> None:
    chap = started()
    chap.receive(response(), 0)
    assert sent(chap.judged(verdict, 10)) == (code, IDENTIFIER, text)
    assert chap.answered
    assert sent(chap.receive(response(), 11)) == (code, IDENTIFIER, text)
    assert sent(chap.receive(response(bytes(16)), 11)) == (code, IDENTIFIER, text)


def test_success_is_repeated_by_itself_and_failure_is_not() -> None:
    chap = started()
    chap.receive(response(), 0)
    success = chap.judged(Verdict(accepted=True), 10)
    assert chap.expire(12) == success
    assert chap.expire(14) == success
    assert chap.expire(16) == []
    chap = started()
    chap.receive(response(), 0)
    chap.judged(Verdict(accepted=False), 10)
    assert chap.deadline is None


def test_a_response_to_another_challenge_is_dropped() -> None:
    chap = started()
    assert reason(chap.receive(response(identifier=7), 0)) == "no reply to our challenge"
    assert chap.deadline is not None


@pytest.mark.parametrize("octets", [0, 1, 15, 17, 49, 255])
def test_a_response_of_another_size_is_dropped(octets: int) -> None:
    assert reason(started().receive(response(bytes(octets)), 0)) == "wrong response size"


@pytest.mark.parametrize("octets", [0, 254, 255, 256, 1400])
def test_names_that_radius_cannot_carry_are_refused(octets: int) -> None:
    (refused,) = started().receive(response(name=b"n" * octets), 0)
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("data", ["", "10", "1041", "ff41"])
def test_sizes_past_the_end_are_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        started().receive(Packet(2, IDENTIFIER, bytes.fromhex(data)).encode(), 0)


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5, 7, 255])
def test_a_client_that_challenges_or_declares_success_is_dropped(code: int) -> None:
    assert reason(started().receive(Packet(code, IDENTIFIER, b"").encode(), 0)) == "unknown code"


@pytest.mark.parametrize("method", DIALECTS, ids=lambda method: method.name)
@given(packets=st.lists(st.binary(max_size=80), max_size=5))
def test_any_octets_ask_at_most_once(method: Method, packets: list[bytes]) -> None:
    chap = method.create(PppSettings(), entropy)
    chap.start(0)
    asked = 0
    for packet in packets:
        try:
            asked += sum(isinstance(o, Authenticate) for o in chap.receive(packet, 0))
        except Malformed:
            continue
    assert asked <= 1
