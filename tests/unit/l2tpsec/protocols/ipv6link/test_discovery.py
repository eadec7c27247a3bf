import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
)

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ipv6link import discovery
from tests.unit.l2tpsec.protocols.ipv6link.hand import BARE, OURS, SETTINGS


def advertised(body: bytes) -> ICMPv6ND_RA:
    return ICMPv6ND_RA(b"\x86\0\0\0" + body)


def test_the_advertisement_as_scapy_reads_it() -> None:
    read = advertised(discovery.router_advertisement(SETTINGS))
    assert (read.M, read.O, read.chlim, read.routerlifetime) == (0, 1, 64, 1800)
    prefix = read[ICMPv6NDOptPrefixInfo]
    assert (prefix.prefix, prefix.prefixlen) == ("2001:db8:99:5::", 64)
    assert (prefix.L, prefix.A) == (1, 1)
    assert 0 < prefix.preferredlifetime < prefix.validlifetime
    assert read[ICMPv6NDOptMTU].mtu == 1321
    servers = read[ICMPv6NDOptRDNSS]
    assert (servers.dns, servers.lifetime) == (["2001:db8:99::1", "2001:db8::53"], 1800)
    search = read[ICMPv6NDOptDNSSL]
    assert ([name.rstrip(".") for name in search.searchlist], search.lifetime) == (
        ["corp.example"],
        1800,
    )


def test_nothing_is_advertised_that_is_not_set() -> None:
    read = advertised(discovery.router_advertisement(BARE))
    assert read[ICMPv6NDOptMTU].mtu == 1400
    assert ICMPv6NDOptRDNSS not in read
    assert ICMPv6NDOptDNSSL not in read


@pytest.mark.parametrize("solicited", [False, True])
def test_the_neighbour_as_scapy_reads_it(solicited: bool) -> None:
    body = discovery.neighbour_advertisement(SETTINGS.address, solicited=solicited)
    read = ICMPv6ND_NA(b"\x88\0\0\0" + body)
    assert (read.tgt, read.R, read.S, read.O) == (OURS, 1, int(solicited), 1)


def test_solicitations_of_scapy() -> None:
    link_layer = ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")
    asked = bytes(ICMPv6ND_RS() / link_layer)[4:]
    assert discovery.router_solicitation(asked) == {1: b"\x02\0\0\0\0\x01"}
    assert discovery.router_solicitation(bytes(ICMPv6ND_RS())[4:]) == {}
    asked = bytes(ICMPv6ND_NS(tgt=OURS) / link_layer)[4:]
    assert discovery.neighbour_solicitation(asked) == SETTINGS.address


@pytest.mark.parametrize(
    "body", [b"", bytes(3), bytes(4) + b"\x01\0", bytes(4) + b"\x01\x02" + bytes(6)]
)
def test_malformed_router_solicitations(body: bytes) -> None:
    with pytest.raises(Malformed):
        discovery.router_solicitation(body)


@pytest.mark.parametrize("body", [bytes(19), bytes(20) + b"\x01", bytes(4) + b"\xff" + bytes(15)])
def test_malformed_neighbour_solicitations(body: bytes) -> None:
    with pytest.raises(Malformed):
        discovery.neighbour_solicitation(body)


@given(st.binary(max_size=80))
def test_any_octets(body: bytes) -> None:
    for decode in (discovery.router_solicitation, discovery.neighbour_solicitation):
        try:
            decode(body)
        except Malformed:
            continue
        assert (len(body) - 4) % 8 == 0
