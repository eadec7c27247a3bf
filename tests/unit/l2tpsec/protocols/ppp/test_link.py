"""One link, frame by frame. Whole exchanges and any bytes are in the files beside this one."""

from ipaddress import IPv4Address

import pytest

from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import Verdict
from l2tpsec.model.records import Dropped, Noted, Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import (
    AddressWished,
    Authenticate,
    Effect,
    LinkEnded,
    LinkEstablished,
)
from l2tpsec.protocols.ppp.link import Link
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.phase import LinkPhase
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_bench import (
    MAGIC,
    PAP_REQUEST,
    SETTINGS,
    WISHES,
    Bench,
    codes,
    ended,
    only,
    sent,
)
from tests.peers.ppp_pair import NETWORK

# Establishment


def test_our_first_request_waits_for_the_clients() -> None:
    bench = Bench()
    assert bench.link.deadline == 0.2
    assert codes(bench.lcp(1, 0, WISHES)) == [Code.CONFIGURE_REQUEST, Code.CONFIGURE_ACK]


def test_our_first_request_waits_no_longer_than_200_milliseconds() -> None:
    bench = Bench()
    assert bench.wait(0.199) == []
    assert codes(bench.wait(0.2)) == [Code.CONFIGURE_REQUEST]


def test_lcp_open_says_method_and_mru_and_the_rest_is_known() -> None:
    bench = Bench()
    request = sent(bench.lcp(1, 0, b"\x01\x04\x04\xf6\x07\x02"))[0][1]
    effects = bench.lcp(2, request.identifier, request.data)
    assert only(effects, LinkEstablished) == [LinkEstablished("pap", 1270)]
    link = bench.link
    assert (link.mru, link.pfc, link.acfc, link.method) == (1270, True, False, "pap")


def test_the_mru_is_never_above_ours() -> None:
    bench = Bench()
    request = sent(bench.lcp(1, 0, b"\x01\x04\xff\xff"))[0][1]
    bench.lcp(2, request.identifier, request.data)
    assert bench.link.mru == 1400


def test_the_challenge_waits_until_both_directions_are_open() -> None:
    bench = Bench(PppSettings())
    request = sent(bench.wait(0.2))[0][1]
    assert bench.lcp(2, request.identifier, request.data) == []
    effects = bench.lcp(1, 0, WISHES)
    assert [p for p, _ in sent(effects)] == [frame.LCP, frame.CHAP]


def test_a_client_that_never_speaks_is_given_up() -> None:
    bench = Bench()
    assert ended(bench.wait(60)).cause is Cause.LOST_CARRIER
    assert bench.link.deadline is None


def test_a_client_that_never_agrees_is_given_up() -> None:
    bench = Bench(PppSettings(authentication_seconds=7))
    bench.lcp(1, 0, WISHES)
    end = ended(bench.wait(60))
    assert (end.cause, end.text) == (Cause.NEGOTIATION_FAILED, "LCP did not open within 7 s")


def test_a_client_of_other_methods_is_told_goodbye_and_the_administrator_why() -> None:
    bench = Bench(PppSettings(authentication=("mschapv2",)))
    request = sent(bench.lcp(1, 0, WISHES))[0][1]
    effects = bench.lcp(3, request.identifier, b"\x03\x04\xc0\x23")
    assert Code.TERMINATE_REQUEST in codes(effects)
    end = ended(bench.lcp(6, sent(effects)[-1][1].identifier))
    assert end.cause is Cause.NEGOTIATION_FAILED
    assert 'allow "pap"' in end.text


def test_nothing_passes_without_an_agreed_method() -> None:
    bench = Bench()
    request = sent(bench.lcp(1, 0, WISHES))[0][1]
    ours = bench.link._lcp.ours
    assert ours is not None
    # as a bug of ours would
    bench.link._lcp.ours = {code: value for code, value in ours.items() if code != 3}
    effects = bench.lcp(2, request.identifier, request.data)
    assert not only(effects, LinkEstablished)
    assert codes(effects) == [Code.TERMINATE_REQUEST]


@pytest.mark.parametrize(
    "protocol", [frame.IPCP, frame.IPV6CP, frame.CCP, frame.IP, frame.PAP, 0xC227]
)
def test_what_comes_too_early_is_dropped_in_silence(protocol: int) -> None:
    bench = Bench()
    bench.wait(0.2)
    (dropped,) = bench.receive(protocol, Packet(1, 1, b""))
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "out of phase"
    bench = Bench().established()
    if protocol != frame.PAP:
        assert only(bench.receive(protocol, Packet(1, 1, b"")), Dropped)


def test_lcp_before_open_is_dropped() -> None:
    link = Link(SETTINGS, bytes)
    (dropped,) = link.receive(frame.encode(frame.LCP, Packet(1, 1, b"").encode()), 0)
    assert isinstance(dropped, Dropped)


# Authentication


def test_a_question_is_asked_once() -> None:
    bench = Bench().asked()
    assert not only(bench.receive(frame.PAP, PAP_REQUEST), Authenticate)


def test_echo_is_answered_while_radius_thinks() -> None:
    bench = Bench().asked()
    assert codes(bench.lcp(9, 7, b"WXYZ")) == [Code.ECHO_REPLY]


def test_a_verdict_without_a_question_is_ignored() -> None:
    bench = Bench().established()
    assert bench.link.judged(Verdict(accepted=True), 0) == []
    assert bench.link.phase is LinkPhase.AUTHENTICATE


def test_a_second_verdict_is_ignored() -> None:
    bench = Bench().accepted()
    assert bench.link.judged(Verdict(accepted=False), 0) == []
    assert bench.link.phase is LinkPhase.NETWORK


def test_after_success_a_repeated_request_gets_its_ack_again() -> None:
    bench = Bench().up()
    assert codes(bench.receive(frame.PAP, PAP_REQUEST), frame.PAP) == [2]


def test_a_refusal_is_told_and_ends_the_link() -> None:
    bench = Bench().asked()
    effects = bench.link.judged(Verdict(accepted=False), 0)
    assert [p for p, _ in sent(effects)] == [frame.PAP, frame.LCP]
    assert codes(effects) == [Code.TERMINATE_REQUEST]
    assert codes(bench.receive(frame.PAP, PAP_REQUEST), frame.PAP) == [3]
    assert ended(bench.lcp(6, 2)).cause is Cause.AUTHENTICATION_FAILED


def test_a_refusal_for_another_cause() -> None:
    bench = Bench().asked()
    bench.link.judged(Verdict(accepted=False), 0, Cause.AUTHENTICATION_UNAVAILABLE)
    assert ended(bench.wait(10)).cause is Cause.AUTHENTICATION_UNAVAILABLE


def test_what_radius_cannot_carry_is_refused_here() -> None:
    bench = Bench().established()
    effects = bench.receive(frame.PAP, Packet(1, 1, b"\0\x06secret"))
    assert not only(effects, Authenticate)
    assert codes(effects, frame.PAP) == [3]
    assert any(isinstance(e, Noted) and "user name" in e.text for e in effects)


def test_a_client_that_sends_no_credentials_is_given_up() -> None:
    bench = Bench(PppSettings(authentication=("pap",), echo_seconds=1000)).established()
    end = ended(bench.wait(100))
    assert end.cause is Cause.AUTHENTICATION_FAILED
    assert end.text == "the client did not send its pap credentials within 60 s"


def test_a_radius_that_says_nothing_is_given_up() -> None:
    bench = Bench(PppSettings(authentication=("pap",), echo_seconds=1000)).asked()
    assert ended(bench.wait(100)).cause is Cause.AUTHENTICATION_UNAVAILABLE


def test_lcp_anew_before_the_question_starts_over() -> None:
    bench = Bench().established()
    effects = bench.lcp(1, 1, b"\x07\x02")
    assert codes(effects) == [Code.CONFIGURE_REQUEST, Code.CONFIGURE_ACK]
    assert bench.link.phase is LinkPhase.ESTABLISH
    request = sent(effects)[0][1]
    assert only(bench.lcp(2, request.identifier, request.data), LinkEstablished)


@pytest.mark.parametrize("stage", ["asked", "accepted", "up"])
def test_lcp_anew_after_the_question_ends_the_link(stage: str) -> None:
    bench = Bench()
    getattr(bench, stage)()
    effects = bench.lcp(1, 1, b"\x07\x02")
    assert codes(effects)[-1] == Code.TERMINATE_REQUEST
    assert bench.link.judged(Verdict(accepted=True), 0) == []
    assert ended(bench.wait(10)).text.startswith("the client began LCP anew")


def test_an_lcp_request_whose_ack_was_lost_is_acknowledged_without_harm() -> None:
    bench = Bench().established()
    assert codes(bench.lcp(1, 1, WISHES)) == [Code.CONFIGURE_ACK]
    assert bench.link.phase is LinkPhase.AUTHENTICATE


def test_a_client_that_rejects_the_agreed_method_is_given_up() -> None:
    bench = Bench().established()
    assert codes(bench.lcp(8, 1, b"\xc0\x23\x01")) == [Code.TERMINATE_REQUEST]
    assert ended(bench.wait(10)).text == "the client rejects PAP"


@pytest.mark.parametrize("heard", [True, False])
def test_success_is_repeated_until_the_client_shows_that_it_has_it(heard: bool) -> None:
    bench = Bench(PppSettings(authentication=("chap",)))
    request = sent(bench.lcp(1, 0, WISHES))[0][1]
    bench.lcp(2, request.identifier, request.data)
    bench.receive(frame.CHAP, Packet(2, 1, b"\x10" + bytes(16) + b"alice"))
    bench.link.judged(Verdict(accepted=True), 0)
    if heard:
        bench.ipcp(1, 5, b"\x03\x06\0\0\0\0")
    repeated = codes(bench.wait(29), frame.CHAP)
    assert repeated == ([] if heard else [3] * 9)


# Network


def test_a_link_without_network_ends() -> None:
    bench = Bench().accepted()
    assert ended(bench.wait(80)).cause is Cause.NEGOTIATION_FAILED


def test_the_clients_wish_is_known_until_it_has_an_address() -> None:
    bench = Bench().accepted()
    assert bench.ipcp(1, 6, b"\x03\x06\x0a\x63\0\x09") == [AddressWished()]
    assert bench.link.wish == IPv4Address("10.99.0.9")
    assert codes(bench.link.start_network(NETWORK, 0), frame.IPCP) == [1, 3]


def test_a_malformed_request_is_not_kept() -> None:
    bench = Bench().accepted()
    assert only(bench.ipcp(1, 5, b"\x03\x01"), Dropped)
    assert bench.link.wish is None
    assert codes(bench.link.start_network(NETWORK, 0), frame.IPCP) == [Code.CONFIGURE_REQUEST]


def test_a_network_out_of_phase_or_twice_is_ignored() -> None:
    assert Bench().established().link.start_network(NETWORK, 0) == []
    assert Bench().up().link.start_network(NETWORK, 0) == []


def test_no_address_ends_the_link_in_words() -> None:
    bench = Bench().accepted()
    bench.link.refuse_network(Cause.NO_ADDRESS, "the pool is empty", 0)
    assert ended(bench.wait(10)) == LinkEnded(Cause.NO_ADDRESS, "the pool is empty")


def test_a_client_without_ipcp_is_given_up() -> None:
    bench = Bench().accepted()
    bench.link.start_network(NETWORK, 0)
    effects = bench.lcp(8, 1, b"\x80\x21\x01\x01")
    assert codes(effects) == [Code.TERMINATE_REQUEST]
    assert "error 720" in ended(bench.wait(10)).text


def test_a_client_that_closes_ipcp_is_let_go() -> None:
    bench = Bench().up()
    assert codes(bench.ipcp(5, 9), frame.IPCP) == [Code.TERMINATE_ACK]
    assert ended(bench.wait(20)) == LinkEnded(Cause.USER_REQUEST, "the client closed IPCP")


def test_ipv6cp_that_fails_never_touches_ipcp() -> None:
    bench = Bench().up()
    bench.receive(frame.IPV6CP, Packet(1, 5, b"\x63\x02"))
    assert bench.lcp(8, 1, b"\x80\x57\x01") == []
    bench.receive(frame.IPV6CP, Packet(5, 6, b""))
    assert not only(bench.wait(29), LinkEnded)
    assert bench.link.phase is LinkPhase.NETWORK


def test_nothing_is_said_of_ipv6_to_a_client_that_does_not_ask() -> None:
    bench = Bench().up()
    assert not sent(bench.wait(29))


@pytest.mark.parametrize("protocol", [frame.CCP, frame.ACSCP, 0x8053, 0xC227, 0x00FD])
def test_other_protocols_are_rejected_a_few_times(protocol: int) -> None:
    bench = Bench().up()
    packet = Packet(1, 1, b"\x12\x06\x01\0\0\0")
    for _ in range(3):
        ((_, reject),) = sent(bench.receive(protocol, packet))
        assert reject.code == Code.PROTOCOL_REJECT
        assert reject.data == protocol.to_bytes(2) + packet.encode()
    assert not sent(bench.receive(protocol, packet))
    assert bench.link.phase is LinkPhase.NETWORK


def test_a_client_that_tries_every_protocol_soon_hears_nothing() -> None:
    bench = Bench().up()
    rejects = sum(
        len(sent(bench.link.receive(frame.encode(protocol, bytes(4)), 0)))
        for protocol in range(0x8101, 0x9001, 2)
        if not protocol & 0x100
    )
    assert rejects == 24


def test_data_that_reaches_us_is_dropped() -> None:
    bench = Bench().up()
    for protocol in (frame.IP, frame.IPV6):
        (dropped,) = bench.link.receive(frame.encode(protocol, b"\x45"), 0)
        assert isinstance(dropped, Dropped)
        assert dropped.reason == "data not forwarded"


def test_the_clients_reject_of_what_we_never_sent_is_noted() -> None:
    assert only(Bench().up().lcp(8, 1, b"\x80\xfd"), Noted)


# Liveness


def test_a_silent_client_is_asked_and_then_given_up() -> None:
    bench = Bench().up()
    effects = bench.wait(149)
    assert codes(effects) == [Code.ECHO_REQUEST] * 4 * 5
    end = ended(bench.wait(160))
    assert end == LinkEnded(Cause.LOST_CARRIER, "the client answered no LCP echo for 120 s")


def test_a_client_that_answers_lives() -> None:
    bench = Bench().up()
    for minute in range(1, 30):
        for _, echo in sent(bench.wait(minute * 60)):
            bench.lcp(10, echo.identifier, MAGIC)
    assert bench.link.phase is LinkPhase.NETWORK


def test_traffic_is_as_good_as_an_echo() -> None:
    bench = Bench().up()
    for tick in range(1, 100):
        bench.link.heard(bench.now)
        assert not sent(bench.wait(tick * 25))


def test_our_own_echoes_coming_back_are_no_life() -> None:
    bench = Bench().up()
    effects: list[Effect] = []
    for minute in range(1, 20):
        waited = bench.wait(minute * 30)
        effects += waited
        for protocol, echo in sent(waited):
            effects += bench.receive(protocol, echo)
    assert ended(effects).text == "our own frames come back: the link is looped"


# Ends


def test_the_client_takes_leave_and_repeats_itself() -> None:
    bench = Bench().up()
    error = b"\x0a\x0b\x0c\x0d\x00\x3c\xcd\x74\x00\x00\x03\xa2"
    effects = bench.lcp(5, 10, error)
    assert codes(effects) == [Code.TERMINATE_ACK]
    assert ended(effects) == LinkEnded(
        Cause.USER_REQUEST,
        "the client ended the call (RAS error 930: the authentication server did not answer)",
    )
    bench.wait(2)
    assert codes(bench.lcp(5, 11, error)) == [Code.TERMINATE_ACK]
    late = Dropped(Phase.LCP, "out of phase", "LCP after the link")
    assert bench.lcp(1, 12, WISHES) == [late]
    assert bench.link.deadline is None


@pytest.mark.parametrize("stage", ["established", "asked", "accepted", "up"])
def test_the_client_may_take_leave_in_every_phase(stage: str) -> None:
    bench = Bench()
    getattr(bench, stage)()
    assert ended(bench.lcp(5, 10)).cause is Cause.USER_REQUEST
    assert bench.link.deadline is None or not only(bench.wait(100), LinkEnded)


def test_the_client_may_take_leave_before_lcp_is_open() -> None:
    bench = Bench()
    bench.wait(0.2)
    effects = bench.lcp(5, 10)
    assert codes(effects) == [Code.TERMINATE_ACK]
    assert ended(effects).cause is Cause.USER_REQUEST
    assert bench.wait(100) == []


@pytest.mark.parametrize("stage", ["established", "asked", "accepted", "up"])
def test_we_take_leave_in_every_phase(stage: str) -> None:
    bench = Bench()
    getattr(bench, stage)()
    effects = bench.link.close(Cause.SHUTDOWN, bench.now)
    assert codes(effects) == [Code.TERMINATE_REQUEST]
    assert bench.link.close(Cause.ADMIN_RESET, bench.now) == []
    end = ended(bench.lcp(6, sent(effects)[0][1].identifier))
    assert end == LinkEnded(Cause.SHUTDOWN, Cause.SHUTDOWN.words)
    assert bench.wait(1000) == []


def test_we_take_leave_without_an_answer() -> None:
    bench = Bench().up()
    effects = bench.link.close(Cause.SHUTDOWN, 0) + bench.wait(10)
    assert codes(effects) == [Code.TERMINATE_REQUEST] * 2
    assert ended(effects).cause is Cause.SHUTDOWN


def test_we_take_leave_before_anything_was_said() -> None:
    bench = Bench()
    assert bench.link.close(Cause.SHUTDOWN, 0) == [LinkEnded(Cause.SHUTDOWN, Cause.SHUTDOWN.words)]
    assert bench.link.deadline is None


def test_both_take_leave_at_once() -> None:
    bench = Bench().asked()
    bench.link.judged(Verdict(accepted=False), 0)
    end = ended(bench.lcp(5, 10, b"\x01\x02\x03\x04\x00\x3c\xcd\x74\x00\x00\x02\xb3"))
    assert end.cause is Cause.AUTHENTICATION_FAILED
    assert "RAS error 691" in end.text


def test_a_client_that_rejects_lcp_itself_is_given_up() -> None:
    bench = Bench().up()
    assert codes(bench.lcp(7, 9, b"\x01\x01\x00\x04")) == [Code.TERMINATE_REQUEST]
    assert ended(bench.wait(10)).text == "the client rejects LCP itself"
    bench = Bench().up()
    bench.lcp(8, 9, b"\xc0\x21")
    assert ended(bench.wait(10)).text == "the client rejects LCP itself"
