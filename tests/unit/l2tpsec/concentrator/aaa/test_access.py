from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.model.credentials import (
    Chap,
    Credentials,
    Eap,
    MsChap,
    MsChapV2,
    MsChapV2ChangePassword,
    Pap,
)
from l2tpsec.model.grant import Verdict
from radius.message import Attribute, Code, Message

DIALIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007", "MSRAS-0-PC", "MSRASV5.20")
VALUE = bytes(range(48)) + b"\x01"
V2 = MsChapV2(b"User", 9, bytes(16), VALUE)
BLOCK = bytes(range(172)) + bytes(range(50, 222)) + bytes(range(80, 252))
CHANGE = MsChapV2ChangePassword(b"User", 10, b"c" * 16, BLOCK, b"h" * 16, b"r" * 50)


def ask(credentials: Credentials) -> Message:
    return access.access_request(credentials, DIALIN)


def test_pap_carries_the_password() -> None:
    message = ask(Pap(b"alice", b"secret"))
    assert message.code is Code.ACCESS_REQUEST
    assert message.get("User-Name") == b"alice"
    assert message.get("User-Password") == b"secret"


def test_chap_carries_identifier_response_and_challenge() -> None:
    message = ask(Chap(b"alice", 3, b"c" * 16, b"r" * 16))
    assert message.get("CHAP-Password") == b"\x03" + b"r" * 16
    assert message.get("CHAP-Challenge") == b"c" * 16


@pytest.mark.parametrize(
    ("credentials", "name"),
    [(MsChap(b"u", 9, bytes(8), VALUE), "MS-CHAP-Response"), (V2, "MS-CHAP2-Response")],
)
def test_the_flags_octet_moves_to_the_front(credentials: Credentials, name: str) -> None:
    assert ask(credentials).get(name) == b"\x09\x01" + VALUE[:48]


def test_a_change_of_password_is_four_attributes_and_the_challenge() -> None:
    message = ask(CHANGE)
    assert message.get("User-Name") == b"User"
    assert message.get("MS-CHAP-Challenge") == b"c" * 16
    assert message.get("MS-CHAP2-CPW") == b"\x07\x0a" + b"h" * 16 + b"r" * 50
    parts = [part for part in message.all("MS-CHAP-NT-Enc-PW") if isinstance(part, bytes)]
    assert [part[:4] for part in parts] == [bytes((6, 10, 0, number)) for number in (1, 2, 3)]
    assert b"".join(part[4:] for part in parts) == BLOCK
    assert "MsChapV2ChangePassword(name=b'User', identifier=10, challenge=" in repr(CHANGE)
    assert "hhh" not in repr(CHANGE)


def test_a_change_of_password_is_judged_like_a_response() -> None:
    reply = Message(Code.ACCESS_ACCEPT, [("MS-CHAP2-Success", b"\x0aS=" + b"A" * 40)])
    assert access.verdict(CHANGE, reply) == Verdict(accepted=True, message=b"S=" + b"A" * 40)
    assert not access.verdict(CHANGE, Message(Code.ACCESS_ACCEPT)).accepted
    error = Message(Code.ACCESS_REJECT, [("MS-CHAP-Error", b"\x0aE=709 R=0")])
    assert access.verdict(CHANGE, error).message == b"E=709 R=0"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "no reason given"),
        (b"too late", "too late"),
        (b"E=649 R=0 C=00 V=3 M=No", "the user has no right to dial in (E=649 R=0 C=00 V=3 M=No)"),
        (b"E=646 R=0", "outside the hours in which the user may dial in (E=646 R=0)"),
        (b"E=12345 R=0", "E=12345 R=0"),
        (b"E=69", "E=69"),
    ],
)
def test_microsofts_codes_are_explained(message: bytes, words: str) -> None:
    assert access.explanation(message) == words


def test_a_request_says_who_dials_in_from_where() -> None:
    message = ask(V2)
    wanted = {
        "NAS-Identifier": "nas",
        "NAS-IP-Address": "192.0.2.1",
        "NAS-Port": 7,
        "NAS-Port-Type": 5,
        "Service-Type": 2,
        "Framed-Protocol": 1,
        "Calling-Station-Id": "203.0.113.5",
        "Called-Station-Id": "192.0.2.1",
        "Tunnel-Type": 3,
        "Tunnel-Medium-Type": 1,
        "Tunnel-Client-Endpoint": "203.0.113.5",
        "Acct-Session-Id": "abcd0007",
        "MS-RAS-Client-Name": "MSRAS-0-PC",
        "MS-RAS-Client-Version": "MSRASV5.20",
    }
    assert {name: message.get(name) for name in wanted} == wanted


def test_success_loses_its_identifier() -> None:
    reply = Message(Code.ACCESS_ACCEPT, [("MS-CHAP2-Success", b"\x09S=" + b"A" * 40)])
    assert access.verdict(V2, reply) == Verdict(accepted=True, message=b"S=" + b"A" * 40)


def test_some_servers_send_no_identifier() -> None:
    success = Message(Code.ACCESS_ACCEPT, [("MS-CHAP2-Success", b"S=" + b"A" * 40)])
    assert access.verdict(V2, success).message == b"S=" + b"A" * 40
    error = Message(Code.ACCESS_REJECT, [("MS-CHAP-Error", b"E=647 R=0")])
    assert access.verdict(V2, error).message == b"E=647 R=0"


def test_an_accept_without_the_proof_is_a_refusal() -> None:
    assert not access.verdict(V2, Message(Code.ACCESS_ACCEPT)).accepted
    assert access.verdict(Pap(b"u", b"p"), Message(Code.ACCESS_ACCEPT)).accepted


def test_a_refusal_carries_the_error_or_the_reply_message() -> None:
    error = Message(Code.ACCESS_REJECT, [("MS-CHAP-Error", b"\x09E=647 R=0")])
    assert access.verdict(V2, error) == Verdict(accepted=False, message=b"E=647 R=0")
    spoken = Message(Code.ACCESS_REJECT, [*error.attributes, ("Reply-Message", "too late")])
    assert access.verdict(V2, spoken).message == b"E=647 R=0 M=too late"
    assert access.verdict(MsChap(b"u", 9, bytes(8), VALUE), spoken).message == b"E=647 R=0"
    plain = Message(Code.ACCESS_REJECT, [("Reply-Message", "too"), ("Reply-Message", "late")])
    assert access.verdict(Pap(b"u", b"p"), plain) == Verdict(accepted=False, message=b"too late")


@pytest.mark.parametrize(
    ("framed", "address", "may_choose"),
    [
        ("10.0.0.7", IPv4Address("10.0.0.7"), False),
        ("255.255.255.254", None, False),
        ("255.255.255.255", None, True),
        ("rubbish", None, False),
    ],
)
def test_framed_address(framed: str, address: IPv4Address | None, may_choose: bool) -> None:
    grant = access.grant(V2.name, Message(Code.ACCESS_ACCEPT, [("Framed-IP-Address", framed)]))
    assert (grant.address, grant.client_may_choose) == (address, may_choose)


def test_a_grant_has_what_the_server_allows() -> None:
    reply = Message(
        Code.ACCESS_ACCEPT,
        [
            ("MS-Primary-DNS-Server", "10.0.0.53"),
            ("MS-Secondary-DNS-Server", "0.0.0.0"),
            ("MS-Primary-NBNS-Server", "10.0.0.54"),
            ("Session-Timeout", 3600),
            ("Idle-Timeout", 0),
            ("Acct-Interim-Interval", 0),
            ("Class", b"one"),
            ("Class", b"two"),
        ],
    )
    grant = access.grant(V2.name, reply)
    assert grant.dns == (IPv4Address("10.0.0.53"),)
    assert grant.wins == (IPv4Address("10.0.0.54"),)
    assert (grant.session_timeout_seconds, grant.idle_timeout_seconds) == (3600, None)
    assert grant.interim_interval_seconds == 0
    assert grant.classes == (b"one", b"two")


def test_a_name_cannot_forge_a_log_line() -> None:
    assert access.printable("ärger\nroot\x00".encode() + b"\xff") == r"ärger\nroot\x00\xff"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Message(Code.ACCESS_ACCEPT), "lacks MS-CHAP2-Success"),
        (Message(Code.ACCESS_CHALLENGE), "Access-Challenge"),
        (Message(Code.ACCESS_REJECT), "no reason given"),
        (Message(Code.ACCESS_REJECT, [("MS-CHAP-Error", b"\x09E=647 R=0")]), "E=647"),
    ],
)
def test_a_refusal_is_told_in_words(reply: Message, words: str) -> None:
    assert words in access.refusal(V2, reply, access.verdict(V2, reply))


def test_routes_of_a_user() -> None:
    own = [
        ("Framed-Route", "10.1.0.0/16 0.0.0.0 1"),
        ("L2tpsec-Route", "10.3.0.0/16"),
        ("L2tpsec-Domain", "corp.example"),
    ]
    grant = access.grant(V2.name, Message(Code.ACCESS_ACCEPT, own))
    assert (grant.routes, grant.domain) == ((IPv4Network("10.3.0.0/16"),), "corp.example")


@pytest.mark.parametrize(
    ("attributes", "group"),
    [
        ([("Tunnel-Private-Group-Id", "blue")], "blue"),
        ([("Tunnel-Private-Group-Id", b"blue")], "blue"),
        ([("Tunnel-Type", 13), ("Tunnel-Private-Group-Id", "blue")], "blue"),
        ([("Tunnel-Type:1", 13), ("Tunnel-Private-Group-Id:1", "blue")], "blue"),
        ([("Tunnel-Type", 3), ("Tunnel-Private-Group-Id", "blue")], ""),
        ([("Tunnel-Type:2", 13), ("Tunnel-Type:1", 3), ("Tunnel-Private-Group-Id:1", "x")], ""),
        ([], ""),
    ],
)
def test_the_group_whose_table_routes_a_user(attributes: list[Attribute], group: str) -> None:
    assert access.grant(V2.name, Message(Code.ACCESS_ACCEPT, attributes)).table_group == group


@pytest.mark.parametrize(("octets", "mtu"), [(576, 576), (1400, 1400), (575, None), (0, None)])
def test_the_longest_packet_of_a_user(octets: int, mtu: int | None) -> None:
    grant = access.grant(V2.name, Message(Code.ACCESS_ACCEPT, [("Framed-MTU", octets)]))
    assert grant.mtu == mtu


def test_ipv6_of_a_user() -> None:
    attributes = [
        ("Framed-IPv6-Prefix", "2001:db8:5::/64"),
        ("Framed-Interface-Id", "202:0:ab:cdef"),
        *(("DNS-Server-IPv6-Address", f"2001:db8::{n}") for n in range(1, 5)),
        ("DNS-Server-IPv6-Address", "::"),
    ]
    grant = access.grant(V2.name, Message(Code.ACCESS_ACCEPT, attributes))
    assert grant.ipv6_prefix == IPv6Network("2001:db8:5::/64")
    assert grant.interface_identifier == bytes.fromhex("0202000000abcdef")
    assert [str(address) for address in grant.ipv6_dns] == [f"2001:db8::{n}" for n in (1, 2, 3)]


def test_without_ipv6() -> None:
    grant = access.grant(V2.name, Message(Code.ACCESS_ACCEPT, [("Framed-IPv6-Prefix", "nonsense")]))
    assert grant.ipv6_prefix is None
    assert (grant.ipv6_dns, grant.interface_identifier) == ((), b"")


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        (Pap(b"alice", b"word"), b"Full"),
        (Chap(b"alice", 1, bytes(16), bytes(16)), b"Full"),
        (MsChap(b"alice", 1, bytes(8), b""), b"E=649 R=0 V=3 M=Full"),
        (V2, b"E=649 R=0 V=3 M=Full"),
        (CHANGE, b"E=649 R=0 V=3 M=Full"),
        (Eap(b"alice", bytes.fromhex("0209000601ff")), bytes.fromhex("04090004")),
    ],
)
def test_a_refusal_of_our_own_is_in_words_that_the_protocol_carries(
    credentials: Credentials, message: bytes
) -> None:
    assert access.declined(credentials, "Full") == Verdict(accepted=False, message=message)


def test_a_renewal_is_wanted_with_the_state_that_came() -> None:
    state: Attribute = ("State", b"s")
    for action, expected in ((1, (True, b"s")), (0, (False, b""))):
        accept = Message(Code.ACCESS_ACCEPT, [("Termination-Action", action), state])
        grant = access.grant(b"alice", accept)
        assert (grant.renews, grant.state) == expected
    assert access.grant(b"alice", Message(Code.ACCESS_ACCEPT, [state])).state == b""


@pytest.mark.parametrize(("told", "kept"), [(b"c-7", b"c-7"), (b"\0", b""), (b"", b"")])
def test_nobody_is_charged_as_nul(told: bytes, kept: bytes) -> None:
    accept = Message(Code.ACCESS_ACCEPT, [("Chargeable-User-Identity", told)])
    assert access.grant(b"alice", accept).chargeable_identity == kept
