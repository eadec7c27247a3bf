"""What a dial-in asks RADIUS and makes of the answer; whole dial-ins are in tests/scenario/."""

from dataclasses import replace

import pytest

from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.authentication import Authentication, Judgement
from l2tpsec.model.cause import Cause
from l2tpsec.model.credentials import Eap, MsChapV2, MsChapV2ChangePassword, Pap
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Challenge, Verdict
from l2tpsec.model.policy import Filter, Rate
from l2tpsec.model.records import Level
from l2tpsec.protocols.ppp.packet import Packet
from radius.message import Attribute, Code, Message

DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")
FILTERS = {"guests": Filter("guests", (parse("deny in ip from any to any"),))}
ALICE = Pap(b"alice", b"secret")


def asked(method: str = "pap", told: set[str] | None = None) -> Authentication:
    authentication = Authentication(set() if told is None else told, FILTERS)
    authentication.begin(method)
    request = authentication.ask(ALICE, DIALIN, 1400)
    assert request.code is Code.ACCESS_REQUEST
    return authentication


def accept(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_ACCEPT, attributes)


def accepted(judgement: Judgement) -> bool:
    assert isinstance(judgement.answer, Verdict)
    return judgement.answer.accepted


def test_nothing_is_judged_before_anything_is_asked() -> None:
    assert Authentication(set(), FILTERS).judged(accept(), "") is None


def test_an_accept_grants() -> None:
    judgement = asked().judged(accept(("Session-Timeout", 60)), "")
    assert judgement is not None
    assert accepted(judgement)
    assert judgement.grant is not None
    assert judgement.grant.session_timeout_seconds == 60
    assert [note.text for note in judgement.notes] == ["accepted by pap"]


def test_a_filter_and_a_rate_are_granted() -> None:
    judgement = asked().judged(
        accept(("Filter-Id", "guests"), ("WISPr-Bandwidth-Max-Up", 1000)), ""
    )
    assert judgement is not None
    assert judgement.grant is not None
    policy = judgement.grant.policy
    guests = replace(FILTERS["guests"], named=("guests",))
    assert (policy.filter, policy.up, policy.down) == (guests, Rate(1000), Rate())
    assert len(judgement.notes) == 1


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (("Filter-Id", "gests"), "Filter-Id gests: there is no [filters.gests]"),
        (("NAS-Filter-Rule", "permit all"), "expected in or out, not 'all'"),
        (("Mikrotik-Rate-Limit", "fast"), 'Mikrotik-Rate-Limit "fast" is not of the form'),
    ],
)
def test_what_cannot_be_obeyed_lets_nobody_in(attribute: Attribute, words: str) -> None:
    judgement = asked().judged(accept(attribute), "")
    assert judgement is not None
    assert not accepted(judgement)
    assert judgement.grant is None
    assert words in judgement.notes[-1].text


def test_a_rule_beside_a_filter_is_named_once() -> None:
    told: set[str] = set()
    both = accept(("Filter-Id", "guests"), ("NAS-Filter-Rule", "permit in ip from any to any"))
    for expected in (2, 1):
        judgement = asked(told=told).judged(both, "")
        assert judgement is not None
        assert len(judgement.notes) == expected
    assert any("NAS-Filter-Rule is passed over" in text for text in told)


def test_a_reject_grants_nothing_and_says_why() -> None:
    judgement = asked().judged(Message(Code.ACCESS_REJECT, [("Reply-Message", "not today")]), "")
    assert judgement is not None
    assert not accepted(judgement)
    assert judgement.grant is None
    (note,) = judgement.notes
    assert note.level is Level.WARNING
    assert note.text == "refused by the RADIUS server (pap): not today"


def test_a_change_of_password_is_named() -> None:
    authentication = asked("mschapv2")
    authentication.ask(
        MsChapV2ChangePassword(b"alice", 1, bytes(16), bytes(516), bytes(16), bytes(50)),
        DIALIN,
        1400,
    )
    judgement = authentication.judged(accept(("MS-CHAP2-Success", b"\x01S=" + b"0" * 40)), "")
    assert judgement is not None
    assert judgement.notes[0].text == "accepted by mschapv2, change of password"


def test_an_accept_that_does_not_prove_the_server_lets_nobody_in() -> None:
    authentication = asked("mschapv2")
    authentication.ask(MsChapV2(b"alice", 1, bytes(16), bytes(49)), DIALIN, 1400)
    judgement = authentication.judged(accept(), "")
    assert judgement is not None
    assert not accepted(judgement)
    assert judgement.grant is None
    assert "lacks MS-CHAP2-Success" in judgement.notes[0].text


def test_what_is_not_obeyed_is_named_once_for_all() -> None:
    told: set[str] = set()
    vain = accept(("Login-TCP-Port", 22))
    texts = []
    for _ in range(2):
        judgement = asked(told=told).judged(vain, "")
        assert judgement is not None
        texts += [note.text for note in judgement.notes[1:]]
    assert texts == ["the RADIUS server sends what is not obeyed here: Login-TCP-Port"]


def test_a_server_that_invents_attributes_fills_no_memory() -> None:
    told = {f"Attr-{number}" for number in range(2000)}
    judgement = asked(told=told).judged(accept(("Login-TCP-Port", 22)), "")
    assert judgement is not None
    assert len(judgement.notes) == 1
    assert len(told) == 2000


IDENTITY = Eap(b"alice", Packet(2, 1, b"\x01alice").encode())
REQUEST = Packet(1, 2, b"\x04" + bytes(17)).encode()
FAILURE = Packet(4, 1, b"").encode()


def eap() -> Authentication:
    authentication = asked("eap")
    authentication.ask(IDENTITY, DIALIN, 1400)
    return authentication


def challenge(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_CHALLENGE, attributes)


def test_a_conversation_carries_the_servers_state_and_the_links_width() -> None:
    authentication = asked("eap")
    first = authentication.ask(IDENTITY, DIALIN, 1302)
    assert first.text("Framed-MTU") is None
    assert (first.number("Framed-MTU"), first.get("State")) == (1292, None)
    assert first.get("EAP-Message") == IDENTITY.message
    for state in (b"one", b"two"):
        judgement = authentication.judged(
            challenge(("EAP-Message", REQUEST), ("State", state), ("Session-Timeout", 30)), ""
        )
        assert judgement == Judgement(Challenge(REQUEST, 30))
        again = authentication.ask(IDENTITY, DIALIN, 1302)
        assert again.all("State") == [state]
        assert again.get("User-Name") == b"alice"
    authentication.judged(challenge(("EAP-Message", REQUEST)), "")
    assert authentication.ask(IDENTITY, DIALIN, 1302).get("State") is None


def test_another_conversation_knows_nothing_of_the_last() -> None:
    authentication = eap()
    authentication.judged(challenge(("EAP-Message", REQUEST), ("State", b"one")), "")
    authentication.begin("eap")
    assert authentication.judged(accept(), "") is None
    assert authentication.ask(IDENTITY, DIALIN, 1400).get("State") is None


def test_one_answer_to_one_question() -> None:
    authentication = eap()
    assert authentication.judged(challenge(("EAP-Message", REQUEST)), "") is not None
    assert authentication.judged(accept(), "") is None


def test_an_identity_kept_back_is_called_by_its_address() -> None:
    request = asked("eap").ask(Eap(b"", Packet(2, 1, b"\x01").encode()), DIALIN, 1400)
    assert request.get("User-Name") == "203.0.113.5"


@pytest.mark.parametrize("attributes", [[], [("EAP-Message", FAILURE)], [("EAP-Message", b"?")]])
def test_a_challenge_that_asks_nothing_is_the_servers_fault(attributes: list[Attribute]) -> None:
    judgement = eap().judged(challenge(*attributes), "")
    assert judgement is not None
    assert judgement.cause is Cause.AUTHENTICATION_UNAVAILABLE
    assert judgement.answer == Verdict(accepted=False)
    assert "the RADIUS server's Access-Challenge is no EAP: " in judgement.notes[0].text


def test_a_challenge_is_for_eap_alone() -> None:
    judgement = asked().judged(challenge(("State", b"s"), ("Reply-Message", "code?")), "")
    assert judgement is not None
    assert not accepted(judgement)
    assert "it asks for a further step (Access-Challenge)" in judgement.notes[0].text


def test_a_packet_too_long_for_the_link_is_named() -> None:
    long = Packet(1, 2, b"\x0d" + bytes(1400)).encode()
    parts = [("EAP-Message", long[start : start + 253]) for start in range(0, len(long), 253)]
    judgement = eap().judged(Message(Code.ACCESS_CHALLENGE, parts), "")
    assert judgement is not None
    assert "EAP packet of 1405 octets is too long for a link of 1400" in judgement.notes[0].text
    assert judgement.answer == Challenge(long)


def test_a_refusal_of_eap_is_not_read_as_text() -> None:
    judgement = eap().judged(Message(Code.ACCESS_REJECT, [("EAP-Message", FAILURE)]), "")
    assert judgement is not None
    assert judgement.answer == Verdict(accepted=False, message=FAILURE)
    words = "refused by the RADIUS server (eap): that server's own log says why"
    assert judgement.notes[0].text == words


def test_the_servers_name_for_the_user_is_the_users() -> None:
    authentication = eap()
    judgement = authentication.judged(accept(("User-Name", "alice@corp")), "")
    assert judgement is not None
    assert judgement.grant is not None
    assert (judgement.grant.name, judgement.grant.user) == (b"alice@corp", "alice@corp")
    assert judgement.credentials == IDENTITY
    assert judgement.notes[0].text == "accepted by eap"


def test_no_server_no_verdict() -> None:
    judgement = eap().judged(None, "nobody answered")
    assert judgement is not None
    assert judgement.answer == Verdict(accepted=False)
    assert judgement.cause is Cause.AUTHENTICATION_UNAVAILABLE
    assert [note.text for note in judgement.notes] == ["nobody answered"]


def test_a_framed_mtu_that_no_host_could_live_with_is_told() -> None:
    judgement = asked().judged(accept(("Framed-MTU", 64)), "")
    assert judgement is not None
    assert judgement.notes[-1].text.startswith("Framed-MTU 64 is not obeyed")
    judgement = asked().judged(accept(("Framed-MTU", 1300)), "")
    assert judgement is not None
    assert len(judgement.notes) == 1


def test_the_identity_that_is_charged_is_asked_for_where_it_is_wanted() -> None:
    assert asked().ask(ALICE, DIALIN, 1400).get("Chargeable-User-Identity") is None
    wanting = Authentication(set(), FILTERS, wants_identity=True)
    wanting.begin("pap")
    assert wanting.ask(ALICE, DIALIN, 1400).get("Chargeable-User-Identity") == b"\0"
    judgement = wanting.judged(accept(("Chargeable-User-Identity", b"c-7")), "")
    assert judgement is not None
    assert judgement.grant is not None
    assert judgement.grant.chargeable_identity == b"c-7"
    assert len(judgement.notes) == 1
