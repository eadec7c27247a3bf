import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.ppp import PPP_PAP_Response

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.credentials import Pap
from l2tpsec.model.grant import Verdict
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.authenticator import Output, Refused
from l2tpsec.protocols.ppp.authentication.pap import PapAuthenticator
from l2tpsec.protocols.ppp.effects import Authenticate, SendFrame
from l2tpsec.protocols.ppp.packet import Packet


def request(name: bytes, password: bytes, identifier: int = 1) -> bytes:
    data = bytes((len(name),)) + name + bytes((len(password),)) + password
    return Packet(1, identifier, data).encode()


def sent(outputs: list[Output]) -> Packet:
    (output,) = outputs
    assert isinstance(output, SendFrame)
    protocol, information = frame.decode(output.frame)
    assert protocol == frame.PAP
    return Packet.decode(information)


def test_the_question_is_asked_once_and_the_answer_repeated() -> None:
    pap = PapAuthenticator()
    assert pap.receive(request(b"al\0ice\xff", b"p\xffw"), 0) == [
        Authenticate(Pap(b"al\0ice\xff", b"p\xffw"))
    ]
    (pending,) = pap.receive(request(b"al\0ice\xff", b"p\xffw", 2), 0)
    assert pending == Dropped(pending.phase, "question pending")  # type: ignore[union-attr]  # judged by ==
    assert sent(pap.judged(Verdict(accepted=True), 0)) == (2, 2, b"\0")
    assert pap.answered
    assert sent(pap.receive(request(b"eve", b"x", 3), 0)) == (2, 3, b"\0")


def test_a_refusal_has_a_text() -> None:
    pap = PapAuthenticator()
    pap.receive(request(b"alice", b"wrong"), 0)
    answer = sent(pap.judged(Verdict(accepted=False), 0))
    assert answer == (3, 1, b"\x0dAccess denied")
    assert PPP_PAP_Response(answer.encode()).message == b"Access denied"


def test_a_long_text_of_radius_is_cut_to_its_length_field() -> None:
    pap = PapAuthenticator()
    pap.receive(request(b"alice", b"wrong"), 0)
    assert (
        sent(pap.judged(Verdict(accepted=False, message=b"x" * 300), 0)).data
        == b"\xff" + b"x" * 255
    )


@pytest.mark.parametrize(
    ("name", "password"), [(b"", b"x"), (b"n" * 254, b"x"), (b"alice", b"p" * 129)]
)
def test_what_radius_cannot_carry_is_refused(name: bytes, password: bytes) -> None:
    (refused,) = PapAuthenticator().receive(request(name, password), 0)
    assert isinstance(refused, Refused)
    assert "p" * 20 not in refused.text


@pytest.mark.parametrize("data", ["", "05", "0561", "0161", "016105", "01610570"])
def test_lengths_past_the_end_are_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        PapAuthenticator().receive(Packet(1, 1, bytes.fromhex(data)).encode(), 0)


@pytest.mark.parametrize("code", [0, 2, 3, 4, 255])
def test_other_codes_are_dropped(code: int) -> None:
    (dropped,) = PapAuthenticator().receive(Packet(code, 1, b"\0\0").encode(), 0)
    assert isinstance(dropped, Dropped)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_any_octets_ask_at_most_once(packets: list[bytes]) -> None:
    pap = PapAuthenticator()
    asked = 0
    for packet in packets:
        try:
            asked += sum(isinstance(o, Authenticate) for o in pap.receive(packet, 0))
        except Malformed:
            continue
    assert asked <= 1
