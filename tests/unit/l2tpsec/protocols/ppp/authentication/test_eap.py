import pytest

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import Eap
from l2tpsec.model.grant import Challenge, Verdict
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import Authenticator, Output, Refused
from l2tpsec.protocols.ppp.authentication.chap import CHAP
from l2tpsec.protocols.ppp.authentication.eap import EAP, MAX_ROUNDS
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

FIRST = 0x41
IDENTITY = Packet(2, FIRST, b"\x01alice").encode()
MD5_REQUEST = Packet(1, 0x77, b"\x04\x10" + bytes(16)).encode()
MD5_RESPONSE = Packet(2, 0x77, b"\x04\x10" + bytes(16)).encode()
SUCCESS, FAILURE = Packet(3, 0x77, b"").encode(), Packet(4, 0x77, b"").encode()


def started(max_configure: int = 4) -> Authenticator:
    eap = EAP.create(PppSettings(max_configure=max_configure), lambda octets: b"A" * octets)
    eap.start(0)
    return eap


def identified() -> Authenticator:
    eap = started()
    assert eap.receive(IDENTITY, 0) == [Authenticate(Eap(b"alice", IDENTITY))]
    return eap


def challenged(wait_seconds: int | None = None) -> Authenticator:
    eap = identified()
    assert sent(eap.challenged(Challenge(MD5_REQUEST, wait_seconds), 1)) == MD5_REQUEST
    return eap


def answered(verdict: Verdict) -> Authenticator:
    eap = challenged()
    assert eap.receive(MD5_RESPONSE, 1) == [Authenticate(Eap(b"alice", MD5_RESPONSE))]
    eap.judged(verdict, 1)
    return eap


def sent(outputs: list[Output]) -> bytes:
    (output,) = outputs
    assert isinstance(output, SendFrame)
    protocol, information = frame.decode(output.frame)
    assert protocol == frame.EAP
    return information


def reason(outputs: list[Output]) -> str:
    (output,) = outputs
    assert isinstance(output, Dropped)
    return output.reason


def repeats(eap: Authenticator) -> list[float]:
    """Let time pass until nothing more is repeated; return when something was."""
    moments = []
    while eap.deadline is not None:
        moments.append(eap.deadline)
        assert eap.expire(eap.deadline - 0.01) == []
        sent(eap.expire(eap.deadline))
    return moments


def test_it_begins_with_the_question_who_is_there() -> None:
    eap = EAP.create(PppSettings(), lambda octets: b"A" * octets)
    assert sent(eap.start(0)) == Packet(1, FIRST, b"\x01").encode()
    assert EAP.option == b"\xc2\x27"


def test_a_request_is_repeated_with_growing_waits_and_the_same_identifier() -> None:
    assert repeats(started()) == [2, 6, 14]
    assert repeats(started(8)) == [2, 6, 14, 30, 50, 70, 90]


def test_the_server_says_how_long_to_wait_for_one_request_alone() -> None:
    eap = challenged(wait_seconds=30)
    assert repeats(eap) == [31, 61, 91]
    assert eap.receive(MD5_RESPONSE, 100) == [Authenticate(Eap(b"alice", MD5_RESPONSE))]
    eap.challenged(Challenge(MD5_REQUEST), 100)
    assert eap.deadline == 102


def test_a_response_goes_up_whole_and_without_padding() -> None:
    eap = challenged()
    (output,) = eap.receive(MD5_RESPONSE + b"\0\0", 1)
    assert output == Authenticate(Eap(b"alice", MD5_RESPONSE))
    assert eap.deadline is None
    assert "x04" not in repr(output)


@pytest.mark.parametrize("kind", [2, 3, 6, 13, 26, 254, 255])
def test_every_type_passes_once_the_client_is_known(kind: int) -> None:
    eap = challenged()
    response = Packet(2, 0x77, bytes((kind, 9))).encode()
    assert eap.receive(response, 1) == [Authenticate(Eap(b"alice", response))]


def test_responses_go_up_one_at_a_time() -> None:
    eap = identified()
    assert reason(eap.receive(IDENTITY, 0)) == "question pending"
    eap.challenged(Challenge(MD5_REQUEST), 1)
    assert reason(eap.receive(IDENTITY, 1)) == "no reply to our request"
    eap.receive(MD5_RESPONSE, 1)
    assert reason(eap.receive(MD5_RESPONSE, 1)) == "question pending"


def test_a_request_that_comes_again_is_asked_again() -> None:
    # RFC 3579 section 2.2: the server ignored the Response, and wants another to the same Request
    eap = challenged()
    eap.receive(MD5_RESPONSE, 1)
    assert sent(eap.challenged(Challenge(MD5_REQUEST), 2)) == MD5_REQUEST
    assert eap.receive(MD5_RESPONSE, 3) == [Authenticate(Eap(b"alice", MD5_RESPONSE))]


@pytest.mark.parametrize("code", [1, 3, 4])
def test_we_prove_nothing_ourselves(code: int) -> None:
    packet = Packet(code, FIRST, b"\x01" if code == 1 else b"").encode()
    assert reason(started().receive(packet, 0)) == "not for an authenticator"


def test_who_does_not_say_who_it_is_is_not_heard() -> None:
    eap = started()
    assert reason(eap.receive(Packet(2, FIRST, b"\x03\x04").encode(), 0)) == "no identity"
    assert eap.receive(IDENTITY, 0) == [Authenticate(Eap(b"alice", IDENTITY))]


def test_an_identity_may_be_empty() -> None:
    nobody = Packet(2, FIRST, b"\x01").encode()
    assert started().receive(nobody, 0) == [Authenticate(Eap(b"", nobody))]


@pytest.mark.parametrize(("octets", "fits"), [(253, True), (254, False), (1400, False)])
def test_an_identity_that_radius_cannot_carry_is_refused(octets: int, fits: bool) -> None:
    (output,) = started().receive(Packet(2, FIRST, b"\x01" + b"x" * octets).encode(), 0)
    assert isinstance(output, Authenticate if fits else Refused)


def test_no_client_turns_round_for_ever() -> None:
    eap = identified()
    rounds = 1
    while not isinstance((output := _round(eap))[0], Refused):
        rounds += 1
    assert rounds == MAX_ROUNDS
    assert output == [Refused("EAP came to no end in 100 rounds")]


def _round(eap: Authenticator) -> list[Output]:
    eap.challenged(Challenge(MD5_REQUEST), 1)
    return eap.receive(MD5_RESPONSE, 1)


def test_success_is_repeated_until_the_client_knows() -> None:
    eap = answered(Verdict(accepted=True, message=SUCCESS))
    assert eap.answered
    assert sent(eap.receive(MD5_RESPONSE, 2)) == SUCCESS
    assert reason(eap.receive(IDENTITY, 2)) == "no reply to our request"
    assert repeats(eap) == [3, 5, 7]


def test_failure_is_said_once_and_to_whoever_asks() -> None:
    eap = answered(Verdict(accepted=False, message=FAILURE))
    assert eap.deadline is None
    assert sent(eap.receive(MD5_RESPONSE, 2)) == FAILURE


def test_nothing_is_made_up_where_no_server_answered() -> None:
    eap = challenged()
    eap.receive(MD5_RESPONSE, 1)
    assert eap.judged(Verdict(accepted=False), 1) == []
    assert eap.receive(MD5_RESPONSE, 2) == []
    assert eap.deadline is None
    assert eap.expire(50) == []


@pytest.mark.parametrize("octets", ["", "02410004", "02410003", "0241ffff01"])
def test_broken_packets_are_malformed(octets: str) -> None:
    with pytest.raises(Malformed):
        started().receive(bytes.fromhex(octets), 0)


def test_a_method_without_challenges_takes_none() -> None:
    chap = CHAP.create(PppSettings(), lambda octets: b"A" * octets)
    assert chap.challenged(Challenge(MD5_REQUEST), 0) == []
