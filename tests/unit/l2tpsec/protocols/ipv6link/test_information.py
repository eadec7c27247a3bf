from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_InfoRequest,
    DHCP6_Reply,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptDNSDomains,
    DHCP6OptDNSServers,
    DHCP6OptIA_NA,
    DHCP6OptOptReq,
    DHCP6OptServerId,
)

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ipv6link import information
from tests.unit.l2tpsec.protocols.ipv6link.hand import BARE, SETTINGS

WHO = DHCP6OptClientId(duid=DUID_LL(lladdr="02:00:00:00:00:01"))
ASKED = bytes(DHCP6_InfoRequest(trid=0xABCDEF) / WHO / DHCP6OptOptReq(reqopts=[23, 24]))


def test_the_reply_as_scapy_reads_it() -> None:
    message = information.decode(ASKED)
    assert information.refusal(message, SETTINGS) == ""
    read = DHCP6_Reply(information.reply(message, SETTINGS))
    assert (read.msgtype, read.trid) == (7, 0xABCDEF)
    assert bytes(read[DHCP6OptClientId].duid) == bytes(WHO.duid)
    assert bytes(read[DHCP6OptServerId].duid) == SETTINGS.duid
    assert read[DHCP6OptDNSServers].dnsservers == ["2001:db8:99::1", "2001:db8::53"]
    assert [name.rstrip(".") for name in read[DHCP6OptDNSDomains].dnsdomains] == ["corp.example"]


def test_nothing_is_said_that_is_not_set() -> None:
    message = information.decode(bytes(DHCP6_InfoRequest(trid=1)))
    read = DHCP6_Reply(information.reply(message, BARE))
    assert bytes(read[DHCP6OptServerId].duid) == BARE.duid
    for option in (DHCP6OptClientId, DHCP6OptDNSServers, DHCP6OptDNSDomains):
        assert option not in read


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DHCP6_Solicit(trid=1) / WHO, "other than Information-request"),
        (DHCP6_InfoRequest() / DHCP6OptServerId(duid=DUID_LL()), "another server"),
        (DHCP6_InfoRequest() / DHCP6OptIA_NA(), "asks for addresses"),
    ],
)
def test_refused(asked: DHCP6_Solicit, words: str) -> None:
    assert words in information.refusal(information.decode(bytes(asked)), SETTINGS)


def test_a_client_may_name_this_server() -> None:
    named = bytes((11, 0, 0, 1, 0, 2, 0, len(SETTINGS.duid))) + SETTINGS.duid
    message = information.decode(named)
    assert information.refusal(message, SETTINGS) == ""
    other = replace(SETTINGS, duid=SETTINGS.duid[:-1] + b"\x01")
    assert information.refusal(message, other)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0b\0\0",
        b"\x0b\0\0\0\0",
        b"\x0b\0\0\0\0\x01\0\x05abcd",
        b"\x0b\0\0\0\0\x01\0\x83" + bytes(131),
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        information.decode(data)


@given(st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    try:
        message = information.decode(data)
    except Malformed:
        return
    if not information.refusal(message, SETTINGS):
        assert information.reply(message, SETTINGS)[1:4] == data[1:4]
