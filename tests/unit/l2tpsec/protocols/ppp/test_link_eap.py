"""A link whose client proves itself by EAP: patience, anew beginnings, lost and early packets."""

from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import Challenge, Verdict
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import AddressWished, Authenticate, Effect, NetworkWanted
from l2tpsec.protocols.ppp.packet import Packet
from l2tpsec.protocols.ppp.phase import LinkPhase
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_bench import ADDRESS, WISHES, Bench, codes, ended, only, sent

SUCCESS = Verdict(accepted=True, message=Packet(3, 9, b"").encode())
REQUEST = Packet(1, 9, b"\x04\x10" + bytes(16))
RESPONSE = Packet(2, 9, b"\x04\x10" + bytes(16))


class Conversation(Bench):
    """A link whose client has said who it is."""

    def __init__(self) -> None:
        super().__init__(PppSettings(authentication=("eap",)))
        self.established()
        self.identify()

    def identify(self) -> None:
        assert only(self.eap(Packet(2, 1, b"\x01alice")), Authenticate)

    def eap(self, packet: Packet) -> list[Effect]:
        return self.receive(frame.EAP, packet)

    def challenge(self) -> list[Effect]:
        return self.link.challenged(Challenge(REQUEST.encode()), self.now)


def challenged() -> Conversation:
    conversation = Conversation()
    assert sent(conversation.challenge()) == [(frame.EAP, REQUEST)]
    return conversation


def accepted() -> Conversation:
    conversation = challenged()
    conversation.eap(RESPONSE)
    effects = conversation.link.judged(SUCCESS, conversation.now)
    assert codes(effects, frame.EAP) == [3]
    assert effects[-1] == NetworkWanted()
    return conversation


def test_the_client_is_asked_who_it_is_and_what_radius_wants_to_know() -> None:
    conversation = challenged()
    assert only(conversation.eap(RESPONSE), Authenticate)
    assert conversation.link.phase is LinkPhase.AUTHENTICATE
    assert conversation.link.method == "eap"


def test_a_challenge_counts_while_radius_is_asked_only() -> None:
    conversation = challenged()
    assert conversation.challenge() == []
    assert accepted().challenge() == []
    assert Bench().link.challenged(Challenge(REQUEST.encode()), 0) == []


def test_a_person_has_time_for_the_smart_card_but_not_for_ever() -> None:
    conversation = challenged()
    assert 9 not in codes(conversation.wait(100))
    conversation.eap(RESPONSE)
    conversation.challenge()  # the next question does not wind the clock up again
    end = ended(conversation.wait(200))
    assert end.cause is Cause.AUTHENTICATION_FAILED
    assert end.text == "the client did not send its eap credentials within 180 s"
    assert conversation.now == 200


def test_who_never_says_its_name_is_given_up_sooner() -> None:
    bench = Bench(PppSettings(authentication=("eap",))).established()
    assert ended(bench.wait(100)).text == "the client did not send its eap credentials within 60 s"


def test_echoes_begin_again_with_the_network() -> None:
    assert 9 in codes(accepted().wait(31))


def test_lcp_anew_between_two_questions_begins_the_conversation_anew() -> None:
    conversation = challenged()
    request = sent(conversation.lcp(1, 4, WISHES))[0][1]
    assert conversation.link.phase is LinkPhase.ESTABLISH
    assert only(conversation.eap(RESPONSE), Authenticate) == []
    effects = conversation.lcp(2, request.identifier, request.data)
    assert sent(effects) == [(frame.EAP, Packet(1, 1, b"\x01"))]
    conversation.identify()


def test_lcp_anew_while_radius_is_asked_ends_the_link() -> None:
    conversation = Conversation()
    conversation.lcp(1, 4, WISHES)
    conversation.wait(60)
    assert conversation.link.judged(SUCCESS, conversation.now) == []


def test_a_lost_success_is_said_again_and_ipcp_shows_that_it_arrived() -> None:
    conversation = accepted()
    assert codes(conversation.wait(3), frame.EAP) == [3]
    assert codes(conversation.eap(RESPONSE), frame.EAP) == [3]
    assert conversation.ipcp(1, 5, ADDRESS) == [AddressWished()]
    assert codes(conversation.wait(20), frame.EAP) == []


def test_ipcp_before_the_success_is_not_heard() -> None:
    conversation = challenged()
    for _ in range(2):
        (dropped,) = conversation.ipcp(1, 5, ADDRESS)
        assert isinstance(dropped, Dropped)
        assert dropped.reason == "out of phase"
        conversation.eap(RESPONSE)
    assert NetworkWanted() in conversation.link.judged(SUCCESS, conversation.now)


def test_a_server_that_is_gone_is_no_failure_of_the_clients() -> None:
    conversation = challenged()
    conversation.eap(RESPONSE)
    effects = conversation.link.judged(
        Verdict(accepted=False), conversation.now, Cause.AUTHENTICATION_UNAVAILABLE
    )
    assert codes(effects, frame.EAP) == []
    assert codes(effects) == [5]
    assert ended(conversation.wait(10)).cause is Cause.AUTHENTICATION_UNAVAILABLE


def test_eap_that_was_not_agreed_upon_is_dropped() -> None:
    bench = Bench().established()
    (dropped,) = bench.receive(frame.EAP, Packet(2, 1, b"\x01alice"))
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "out of phase"


def test_a_client_that_rejects_eap_after_all_is_told_apart() -> None:
    conversation = challenged()
    effects = conversation.lcp(8, 7, b"\xc2\x27" + REQUEST.encode())
    assert codes(effects) == [5]
    assert ended(conversation.wait(10)).text == "the client rejects EAP"


def test_why_it_ends_is_known_before_it_has() -> None:
    conversation = challenged()
    assert conversation.link.ending is None
    conversation.eap(RESPONSE)
    conversation.link.judged(Verdict(accepted=False), conversation.now)
    assert conversation.link.ending is Cause.AUTHENTICATION_FAILED


packets = st.builds(
    Packet, st.integers(0, 5), st.sampled_from([1, 9, 10]), st.binary(max_size=6)
).map(Packet.encode) | st.binary(max_size=12)
steps = st.tuples(st.just("eap"), packets) | st.tuples(
    st.sampled_from(["challenge", "accept", "reject", "wait", "ipcp", "lcp"]), st.just(b"")
)


@given(st.lists(steps, max_size=25))
def test_whatever_comes_is_accepted_once_and_not_unasked(sequence: list[tuple[str, bytes]]) -> None:
    bench = Bench(PppSettings(authentication=("eap",))).established()
    asked, accepted = 0, 0
    for step, octets in sequence:
        effects: list[Effect] = []
        match step:
            case "eap":
                effects = bench.link.receive(frame.encode(frame.EAP, octets), bench.now)
            case "challenge":
                effects = bench.link.challenged(Challenge(REQUEST.encode()), bench.now)
            case "accept" | "reject":
                verdict = Verdict(step == "accept", SUCCESS.message)
                effects = bench.link.judged(verdict, bench.now)
            case "wait":
                effects = bench.wait(bench.now + 3)
            case "ipcp":
                effects = bench.ipcp(1, 5, ADDRESS)
            case _:
                effects = bench.lcp(1, 4, WISHES)
        asked += len(only(effects, Authenticate))
        accepted += len(only(effects, NetworkWanted))
        assert accepted <= min(asked, 1)
        assert len(effects) < 10
