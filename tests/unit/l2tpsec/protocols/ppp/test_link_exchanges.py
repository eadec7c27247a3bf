"""Whole dial-ins of the clients that there are, under a virtual clock, over good and bad wires."""

from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address

import pytest

from l2tpsec.model.cause import Cause
from l2tpsec.model.grant import NetworkSettings
from l2tpsec.model.records import Dropped
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import (
    Authenticate,
    Ipv6Up,
    LinkEnded,
    NetworkUp,
    SendFrame,
)
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_pair import NETWORK, Pair, Wire
from tests.peers.ppp_peer import ANDROID, MACOS, PROFILES, WINDOWS, Profile

ALL = PppSettings(authentication=("mschapv2", "mschap", "chap", "pap"))
METHODS = ["mschapv2", "mschap", "chap", "pap"]


def every_profile() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def end_of(pair: Pair) -> LinkEnded:
    (end,) = pair.said(LinkEnded)
    assert isinstance(end, LinkEnded)
    return end


@every_profile()
@pytest.mark.parametrize("method", METHODS)
def test_every_client_dials_in_with_every_method(profile: Profile, method: str) -> None:
    pair = Pair(replace(profile, methods=(method,)), ALL)
    pair.start()
    pair.run(1)
    assert pair.peer.up
    assert pair.peer.method == pair.link.method == method
    assert (pair.peer.address, pair.peer.gateway) == (NETWORK.address, NETWORK.gateway)
    assert pair.peer.dns == NETWORK.dns
    assert pair.peer.proven == (method == "mschapv2")
    assert len(pair.said(Authenticate)) == len(pair.said(NetworkUp)) == 1
    assert bool(pair.said(Ipv6Up)) == profile.ipv6
    assert not pair.said(Dropped)


@every_profile()
def test_a_client_hangs_up(profile: Profile) -> None:
    pair = Pair(profile)
    pair.start()
    pair.run(1)
    pair.to_link(pair.peer.hang_up(pair.now))
    pair.run(10)
    assert end_of(pair) == LinkEnded(Cause.USER_REQUEST, "the client ended the call")


@every_profile()
@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_password_is_told_on_both_sides(profile: Profile, method: str) -> None:
    pair = Pair(replace(profile, methods=(method,)), ALL, password="wrong")
    pair.start()
    pair.run(10)
    assert end_of(pair).cause is Cause.AUTHENTICATION_FAILED
    expected = b"E=691 R=0" if method.startswith("ms") else b"Access denied"
    assert (pair.peer.failure or b"").startswith(expected)
    assert pair.peer.ended
    assert not pair.said(NetworkUp)


def test_windows_gets_wins_and_says_who_it_is() -> None:
    pair = Pair(WINDOWS)
    pair.start()
    pair.run(1)
    assert pair.peer.wins == NETWORK.wins
    assert pair.link.idents[:2] == ("MSRASV5.20", "MSRAS-0-DESKTOP")
    assert (pair.link.mru, pair.link.pfc, pair.link.acfc) == (1400, True, True)


def test_android_sets_the_mru() -> None:
    pair = Pair(ANDROID)
    pair.start()
    pair.run(1)
    assert pair.link.mru == 1270


def test_macos_sees_its_echoes_answered_and_its_acsp_rejected() -> None:
    pair = Pair(MACOS)
    pair.start()
    pair.run(100.5)
    assert pair.peer.up
    assert pair.peer.echoes >= 10
    assert frame.ACSCP in pair.peer.rejected


@every_profile()
def test_a_quiet_hour_keeps_the_link(profile: Profile) -> None:
    pair = Pair(profile)
    pair.start()
    pair.run(3600)
    assert pair.peer.up
    assert not pair.said(LinkEnded)


@every_profile()
def test_a_client_that_vanishes_is_found_out(profile: Profile) -> None:
    pair = Pair(profile)
    pair.start()
    pair.run(1)
    pair.wire = Wire(loss=1)
    pair.run(200)
    assert end_of(pair).cause is Cause.LOST_CARRIER


def test_a_slow_radius_and_a_slow_address_source_are_waited_for() -> None:
    pair = Pair(radius_seconds=9, address_seconds=9)
    pair.start()
    pair.run(25)
    assert pair.peer.up
    assert len(pair.said(Authenticate)) == 1


def test_no_name_servers_are_rejected_not_given_as_zero() -> None:
    pair = Pair(WINDOWS, network=NetworkSettings(IPv4Address("10.0.0.2"), IPv4Address("10.0.0.1")))
    pair.start()
    pair.run(1)
    assert pair.peer.up
    assert (pair.peer.dns, pair.peer.wins) == ((), ())
    assert set(pair.peer.ipcp.wishes) == {3}


def test_a_client_of_no_common_method_is_named_in_words() -> None:
    pair = Pair(replace(ANDROID, methods=("pap",)), PppSettings(authentication=("mschapv2",)))
    pair.start()
    pair.run(10)
    assert end_of(pair).cause is Cause.NEGOTIATION_FAILED
    assert "it wants PAP" in end_of(pair).text
    assert pair.peer.ended


def test_we_hang_up() -> None:
    pair = Pair(WINDOWS)
    pair.start()
    pair.run(1)
    pair.absorb(pair.link.close(Cause.SHUTDOWN, pair.now))
    pair.run(1.5)
    assert end_of(pair).cause is Cause.SHUTDOWN
    assert pair.peer.ended


def test_ip_comes_through_as_compressed_as_agreed() -> None:
    pair = Pair(WINDOWS)
    pair.start()
    pair.run(1)
    header = frame.header(frame.IP, pfc=pair.link.pfc, acfc=pair.link.acfc)
    assert header == b"\x21"
    pair.peer.receive(header + b"\x45", pair.now)
    assert pair.peer.data == [b"\x45"]
    assert frame.decode(pair.peer.send_ip(b"\x45")) == (frame.IP, b"\x45")


@every_profile()
@pytest.mark.parametrize("method", METHODS)
def test_a_wire_that_loses_every_fifth_frame(profile: Profile, method: str) -> None:
    for seed in range(6):
        pair = Pair(replace(profile, methods=(method,)), ALL, Wire(loss=0.2), seed)
        pair.start()
        pair.run(55)
        assert pair.peer.up, (profile.name, seed)
        assert len(pair.said(NetworkUp)) == len(pair.said(Authenticate)) == 1


@every_profile()
def test_a_wire_that_doubles_and_overtakes(profile: Profile) -> None:
    # ESP drops duplicates; what overtakes and what a client repeats remains.
    for seed in range(12):
        pair = Pair(profile, ALL, Wire(reordering=0.3), seed)
        pair.start()
        pair.run(55)
        assert pair.peer.up, (profile.name, seed)
        pair = Pair(profile, ALL, Wire(0.15, 0.15, 0.15), seed)
        pair.start()
        pair.run(70)
        assert pair.peer.up or pair.said(LinkEnded), (profile.name, seed)
        assert len(pair.said(Authenticate)) <= 1


@every_profile()
def test_the_other_protocols_never_touch_ipcp(profile: Profile) -> None:
    """All orders in which IPV6CP, CCP and ACSCP may fall in with IPCP (RFC 1661 section 3.7)."""
    others = (
        (frame.CCP, bytes.fromhex("0101000a120601000000")),
        (frame.ACSCP, bytes.fromhex("01010010010600000001020600000001")),
        (frame.IPV6CP, bytes.fromhex("0501000462796521")),
        (frame.CCP, bytes.fromhex("05020004")),
    )
    for moment in range(12):
        pair = Pair(replace(profile, others=()))
        pair.start()
        for offset, (protocol, packet) in enumerate(others):
            data = frame.encode(protocol, packet)
            pair.later(0.01 * (moment + offset), partial(pair.to_link, [data]))
        pair.run(5)
        assert pair.peer.up, (profile.name, moment)
        assert len(pair.said(NetworkUp)) == 1


def test_no_secret_shows_in_what_the_link_says() -> None:
    pair = Pair(replace(ANDROID, methods=("pap",)), ALL)
    pair.start()
    pair.run(1)
    assert pair.said(Authenticate)
    told = [repr(effect) for effect in pair.effects if not isinstance(effect, SendFrame)]
    assert "secret" not in "".join(told)
