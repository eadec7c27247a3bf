from dataclasses import fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from l2tpsec.concentrator.aaa.catalogue import Fate
from l2tpsec.concentrator.explanation import HIDDEN, Explanation, explain, shown
from l2tpsec.concentrator.settings import AddressSettings, ConcentratorSettings, NamedPool
from l2tpsec.model.credentials import MsChapV2, Pap
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Filter
from l2tpsec.protocols.ike.settings import IkeSettings
from radius.message import Attribute, Code, Message

ALICE = Pap(b"alice", b"word")
BY_MSCHAPV2 = MsChapV2(b"alice", 1, bytes(16), bytes(49))
OFFICE = NamedPool((IPv4Network("10.98.0.0/24"),), IPv6Network("2001:db8:1::/56"))
ADDRESS = AddressSettings(
    pools={"office": OFFICE},
    groups={"blue": 100},
    dns=(IPv4Address("10.0.0.53"),),
    ipv6_pool=IPv6Network("2001:db8::/56"),
    domain="corp.example",
)
GUESTS = Filter("guests", (parse("deny in ip from any to any"),))
SETTINGS = ConcentratorSettings(
    ike=IkeSettings(psks=(b"key",)), address=ADDRESS, filters={"guests": GUESTS}
)

SAMPLES: dict[str, Attribute] = {
    "address": ("Framed-IP-Address", "10.99.0.77"),
    "client_may_choose": ("Framed-IP-Address", "255.255.255.255"),
    "pool": ("Framed-Pool", "office"),
    "ipv6_pool": ("Framed-IPv6-Pool", "office"),
    "dns": ("MS-Primary-DNS-Server", "10.0.0.54"),
    "wins": ("MS-Secondary-NBNS-Server", "10.0.0.55"),
    "domain": ("L2tpsec-Domain", "lab.example"),
    "routes": ("L2tpsec-Route", "10.1.0.0/16 0.0.0.0 1"),
    "sites": ("Framed-Route", "192.168.7.0/24 0.0.0.0 1"),
    "table_group": ("Tunnel-Private-Group-Id", "blue"),
    "mtu": ("Framed-MTU", 1300),
    "ipv6_prefix": ("Framed-IPv6-Prefix", "2001:db8:5::/64"),
    "ipv6_dns": ("DNS-Server-IPv6-Address", "2001:db8::53"),
    "interface_identifier": ("Framed-Interface-Id", "0:0:0:7"),
    "session_timeout_seconds": ("Session-Timeout", 3600),
    "idle_timeout_seconds": ("Idle-Timeout", 600),
    "name": ("User-Name", "alice@corp.example"),
    "session_limit": ("Port-Limit", 2),
    "octet_quota": ("L2tpsec-Octet-Quota", 0),
    "interim_interval_seconds": ("Acct-Interim-Interval", 120),
    "classes": ("Class", b"gold"),
    "chargeable_identity": ("Chargeable-User-Identity", b"c-7"),
    "filter": ("Filter-Id", "guests"),
    "up": ("WISPr-Bandwidth-Max-Up", 5_000_000),
    "down": ("WISPr-Bandwidth-Max-Down", 20_000_000),
}
"""An attribute for each field of a grant."""


def accept(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_ACCEPT, attributes)


def explained(*attributes: Attribute) -> Explanation:
    return explain(ALICE, accept(*attributes), SETTINGS)


def result(found: Explanation, title: str) -> tuple[str, str]:
    (row,) = [row for row in found.results if row.title == title]
    return row.value, row.source


def test_a_sample_for_every_field_of_a_grant() -> None:
    beside = {"user", "replace_oldest", "renews", "state"}
    assert SAMPLES.keys() == {row.name for row in fields(Grant)} - beside


@pytest.mark.parametrize("field", SAMPLES)
def test_every_field_of_a_grant_shows(field: str) -> None:
    found = explained(SAMPLES[field])
    (line,) = found.lines
    assert (line.name, line.fate, line.matters) == (SAMPLES[field][0], Fate.OBEYED, True)
    assert any(row.source == "RADIUS" for row in found.results)


def test_filter_and_rates() -> None:
    found = explained(SAMPLES["filter"], ("Mikrotik-Rate-Limit", "5M/0"))
    assert result(found, "filter") == ("guests, 1 rules", "RADIUS")
    assert result(found, "rate from the client") == ("5M bit/s", "RADIUS")
    assert result(found, "rate to the client") == ("none", "")


def test_what_cannot_be_obeyed_is_no_dial_in() -> None:
    found = explained(("Filter-Id", "attic"))
    assert not found.accepted
    assert "there is no [filters.attic]" in found.reason
    assert [line.name for line in found.lines] == ["Filter-Id"]


def test_who_wants_it_so() -> None:
    found = explained(("Session-Timeout", 60))
    assert result(found, "address") == ("one of 10.99.0.0/24", "configuration")
    assert result(found, "name servers") == ("10.0.0.53", "configuration")
    assert result(found, "session timeout") == ("60 s", "RADIUS")
    assert result(found, "WINS servers") == ("none", "")
    assert result(found, "IPv6 prefix") == ("a /64 of 2001:db8::/56", "configuration")
    framed = explained(SAMPLES["address"], SAMPLES["interface_identifier"], ("Class", b"\xff"))
    assert result(framed, "address") == ("10.99.0.77", "RADIUS")
    assert result(framed, "interface identifier") == ("::7", "RADIUS")
    assert result(framed, "class") == ("0xff", "RADIUS")


def test_an_attribute_that_changes_nothing_here() -> None:
    found = explained(
        ("Framed-IP-Address", "255.255.255.254"),
        ("L2tpsec-Route", "10.3.0.0/16"),
        ("Framed-Route", "10.99.0.0/16"),
        ("Framed-IPv6-Prefix", "2001:db8:5::/56"),
    )
    assert [line.matters for line in found.lines] == [False, True, False, False]
    sources = replace(ADDRESS, sources=("dhcp",))
    dhcp = explain(ALICE, accept(SAMPLES["address"]), replace(SETTINGS, address=sources))
    assert [line.matters for line in dhcp.lines] == [False]
    assert result(dhcp, "address") == ("leased by a DHCP server", "configuration")
    alone = replace(SETTINGS, address=replace(ADDRESS, sources=("radius",)))
    nothing = explain(ALICE, accept(), alone)
    assert (nothing.accepted, nothing.results) == (False, ())
    assert nothing.reason.startswith("though not by RADIUS: no address is free")


def test_pools_by_name() -> None:
    found = explained(SAMPLES["pool"], SAMPLES["ipv6_pool"])
    assert result(found, "address") == ("one of 10.98.0.0/24, [pools.office]", "RADIUS")
    assert result(found, "IPv6 prefix") == ("a /64 of 2001:db8:1::/56, [pools.office]", "RADIUS")
    found = explained(("Framed-Pool", "cellar"))
    assert not found.accepted
    assert "there is no [pools.cellar]" in found.reason
    assert found.lines[0].matters
    found = explained(("Framed-IPv6-Pool", "cellar"))
    assert result(found, "IPv6 prefix") == ("none: there is no [pools.cellar] ipv6", "RADIUS")
    without = replace(SETTINGS, address=replace(ADDRESS, ipv6_pool=None))
    found = explain(ALICE, accept(SAMPLES["ipv6_pool"]), without)
    assert result(found, "IPv6 prefix")[0] == "none: there is no ipv6_pool"


def test_a_group_that_is_not_there() -> None:
    found = explained(("Tunnel-Private-Group-Id", "attic"))
    assert not found.accepted
    assert "there is no [groups.attic]" in found.reason


def test_what_is_ignored_is_named_with_its_reason() -> None:
    found = explained(("Callback-Id", "7"), ("Attr-200", b"x"), ("Service-Type", 2))
    assert [(line.fate, line.does) for line in found.lines] == [
        (Fate.IGNORED, "nobody is called back"),
        (Fate.IGNORED, "nothing here knows it"),
        (Fate.NEEDLESS, "every session here is Framed-User"),
    ]
    assert not any(line.matters for line in found.lines)
    assert found.lines[-1].value == "Framed-User"


def test_a_refusal_has_its_reason_and_no_session() -> None:
    reject = Message(Code.ACCESS_REJECT, [("MS-CHAP-Error", b"\x01E=648 R=0 V=3")])
    found = explain(BY_MSCHAPV2, reject, SETTINGS)
    assert (found.accepted, found.results) == (False, ())
    assert found.reason == "the password has expired (E=648 R=0 V=3)"
    assert [(line.value, line.matters) for line in found.lines] == [("E=648 R=0 V=3", True)]


def test_without_the_proof_nobody_is_let_in() -> None:
    proof: Attribute = ("MS-CHAP2-Success", b"\x01S=00")
    found = explain(BY_MSCHAPV2, accept(proof), SETTINGS)
    assert (found.accepted, found.reason) == (True, "")
    assert [(line.value, line.matters) for line in found.lines] == [(HIDDEN, True)]
    assert "MS-CHAP2-Success" in explain(BY_MSCHAPV2, accept(), SETTINGS).reason


def test_words_reach_who_can_read_them() -> None:
    words: Attribute = ("Reply-Message", "welcome\n")
    assert explained(words).reason == "welcome"
    success: Attribute = ("MS-CHAP2-Success", b"\x01S=" + b"0" * 40)
    assert explain(BY_MSCHAPV2, accept(success, words), SETTINGS).reason == "welcome"
    assert explained(words).lines[0].matters


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("MS-MPPE-Send-Key", b"key", HIDDEN),
        ("Tunnel-Password:1", b"key", HIDDEN),
        ("State", b"state", HIDDEN),
        ("Class", b"\x00\x01", "0x0001"),
        ("Filter-Id", "a\x1b[2J", r"a\x1b[2J"),
        ("Session-Timeout", 7, "7"),
    ],
)
def test_values_are_fit_to_be_seen(name: str, value: str | int | bytes, text: str) -> None:
    assert shown(name, value) == text


def test_what_befalls_one_session_too_many() -> None:
    limit, replace_oldest = ("Port-Limit", 1), ("L2tpsec-Simultaneous-Use", 2)
    assert result(explained(limit), "sessions at once")[0] == "1 (one more is refused)"
    found = explained(limit, replace_oldest)
    assert result(found, "sessions at once")[0] == "1 (the oldest is ended)"
    assert result(explained(), "accounted as") == ("alice", "")


def test_what_becomes_of_a_session_that_times_out() -> None:
    limit, renewal = ("Session-Timeout", 60), ("Termination-Action", 1)
    found = explained(limit, renewal, ("State", b"s"))
    assert all(line.matters and line.fate is Fate.OBEYED for line in found.lines)
    assert found.lines[-1].value == HIDDEN
    text = "60 s, then RADIUS is asked to renew it, with its State"
    assert result(found, "session timeout") == (text, "RADIUS")
    assert not any(line.matters for line in explained(renewal).lines), "nothing times out"
    assert not explained(limit, ("State", b"s")).lines[-1].matters
    assert not explained(limit, ("Termination-Action", 0)).lines[-1].matters
