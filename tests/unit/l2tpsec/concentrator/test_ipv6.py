from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

import pytest
from scapy.layers.inet6 import (
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    IPv6,
)

from l2tpsec.concentrator.addressing.prefixes import Prefixes, Reserves
from l2tpsec.concentrator.effects import SendPacket, StartForwardingIpv6
from l2tpsec.concentrator.ipv6 import Ipv6, Output, Supply
from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.model.grant import Grant
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Level, Noted
from l2tpsec.protocols.ipv6link.settings import duid
from l2tpsec.protocols.ppp.effects import Ipv6Up

PEER, IDS = PeerId(1), SessionIds(1, 2, 3, 4, 1701)
POOL = IPv6Network("2001:db8:99::/56")
FIRST = IPv6Network("2001:db8:99:1::/64")
SETTINGS = AddressSettings(
    ipv6_pool=POOL, ipv6_dns=(IPv6Address("2001:db8::53"),), domain="corp.example"
)
UP = Ipv6Up(bytes(7) + b"\x01", bytes.fromhex("0202000000abcdef"))
ALICE = Grant("alice")
FRAMED = IPv6Network("2001:db8:5::/64")


def supply(pool: IPv6Network | None = POOL) -> Supply:
    return Supply(Reserves(Prefixes(pool)), duid(bytes(16)), lambda octets: bytes(octets))


def ipv6(shared: Supply, number: int = 1) -> Ipv6:
    return Ipv6(PEER, IDS, number, shared)


def started(shared: Supply, grant: Grant = ALICE, mtu: int = 1400) -> tuple[Ipv6, list[Output]]:
    one = ipv6(shared)
    one.opened(UP)
    return one, one.start(grant, SETTINGS, mtu, 10.0)


def notes(outputs: list[Output]) -> list[tuple[Level, str]]:
    return [(note.level, note.text) for note in outputs if isinstance(note, Noted)]


def test_a_session_is_given_a_prefix_and_told_of_it() -> None:
    one, (note, forwarding, told) = started(supply(), mtu=1321)
    assert notes([note]) == [(Level.INFO, f"IPv6 prefix {FIRST} from pool")]
    assert forwarding == StartForwardingIpv6(PEER, IDS, FIRST, 1321)
    assert isinstance(told, SendPacket)
    assert (told.peer, told.ids) == (PEER, IDS)
    read = IPv6(told.packet)
    assert (read.src, read[ICMPv6NDOptPrefixInfo].prefix) == ("fe80::1", "2001:db8:99:1::")
    assert read[ICMPv6NDOptMTU].mtu == 1321
    assert read[ICMPv6NDOptRDNSS].dns == ["2001:db8::53"]
    assert ICMPv6NDOptDNSSL in read
    assert one.attributes == (
        ("Framed-IPv6-Prefix", "2001:db8:99:1::/64"),
        ("Framed-Interface-Id", "202:0:ab:cdef"),
    )


def test_it_starts_once() -> None:
    one, _ = started(supply())
    assert one.start(ALICE, SETTINGS, 1400, 11.0) == []


def test_it_waits_for_ipv6cp() -> None:
    one = ipv6(supply())
    assert one.start(ALICE, SETTINGS, 1400, 10.0) == []
    assert one.attributes == ()
    assert one.deadline is None
    assert one.expire(10.0) == []


def test_without_a_pool_nothing_comes_of_it() -> None:
    one, outputs = started(supply(None), replace(ALICE, ipv6_prefix=FRAMED))
    assert outputs == []
    assert one.attributes == ()
    (dropped,) = one.receive(bytes(40), 10.0)
    assert isinstance(dropped, Dropped)


def test_a_link_too_narrow_is_refused_once() -> None:
    one, outputs = started(supply(), mtu=1279)
    ((level, text),) = notes(outputs)
    assert level is Level.WARNING
    assert "1280" in text
    assert "1279" in text
    assert one.start(ALICE, SETTINGS, 1400, 11.0) == []
    assert one.prefix is None


def test_radius_names_prefix_and_servers() -> None:
    servers = (IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2"))
    grant = replace(ALICE, ipv6_prefix=FRAMED, ipv6_dns=servers)
    one, (note, _, told) = started(supply(), grant)
    assert one.prefix == FRAMED
    assert notes([note]) == [(Level.INFO, f"IPv6 prefix {FRAMED} from radius")]
    assert isinstance(told, SendPacket)
    assert IPv6(told.packet)[ICMPv6NDOptRDNSS].dns == ["2001:db8::1", "2001:db8::2"]


@pytest.mark.parametrize("prefix", ["2001:db8:5::/56", "fe80::/64", "2001:db8:99::/64"])
def test_a_prefix_that_no_client_can_use(prefix: str) -> None:
    one, outputs = started(supply(), replace(ALICE, ipv6_prefix=IPv6Network(prefix)))
    assert one.prefix == FIRST
    assert notes(outputs)[0][0] is Level.WARNING
    assert prefix in notes(outputs)[0][1]


def test_a_prefix_that_another_user_holds() -> None:
    shared = supply()
    shared.prefixes.usual.reserve(FRAMED, 7, "bob")
    one, outputs = started(shared, replace(ALICE, ipv6_prefix=FRAMED))
    assert one.prefix == FIRST
    assert "held by session 7" in notes(outputs)[0][1]


def test_a_prefix_that_another_workers_user_holds() -> None:
    shared = supply()
    shared.prefixes.set_elsewhere(FRAMED, "is held by 'bob' (session 2)")
    one, outputs = started(shared, replace(ALICE, ipv6_prefix=FRAMED))
    assert one.prefix == FIRST
    assert notes(outputs)[0] == (
        Level.WARNING,
        f"Framed-IPv6-Prefix {FRAMED} is held by 'bob' (session 2): one of the pool instead",
    )


def test_no_prefix_is_left() -> None:
    shared = supply(IPv6Network("2001:db8:99::/63"))
    shared.prefixes.usual.acquire(7, "bob")
    one, outputs = started(shared)
    assert notes(outputs) == [
        (Level.WARNING, "no IPv6 prefix is free: enlarge [address] ipv6_pool")
    ]
    assert one.attributes == ()


def test_it_advertises_again_and_answers() -> None:
    one, _ = started(supply())
    assert one.deadline is not None
    (told,) = one.expire(one.deadline)
    assert isinstance(told, SendPacket)
    asked = bytes(IPv6(src="fe80::5", dst="ff02::2", hlim=255) / ICMPv6ND_RS())
    (told,) = one.receive(asked, 12.0)
    assert isinstance(told, SendPacket)
    assert IPv6(told.packet)[ICMPv6ND_RA]


def test_the_prefix_goes_back() -> None:
    shared = supply()
    one, _ = started(shared)
    one.stop()
    assert len(shared.prefixes.usual) == 0
    assert one.deadline is None
    ipv6(shared).stop()


def test_radius_names_the_pool() -> None:
    shared = supply()
    other = IPv6Network("2001:db8:77::/56")
    shared = replace(shared, prefixes=Reserves(shared.prefixes.usual, {"office": Prefixes(other)}))
    link, outputs = started(shared, replace(ALICE, ipv6_pool="office"))
    assert link.prefix is not None
    assert link.prefix.subnet_of(other)
    assert "from pool office" in str(outputs[0])
    link.stop()
    assert len(shared.prefixes.named["office"]) == 0


def test_a_pool_that_is_not_configured_gives_no_ipv6() -> None:
    link, outputs = started(supply(), replace(ALICE, ipv6_pool="attic"))
    assert link.prefix is None
    assert "there is no [pools.attic] ipv6" in str(outputs[0])
    assert len(outputs) == 1


def test_a_fixed_prefix_of_a_named_pool_is_not_leased_from_it() -> None:
    shared = supply()
    office = Prefixes(IPv6Network("2001:db8:77::/62"))
    shared = replace(shared, prefixes=Reserves(shared.prefixes.usual, {"office": office}))
    fixed = IPv6Network("2001:db8:77:1::/64")
    link, _ = started(shared, replace(ALICE, ipv6_prefix=fixed))
    assert link.prefix == fixed
    assert office.acquire(9, "bob") == IPv6Network("2001:db8:77:2::/64")
