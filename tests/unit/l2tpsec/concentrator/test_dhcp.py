from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import IP, TCP, UDP

from l2tpsec.concentrator import dhcp
from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.grant import Grant
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.packet import Message
from l2tpsec.protocols.inet import ipv4

GATEWAY, CLIENT = IPv4Address("10.99.0.1"), IPv4Address("10.99.0.2")
SITE = IPv4Address("10.0.0.53")
ROUTE = (IPv4Network("10.0.0.0/8"),)


def test_a_question_is_taken_out_of_its_packet() -> None:
    asked = IP(src="10.99.0.2", dst="255.255.255.255") / UDP(sport=68, dport=67) / b"inform"
    assert dhcp.question(bytes(asked)) == b"inform"


@pytest.mark.parametrize("layer", [UDP(dport=53), TCP(dport=67), b"\0" * 3])
def test_other_packets_are_no_questions(layer: object) -> None:
    with pytest.raises(Malformed):
        dhcp.question(bytes(IP(dst="255.255.255.255") / layer))


@given(st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    try:
        dhcp.question(data)
    except Malformed:
        return


def test_an_answer_travels_from_us_to_the_client() -> None:
    [octets] = dhcp.answer(Message(packet.REPLY, 7, {53: b"\x05"}), GATEWAY, CLIENT, 1400)
    seen = IP(octets)
    assert (seen.src, seen.dst) == ("10.99.0.1", "10.99.0.2")
    assert (seen[UDP].sport, seen[UDP].dport, seen[BOOTP].xid) == (67, 68, 7)
    checked = seen[UDP].chksum
    del seen[UDP].chksum
    assert IP(bytes(seen))[UDP].chksum == checked


def test_an_answer_that_is_too_long_goes_in_fragments() -> None:
    message = Message(packet.REPLY, 7, {121: bytes(800)})
    pieces = dhcp.answer(message, GATEWAY, CLIENT, 600)
    assert len(pieces) == 2
    assert all(len(piece) <= 600 for piece in pieces)
    assert ipv4.decode(pieces[0]).flags_offset & ipv4.MORE_FRAGMENTS


def test_radius_goes_before_the_leasing_server_and_that_before_our_settings() -> None:
    settings = AddressSettings(dns=(GATEWAY,), wins=(GATEWAY,), domain="ours", routes=ROUTE)
    ours = dhcp.terms(settings, Grant("alice"), {}, ["203.0.113.1"])
    assert (ours.gateway, ours.dns, ours.wins, ours.domain) == (
        GATEWAY,
        (GATEWAY,),
        (GATEWAY,),
        "ours",
    )
    assert (ours.routes, ours.outer) == (ROUTE, (IPv4Address("203.0.113.1"),))
    found = {6: SITE.packed * 2, 44: SITE.packed, 15: b"site\0", 249: b"\x08\x0b" + bytes(4)}
    theirs = dhcp.terms(settings, Grant("alice"), found, ["203.0.113.1"])
    assert (theirs.dns, theirs.wins, theirs.domain) == ((SITE, SITE), (SITE,), "site")
    assert theirs.routes == (IPv4Network("11.0.0.0/8"),)
    own = Grant("alice", dns=(CLIENT,), domain="hers", routes=(IPv4Network("12.0.0.0/8"),))
    hers = dhcp.terms(settings, own, found, ["203.0.113.1"])
    assert (hers.dns, hers.domain, hers.routes) == ((CLIENT,), "hers", own.routes)


def test_what_a_server_says_wrongly_is_left_out() -> None:
    settings = AddressSettings(dns=(GATEWAY,), domain="ours", routes=ROUTE)
    odd = {6: b"\x0a\0\0", 15: b"\xff\x1b", 121: b"\x99"}
    terms = dhcp.terms(settings, Grant("alice"), odd, ["203.0.113.1"])
    assert (terms.dns, terms.domain, terms.routes) == ((GATEWAY,), "ours", ROUTE)
