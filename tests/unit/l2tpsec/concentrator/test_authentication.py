"""What a dial-in asks RADIUS and makes of the answer; whole dial-ins are in tests/scenario/."""

from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.authentication import Authentication
from l2tpsec.model.credentials import MsChap, MsChapV2, MsChapV2ChangePassword, Pap
from l2tpsec.model.grant import Verdict
from l2tpsec.model.records import Level
from radius.message import Attribute, Code, Message

V2 = MsChapV2(b"alice", 1, bytes(16), bytes(49))
DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
ALICE = Pap(b"alice", b"secret")


def asked(method: str = "pap", told: set[str] | None = None) -> Authentication:
    authentication = Authentication(set() if told is None else told)
    authentication.method = method
    request = authentication.ask(ALICE, DIALIN)
    assert request.code is Code.ACCESS_REQUEST
    return authentication


def accept(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_ACCEPT, attributes)


def test_nothing_is_judged_before_anything_is_asked() -> None:
    assert Authentication(set()).judged(accept()) is None


def test_an_accept_grants() -> None:
    judgement = asked().judged(accept(("Session-Timeout", 60)))
    assert judgement is not None
    assert judgement.verdict.accepted
    assert judgement.grant is not None
    assert judgement.grant.session_timeout_seconds == 60
    assert [note.text for note in judgement.notes] == ["accepted by pap"]


def test_a_reject_grants_nothing_and_says_why() -> None:
    judgement = asked().judged(Message(Code.ACCESS_REJECT, [("Reply-Message", "not today")]))
    assert judgement is not None
    assert not judgement.verdict.accepted
    assert judgement.grant is None
    (note,) = judgement.notes
    assert note.level is Level.WARNING
    assert note.text == "refused by the RADIUS server (pap): not today"


def test_a_change_of_password_is_named() -> None:
    authentication = asked("mschapv2")
    authentication.ask(
        MsChapV2ChangePassword(b"alice", 1, bytes(16), bytes(516), bytes(16), bytes(50)), DIALIN
    )
    judgement = authentication.judged(accept(("MS-CHAP2-Success", b"\x01S=" + b"0" * 40)))
    assert judgement is not None
    assert judgement.notes[0].text == "accepted by mschapv2, change of password"


def test_an_accept_that_does_not_prove_the_server_lets_nobody_in() -> None:
    authentication = asked("mschapv2")
    authentication.ask(MsChapV2(b"alice", 1, bytes(16), bytes(49)), DIALIN)
    judgement = authentication.judged(accept())
    assert judgement is not None
    assert not judgement.verdict.accepted
    assert judgement.grant is None
    assert "lacks MS-CHAP2-Success" in judgement.notes[0].text


def test_what_is_not_obeyed_is_named_once_for_all() -> None:
    told: set[str] = set()
    vain = accept(("Login-TCP-Port", 22))
    texts = []
    for _ in range(2):
        judgement = asked(told=told).judged(vain)
        assert judgement is not None
        texts += [note.text for note in judgement.notes[1:]]
    assert texts == ["the RADIUS server sends what is not obeyed here: Login-TCP-Port"]


def test_a_server_that_invents_attributes_fills_no_memory() -> None:
    told = {f"Attr-{number}" for number in range(2000)}
    judgement = asked(told=told).judged(accept(("Login-TCP-Port", 22)))
    assert judgement is not None
    assert len(judgement.notes) == 1
    assert len(told) == 2000


def test_a_refusal_of_our_own_is_in_words_that_the_protocol_carries() -> None:
    asked = Authentication(set())
    assert asked.declined("Full") == Verdict(accepted=False, message=b"Full")
    for credentials in (MsChap(b"alice", 1, bytes(8), b""), V2):
        asked.ask(credentials, DIALIN)
        assert asked.declined("Full").message == b"E=649 R=0 V=3 M=Full"
