from ipaddress import IPv6Address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp6 import DHCP6_InfoRequest, DHCP6_Reply, DHCP6_Solicit
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

from l2tpsec.model.records import Dropped
from l2tpsec.protocols.inet import icmpv6
from l2tpsec.protocols.ipv6link.effects import Effect, SendPacket
from l2tpsec.protocols.ipv6link.router import FIRST_SECONDS, Router
from tests.unit.l2tpsec.protocols.ipv6link.hand import CLIENT, OURS, SETTINGS

RS = IPv6(src=CLIENT, dst="ff02::2", hlim=255) / ICMPv6ND_RS()
LINK_LAYER = ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")
INFORM = UDP(sport=546, dport=547) / DHCP6_InfoRequest(trid=7)


def router() -> Router:
    return Router(SETTINGS, lambda octets: bytes(octets))


def only(effects: list[Effect]) -> IPv6:
    (effect,) = effects
    assert isinstance(effect, SendPacket)
    read = IPv6(effect.packet)
    assert len(effect.packet) == 40 + read.plen
    return read


def ask(packet: IPv6, now: float = 1.0) -> IPv6:
    return only(router().receive(bytes(packet), now))


def advance(engine: Router) -> float:
    """Go to the next advertisement, and say when that is."""
    moment = engine.deadline
    assert moment is not None
    assert engine.expire(moment - 0.1) == []
    assert only(engine.expire(moment))[ICMPv6ND_RA]
    return moment


def test_it_is_silent_before_its_start() -> None:
    engine = router()
    assert engine.deadline is None
    assert engine.expire(100) == []


def test_it_advertises_at_once_and_then_more_seldom() -> None:
    engine = router()
    read = only(engine.start(100))
    assert (read.src, read.dst, read.hlim) == (OURS, "ff02::1", 255)
    assert read[ICMPv6NDOptPrefixInfo].prefix == "2001:db8:99:5::"
    moments = [100.0, *(advance(engine) for _ in range(4))]
    assert [b - a for a, b in pairwise(moments)] == [*FIRST_SECONDS, 600, 600]


def test_intervals_differ() -> None:
    engine = Router(SETTINGS, lambda octets: b"\xff" * octets)
    engine.start(0)
    moments = [advance(engine) for _ in range(4)]
    assert 450 <= moments[-1] - moments[-2] < 600


def test_a_solicitation_is_answered() -> None:
    read = ask(RS)
    assert (read.src, read.dst, read.hlim) == (OURS, CLIENT, 255)
    sound = read[ICMPv6ND_RA].cksum
    del read[ICMPv6ND_RA].cksum
    assert IPv6(bytes(read))[ICMPv6ND_RA].cksum == sound


def test_one_without_address_asks_for_all() -> None:
    assert ask(IPv6(src="::", dst="ff02::2", hlim=255) / ICMPv6ND_RS()).dst == "ff02::1"


def test_neighbours_are_answered() -> None:
    read = ask(IPv6(src=CLIENT, dst=OURS, hlim=255) / ICMPv6ND_NS(tgt=OURS) / LINK_LAYER)
    assert (read.dst, read[ICMPv6ND_NA].tgt, read[ICMPv6ND_NA].S) == (CLIENT, OURS, 1)
    read = ask(IPv6(src="::", dst="ff02::1:ff55:6677", hlim=255) / ICMPv6ND_NS(tgt=OURS))
    assert (read.dst, read[ICMPv6ND_NA].tgt, read[ICMPv6ND_NA].S) == ("ff02::1", OURS, 0)


@pytest.mark.parametrize("destination", [OURS, "ff02::1", "ff02::2"])
def test_echo(destination: str) -> None:
    request = ICMPv6EchoRequest(id=3, seq=4, data=b"ping")
    read = ask(IPv6(src=CLIENT, dst=destination) / request)
    assert (read.src, read.dst) == (OURS, CLIENT)
    answer = read[ICMPv6EchoReply]
    assert (answer.id, answer.seq, answer.data) == (3, 4, b"ping")


def test_information_is_given() -> None:
    read = ask(IPv6(src=CLIENT, dst="ff02::1:2") / INFORM)
    assert (read.src, read.dst) == (OURS, CLIENT)
    assert (read[UDP].sport, read[UDP].dport) == (547, 546)
    assert read[DHCP6_Reply].trid == 7
    sound = read[UDP].chksum
    del read[UDP].chksum
    assert IPv6(bytes(read))[UDP].chksum == sound


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (IPv6(src=CLIENT, dst="ff02::2", hlim=254) / ICMPv6ND_RS(), "not of this link"),
        (IPv6(src=CLIENT, dst="ff02::2", hlim=255) / ICMPv6ND_RS(code=1), "not of this link"),
        (IPv6(src="::", dst="ff02::2", hlim=255) / ICMPv6ND_RS() / LINK_LAYER, "not of this link"),
        (IPv6(src=CLIENT, dst="ff02::1", hlim=255) / ICMPv6ND_RA(), "no router answers"),
        (IPv6(src=CLIENT, dst="ff02::16", hlim=1) / ICMPv6MLReport2(), "no router answers"),
        (IPv6(src="::", dst="ff02::1", hlim=255) / ICMPv6ND_NS(tgt=CLIENT), "not here"),
        (IPv6(src=CLIENT, dst="fe80::9") / ICMPv6EchoRequest(), "nobody here"),
        (IPv6(src="::", dst="ff02::1") / ICMPv6EchoRequest(), "nobody here"),
        (IPv6(src=CLIENT, dst="ff02::fb") / UDP(dport=5353), "another port"),
        (IPv6(src="::", dst="ff02::1:2") / INFORM, "not of this link"),
        (IPv6(src=CLIENT, dst=OURS) / INFORM, "not of this link"),
        (IPv6(src=CLIENT, dst="ff02::1:2") / UDP(dport=547) / DHCP6_Solicit(), "other than"),
        (IPv6(src=CLIENT, dst="ff02::1:2") / TCP(), "no known protocol"),
        (IPv6(src=CLIENT, dst="ff02::1:2") / UDP(dport=547) / b"\x0b", "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value),
)
def test_what_gets_no_answer_is_counted(packet: IPv6, words: str) -> None:
    (effect,) = router().receive(bytes(packet), 1.0)
    assert isinstance(effect, Dropped)
    assert words in effect.reason


def test_a_flood_is_not_answered() -> None:
    engine = router()
    answers = [engine.receive(bytes(RS), 5.0) for _ in range(30)]
    assert sum(isinstance(effects[0], SendPacket) for effects in answers) == 10
    assert isinstance(engine.receive(bytes(RS), 6.0)[0], SendPacket)


@given(st.binary(max_size=100))
def test_any_octets(data: bytes) -> None:
    assert len(router().receive(data, 1.0)) == 1


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=60))
def test_any_message(kind: int, code: int, body: bytes) -> None:
    ends = IPv6Address(CLIENT).packed, IPv6Address(OURS).packed
    packet = icmpv6.packet(icmpv6.Icmpv6(kind, code, body), *ends, 255)
    assert len(router().receive(packet, 1.0)) == 1
