"""RFC 2759 with the exchange of its section 9.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import MsChapV2, MsChapV2ChangePassword
from l2tpsec.model.grant import Verdict
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import Authenticator, Output, Refused
from l2tpsec.protocols.ppp.authentication.chap import MOST_FAILURES
from l2tpsec.protocols.ppp.authentication.mschapv2 import MSCHAPV2
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.settings import PppSettings

CHALLENGE = bytes.fromhex("5b5d7c7d7b3f2f3e3c2c602132262628")
PEER_CHALLENGE = bytes.fromhex("21402324255e262a28295f2b3a337c7e")
NT_RESPONSE = bytes.fromhex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df")
SUCCESS = b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
RESPONSE = PEER_CHALLENGE + bytes(8) + NT_RESPONSE + b"\0"


def started() -> Authenticator:
    authenticator = MSCHAPV2.create(PppSettings(), lambda octets: CHALLENGE[:octets])
    authenticator.start(0)
    return authenticator


def response(value: bytes = RESPONSE) -> bytes:
    return Packet(2, CHALLENGE[0], bytes((len(value),)) + value + b"User").encode()


def told(authenticator: Authenticator, verdict: Verdict) -> Packet:
    (sent,) = authenticator.judged(verdict, 0)
    assert isinstance(sent, SendFrame)
    return Packet.decode(frame.decode(sent.frame)[1])


def test_the_response_becomes_credentials_as_it_is() -> None:
    assert started().receive(response(), 0) == [
        Authenticate(MsChapV2(b"User", CHALLENGE[0], CHALLENGE, RESPONSE))
    ]


def test_the_servers_proof_is_passed_on() -> None:
    authenticator = started()
    authenticator.receive(response(), 0)
    packet = told(authenticator, Verdict(accepted=True, message=SUCCESS))
    assert packet == (3, CHALLENGE[0], SUCCESS)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"", b"E=691 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied"),
        (
            b"words of a RADIUS server",
            b"E=691 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied",
        ),
        (
            b"E=647 R=0 C=ABCDEF00000000000000000000000000 V=3 M=Account disabled",
            b"E=647 R=0 C=ABCDEF00000000000000000000000000 V=3 M=Account disabled",
        ),
        (b"E=709 R=0 M=No R=1", b"E=709 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=No R=1"),
        (b"E=647 R=1 C=00", b"E=647 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Access denied"),
        (b"E=691 R=1 M=No", b"E=691 R=1 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=No"),
        (b"E=648 R=1 M=Old", b"E=648 R=0 C=5B5D7C7D7B3F2F3E3C2C602132262628 V=3 M=Old"),
    ],
)
def test_the_failure_is_what_windows_understands(message: bytes, text: bytes) -> None:
    authenticator = started()
    authenticator.receive(response(), 0)
    assert told(authenticator, Verdict(accepted=False, message=message)).data == text


def test_a_reflected_challenge_is_refused_without_asking() -> None:
    (refused,) = started().receive(response(CHALLENGE + RESPONSE[16:]), 0)
    assert isinstance(refused, Refused)
    assert "reflection" in refused.text


NEXT = bytes(range(16))
TRY_AGAIN = Verdict(accepted=False, message=b"E=691 R=1 C=" + NEXT.hex().encode() + b" V=3 M=No")
EXPIRED = Verdict(accepted=False, message=b"E=648 R=0 C=" + NEXT.hex().encode() + b" V=3 M=Old")
NO = Verdict(accepted=False, message=b"E=691 R=0 C=" + NEXT.hex().encode() + b" V=3 M=No")
OTHER = b"o" * 49
CHANGE = bytes(range(250)) + bytes(range(250)) + bytes(range(82))
IDENTIFIER = CHALLENGE[0]


def refused(verdict: Verdict) -> Authenticator:
    authenticator = started()
    authenticator.receive(response(), 0)
    authenticator.judged(verdict, 0)
    return authenticator


def sends(authenticator: Authenticator, code: int, identifier: int, data: bytes) -> Output:
    (output,) = authenticator.receive(Packet(code, identifier, data).encode(), 1)
    return output


@pytest.mark.parametrize("identifier", [IDENTIFIER, IDENTIFIER + 1])
def test_another_try_answers_the_challenge_of_the_failure(identifier: int) -> None:
    authenticator = refused(TRY_AGAIN)
    assert authenticator.hopeful
    asked = sends(authenticator, 2, identifier, bytes((49,)) + OTHER + b"User2")
    assert asked == Authenticate(MsChapV2(b"User2", identifier, NEXT, OTHER))
    dropped = sends(authenticator, 2, identifier, bytes((49,)) + OTHER + b"User2")
    assert isinstance(dropped, Dropped)
    packet = told(authenticator, Verdict(accepted=True, message=SUCCESS))
    assert packet == (3, identifier, SUCCESS)


def test_a_failure_that_was_lost_is_said_again() -> None:
    authenticator = refused(TRY_AGAIN)
    (again,) = authenticator.receive(response(), 1)
    assert isinstance(again, SendFrame)
    assert b"E=691 R=1" in again.frame
    assert authenticator.hopeful


def test_a_failure_that_may_be_answered_is_repeated_a_few_times() -> None:
    authenticator = refused(TRY_AGAIN)
    (said,) = authenticator.receive(response(), 0)
    repeated = []
    while (now := authenticator.deadline) is not None:
        repeated += authenticator.expire(now)
    assert repeated == [said] * (MOST_FAILURES - 1)


@pytest.mark.parametrize(("code", "data"), [(2, bytes((49,)) + OTHER + b"User2"), (7, CHANGE)])
def test_whoever_answers_a_failure_has_heard_it(code: int, data: bytes) -> None:
    authenticator = refused(TRY_AGAIN if code == 2 else EXPIRED)
    assert authenticator.deadline is not None
    assert isinstance(sends(authenticator, code, IDENTIFIER + 1, data), Authenticate)
    assert authenticator.deadline is None


def test_a_failure_without_hope_is_said_once() -> None:
    assert refused(NO).deadline is None


def test_tries_come_to_an_end() -> None:
    authenticator = started()
    for number, retry in ((0, b"R=1"), (1, b"R=1"), (2, b"R=0")):
        value = bytes((number,)) * 49
        asked = sends(authenticator, 2, IDENTIFIER + number, b"1" + value + b"User")
        assert isinstance(asked, Authenticate)
        assert retry in told(authenticator, TRY_AGAIN).data
        assert authenticator.hopeful == (retry == b"R=1")
    (again,) = authenticator.receive(Packet(2, IDENTIFIER + 3, b"1" + OTHER).encode(), 1)
    assert isinstance(again, Dropped)


@pytest.mark.parametrize("identifier", [IDENTIFIER, IDENTIFIER + 1])
def test_a_change_of_password_after_its_expiry(identifier: int) -> None:
    authenticator = refused(EXPIRED)
    asked = sends(authenticator, 7, identifier, CHANGE)
    assert asked == Authenticate(
        MsChapV2ChangePassword(
            b"User", identifier, NEXT, CHANGE[:516], CHANGE[516:532], CHANGE[532:]
        )
    )
    assert isinstance(sends(authenticator, 7, identifier, CHANGE), Dropped)
    packet = told(authenticator, Verdict(accepted=True, message=SUCCESS))
    assert packet == (3, identifier, SUCCESS)
    again = sends(authenticator, 7, identifier, CHANGE)
    assert isinstance(again, SendFrame)
    assert again.frame.endswith(SUCCESS)


def test_a_change_of_password_is_made_in_one_try() -> None:
    authenticator = refused(EXPIRED)
    sends(authenticator, 7, IDENTIFIER + 1, CHANGE)
    failed = told(authenticator, Verdict(accepted=False, message=b"E=709 R=1 M=Too short"))
    assert failed.data.startswith(b"E=709 R=0 C=5B5D7C7D")
    assert not authenticator.hopeful
    again = sends(authenticator, 7, IDENTIFIER + 2, CHANGE)
    assert isinstance(again, Dropped)
    assert again.reason == "unasked change of password"


@pytest.mark.parametrize("verdict", [NO, TRY_AGAIN])
def test_a_change_of_password_that_nobody_asked_for(verdict: Verdict) -> None:
    for authenticator in (started(), refused(verdict)):
        output = sends(authenticator, 7, IDENTIFIER, CHANGE)
        assert isinstance(output, Dropped)
        assert output.reason == "unasked change of password"


@pytest.mark.parametrize("identifier", [IDENTIFIER - 1, IDENTIFIER + 2])
def test_an_answer_to_something_else_is_dropped(identifier: int) -> None:
    assert isinstance(sends(refused(EXPIRED), 7, identifier, CHANGE), Dropped)
    assert isinstance(sends(refused(TRY_AGAIN), 2, identifier, b"1" + OTHER), Dropped)


@pytest.mark.parametrize("octets", [0, 581, 583])
def test_a_change_of_password_of_another_size(octets: int) -> None:
    with pytest.raises(Malformed, match="Change-Password with"):
        sends(refused(EXPIRED), 7, IDENTIFIER, bytes(octets))


packets = st.builds(
    lambda code, more, data: Packet(code, (IDENTIFIER + more) % 256, data).encode(),
    st.sampled_from([2, 2, 7, 1]),
    st.integers(0, 2),
    st.one_of(st.binary(max_size=60), st.just(b"1" + OTHER), st.just(CHANGE)),
)
verdicts = st.sampled_from([TRY_AGAIN, EXPIRED, NO, Verdict(accepted=False)])


@given(st.lists(st.one_of(packets, st.binary(max_size=40), verdicts), max_size=12))
def test_any_packets_in_any_order(events: list[bytes | Verdict]) -> None:
    authenticator, asked, questions = started(), False, 0
    for event in events:
        outputs: list[Output] = []
        if isinstance(event, bytes):
            try:
                outputs = authenticator.receive(event, 0)
            except Malformed:
                continue
        elif asked:
            authenticator.judged(event, 0)
            asked = False
        if any(isinstance(output, Authenticate | Refused) for output in outputs):
            assert not asked
            asked, questions = True, questions + 1
    assert questions <= PppSettings().max_tries
