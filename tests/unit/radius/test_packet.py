import hashlib
import hmac
import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.radius import Radius, RadiusAttr_Message_Authenticator

from radius import packet
from radius.dictionary import standard
from radius.malformed import Malformed, Unencodable
from radius.message import Attribute, Code, Message
from radius.packet import Packet, Unverified

SECRET = b"testing123"
VECTORS = Path(__file__).parents[2] / "vectors" / "radius_packets.txt"
PACKETS = {
    name: Packet.read(bytes.fromhex(octets))
    for name, octets in (
        line.split() for line in VECTORS.read_text().splitlines() if not line.startswith("#")
    )
}
REQUEST = PACKETS["access-request"]
REPLIES = ["access-accept", "access-reject-691", "access-reject-648"]
ACCOUNTING = ["accounting-start", "accounting-stop"]


def entropy(count: int) -> bytes:
    return bytes(range(count))


def sealed(reply: bytes, request: Packet = REQUEST) -> Packet:
    """Sign a hand-made reply as a forger cannot: with the Response Authenticator."""
    reply = reply[:2] + struct.pack("!H", len(reply)) + reply[4:]
    digest = hashlib.md5(reply[:4] + request.authenticator + reply[20:] + SECRET).digest()
    return Packet.read(reply[:4] + digest + reply[20:])


def request_with(attributes: bytes) -> Packet:
    """An Access-Request of these raw attributes, rightly signed."""
    octets = struct.pack("!BBH", 1, 7, 38 + len(attributes)) + bytes(16)
    octets += b"\x50\x12" + bytes(16) + attributes
    signature = hmac.digest(SECRET, octets, "md5")
    return Packet.read(octets[:22] + signature + octets[38:])


def read(request: Packet) -> Message:
    packet.verify_request(request, SECRET)
    return packet.decode(request, SECRET, request.authenticator)


def test_the_request_of_the_vectors() -> None:
    message = read(REQUEST)
    assert message.code is Code.ACCESS_REQUEST
    assert message.text("User-Name") == "User"
    assert message.number("Tunnel-Type") == 3
    assert message.text("Tunnel-Client-Endpoint") == "203.0.113.10"
    assert message.text("MS-RAS-Client-Name") == "MSRAS-0-HOSTNAME"
    assert len(message.octets("MS-CHAP2-Response") or b"") == 50
    assert message.get("Message-Authenticator") is None
    again = packet.encode_request(
        message, REQUEST.identifier, SECRET, lambda _: REQUEST.authenticator
    )
    assert again == REQUEST


@pytest.mark.parametrize("name", REPLIES)
def test_the_replies_of_the_vectors(name: str) -> None:
    reply = PACKETS[name]
    packet.verify_reply(reply, REQUEST, SECRET)
    message = packet.decode(reply, SECRET, REQUEST.authenticator)
    again = packet.encode_reply(message, REQUEST, SECRET, entropy)
    assert again == reply


@pytest.mark.parametrize("name", ACCOUNTING)
def test_the_accounting_of_the_vectors(name: str) -> None:
    message = read(PACKETS[name])
    assert message.text("Framed-IP-Address") == "10.0.0.2"
    signed = packet.encode_request(message, 1, SECRET, entropy)
    assert read(signed) == message


@pytest.mark.parametrize("code", [Code.ACCESS_REQUEST, Code.ACCOUNTING_REQUEST])
def test_message_authenticator_is_the_first_attribute(code: Code) -> None:
    written = packet.encode_request(Message(code, [("User-Name", "bob")]), 1, SECRET, entropy)
    assert [row.type for row in written.fields()] == [80, 1]


@pytest.mark.parametrize("name", ["access-request", *REPLIES])
def test_scapy_agrees(name: str) -> None:
    ours = PACKETS[name]
    theirs = Radius(ours.octets)  # computing a signature empties its field
    signature = next(
        a for a in theirs.attributes if isinstance(a, RadiusAttr_Message_Authenticator)
    )
    assert theirs.attributes[0] is signature
    given = signature.value
    assert [a.type for a in theirs.attributes] == [row.type for row in ours.fields()]
    expected = RadiusAttr_Message_Authenticator.compute_message_authenticator(
        theirs, REQUEST.authenticator, SECRET
    )
    assert expected == given
    if ours is not REQUEST:
        digest = Radius(ours.octets).compute_authenticator(REQUEST.authenticator, SECRET)
        assert digest == ours.authenticator


values = st.one_of(
    st.tuples(st.just("User-Name"), st.text(max_size=60).filter(lambda t: t.isprintable())),
    st.tuples(st.just("User-Password"), st.binary(max_size=128).map(lambda b: b.rstrip(b"\0"))),
    st.tuples(st.just("NAS-Port"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("Framed-IP-Address"), st.ip_addresses(v=4).map(str)),
    st.tuples(st.just("Framed-IPv6-Address"), st.ip_addresses(v=6).map(str)),
    st.tuples(st.sampled_from(["Class", "State", "Attr-200"]), st.binary(max_size=253)),
    st.tuples(st.just("Attr-26.311.200"), st.binary(max_size=247)),
    st.tuples(st.just("MS-CHAP-Error"), st.binary(max_size=247)),
    st.tuples(st.just("MS-MPPE-Send-Key"), st.binary(max_size=200)),
    st.tuples(st.just("Tunnel-Password:5"), st.binary(max_size=200)),
    st.tuples(st.just("Tunnel-Password"), st.binary(max_size=200)),
    st.tuples(
        st.sampled_from(["Tunnel-Type", "Tunnel-Type:1", "Tunnel-Preference:31"]),
        st.integers(0, 2**24 - 1),
    ),
    st.tuples(st.just("Tunnel-Private-Group-Id:3"), st.text("abc", max_size=10)),
)


@given(st.lists(values, max_size=12))
def test_what_is_written_is_read(attributes: list[Attribute]) -> None:
    message = Message(Code.ACCESS_REQUEST, tuple(attributes))
    assert read(packet.encode_request(message, 9, SECRET, entropy)) == message
    answer = Message(Code.ACCESS_ACCEPT, tuple(attributes))
    reply = packet.encode_reply(answer, REQUEST, SECRET, entropy)
    packet.verify_reply(reply, REQUEST, SECRET)
    assert packet.decode(reply, SECRET, REQUEST.authenticator) == answer


@given(st.binary(max_size=200))
def test_any_octets_are_a_packet_or_malformed(data: bytes) -> None:
    try:
        found = Packet.read(data)
        list(found.fields())
        packet.decode(found, SECRET, found.authenticator)
    except Malformed as error:
        assert 0 <= error.offset <= len(data)


@given(st.binary(max_size=200))
def test_any_signed_attributes_are_a_message_or_malformed(attributes: bytes) -> None:
    try:
        message = read(request_with(attributes))
    except (Malformed, Unverified):
        return
    assert message.code is Code.ACCESS_REQUEST


@given(st.integers(0, len(REQUEST.octets) - 1), st.integers(1, 255))
def test_no_octet_of_a_request_can_be_changed(index: int, change: int) -> None:
    octets = bytearray(REQUEST.octets)
    octets[index] ^= change
    with pytest.raises((Malformed, Unverified)):
        found = Packet.read(bytes(octets))
        packet.verify_request(found, SECRET)
        # the identifier and the code are signed as well; an unknown code is as bad as a forged one
        packet.decode(found, SECRET, found.authenticator)


@given(st.sampled_from(REPLIES), st.data())
def test_no_octet_of_a_reply_can_be_changed(name: str, data: st.DataObject) -> None:
    octets = bytearray(PACKETS[name].octets)
    index = data.draw(st.integers(0, len(octets) - 1))
    octets[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Malformed, Unverified)):
        packet.verify_reply(Packet.read(bytes(octets)), REQUEST, SECRET)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "0 octets"),
        (bytes(19), "19 octets"),
        (b"\1\0\0\0" + bytes(16), "0 octets is not allowed"),
        (b"\1\0\0\x13" + bytes(16), "19 octets is not allowed"),
        (b"\1\0\x10\x01" + bytes(4093), "4097 octets is not allowed"),
        (b"\1\0\0\x15" + bytes(16), "claims 21 octets and has 20"),
    ],
)
def test_broken_headers(data: bytes, match: str) -> None:
    with pytest.raises(Malformed, match=match):
        Packet.read(data)


def test_padding_is_cut_off() -> None:
    assert Packet.read(REQUEST.octets + b"padding") == REQUEST
    longest = b"\1\0\x10\0" + bytes(4092)
    assert len(Packet.read(longest + b"x").octets) == 4096


@pytest.mark.parametrize(
    ("attributes", "match"),
    [
        (b"\1", "ends after its type"),
        (b"\1\0", "impossible length 0"),
        (b"\1\1", "impossible length 1"),
        (b"\1\3", "impossible length 3"),
        (b"\1\xff" + bytes(10), "impossible length 255"),
        (b"\6\3\0", "Service-Type"),
        (b"\4\2", "NAS-IP-Address"),
        (b"\2\3x", "User-Password"),
        (b"\x1a\5\0\0\1", "no room for its vendor"),
        (b"\x1a\7\0\0\1\x37\2", "ends after its type"),
        (b"\x1a\x08\0\0\1\x37\2\0", "impossible length 0"),
        (b"\x1a\x08\0\0\1\x37\2\1", "impossible length 1"),
        (b"\x1a\x08\0\0\1\x37\2\x09", "impossible length 9"),
        (b"\x1a\x0c\0\0\1\x37\2\3x\x02\x04y", "impossible length 4"),
        (b"\x1a\x09\0\0\1\x37\x10\3x", "MS-MPPE-Send-Key"),
        (b"\x61\4\0\xff", "Framed-IPv6-Prefix"),
    ],
)
def test_broken_attributes(attributes: bytes, match: str) -> None:
    with pytest.raises(Malformed, match=match):
        read(request_with(attributes))


def test_the_offset_of_a_nested_mistake_counts_from_the_start() -> None:
    with pytest.raises(Malformed) as caught:
        read(request_with(b"\x1a\x0c\0\0\1\x37\x09\6\0\0\1\x37" + b"\4\3x"))
    assert caught.value.offset == 20 + 18 + 12 + 2


def test_several_attributes_in_one_vendor_specific() -> None:
    message = read(request_with(b"\x1a\x12\0\0\1\x37\x09\6\0\0\1\x37\x2f\6\0\0\0\2"))
    assert message.attributes == (
        ("MS-RAS-Vendor", 311),
        ("MS-Network-Access-Server-Type", 2),
    )


def test_an_unknown_vendor_may_write_what_it_likes() -> None:
    message = read(request_with(b"\x1a\x09\0\0\0\x09\1\0\2"))
    assert message.attributes == (("Vendor-Specific", b"\0\0\0\x09\1\0\2"),)
    assert read(packet.encode_request(message, 1, SECRET, entropy)) == message


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (b"\x40\6\x01\0\0\3", ("Tunnel-Type:1", 3)),
        (b"\x40\6\x00\0\0\3", ("Tunnel-Type", 3)),
        (b"\x40\6\x20\0\0\3", ("Tunnel-Type", 3)),
        (b"\x42\4\x1fx", ("Tunnel-Client-Endpoint:31", "x")),
        (b"\x42\4\x00x", ("Tunnel-Client-Endpoint", "x")),
        (b"\x42\4 x", ("Tunnel-Client-Endpoint", " x")),
        (b"\x42\2", ("Tunnel-Client-Endpoint", "")),
    ],
)
def test_tags(attributes: bytes, expected: Attribute) -> None:
    assert read(request_with(attributes)).attributes == (expected,)


@pytest.mark.parametrize(
    ("attribute", "match"),
    [
        (("User-Name", "x" * 254), "does not fit"),
        (("MS-CHAP-Error", bytes(252)), "does not fit"),
        (("MS-CHAP-Error", bytes(248)), "does not fit"),
        (("User-Password", bytes(129)), "at most 128"),
        (("Tunnel-Type:32", 3), "tag of Tunnel-Type:32"),
        (("Tunnel-Type:x", 3), "tag of Tunnel-Type:x"),
        (("Tunnel-Type:1", 1 << 24), "three octets"),
        (("Nonsense", 1), "no dictionary"),
    ],
)
def test_what_cannot_be_written(attribute: Attribute, match: str) -> None:
    with pytest.raises(Unencodable, match=match):
        packet.encode_request(Message(Code.ACCESS_REQUEST, [attribute]), 1, SECRET, entropy)


def test_a_packet_has_at_most_4096_octets() -> None:
    many = Message(Code.ACCESS_REQUEST, [("Class", bytes(253))] * 16)
    with pytest.raises(Unencodable, match="4118 octets of 4096"):
        packet.encode_request(many, 1, SECRET, entropy)


# BlastRADIUS, CVE-2024-3596: a reply needs more than the Response Authenticator


def stripped(reply: Packet) -> Packet:
    return sealed(reply.octets[:20] + reply.octets[38:])


def foreign(reply: Packet) -> Packet:
    signature = PACKETS["access-reject-648"].octets[20:38]
    return sealed(reply.octets[:20] + signature + reply.octets[38:])


def forged_code(reply: Packet) -> Packet:
    return sealed(bytes((Code.ACCESS_CHALLENGE,)) + reply.octets[1:])


def twice(reply: Packet) -> Packet:
    return sealed(reply.octets + reply.octets[20:38])


def short(reply: Packet) -> Packet:
    return sealed(reply.octets[:20] + b"\x50\x11" + reply.octets[22:37] + reply.octets[38:])


@pytest.mark.parametrize("forge", [stripped, foreign, forged_code, twice, short])
def test_a_reply_with_a_right_response_authenticator_alone_is_refused(
    forge: Callable[[Packet], Packet],
) -> None:
    with pytest.raises(Unverified, match="Message-Authenticator"):
        packet.verify_reply(forge(PACKETS["access-accept"]), REQUEST, SECRET)


@pytest.mark.parametrize(("attribute", "taken"), [(b"\x4f\x06\3\7\0\4", False), (b"", True)])
def test_eap_is_signed_even_where_nothing_else_need_be(attribute: bytes, taken: bool) -> None:
    body = attribute + b"\x19\3x"
    length = (20 + len(body)).to_bytes(2, "big")
    reply = sealed(bytes((2, REQUEST.identifier)) + length + bytes(16) + body)
    if taken:
        packet.verify_reply(reply, REQUEST, SECRET, signature_required=False)
    else:
        with pytest.raises(Unverified, match="no Message-Authenticator"):
            packet.verify_reply(reply, REQUEST, SECRET, signature_required=False)


def test_a_reply_to_another_request_is_refused() -> None:
    other = replace(REQUEST, authenticator=bytes(16))
    with pytest.raises(Unverified, match="Response Authenticator"):
        packet.verify_reply(PACKETS["access-accept"], other, SECRET)


def test_verification_comes_before_the_attributes_are_looked_at() -> None:
    nonsense = Packet.read(b"\2\x51\0\x16" + bytes(16) + b"\1\0")
    with pytest.raises(Unverified, match="Response Authenticator"):
        packet.verify_reply(nonsense, REQUEST, SECRET)


def test_an_access_request_without_message_authenticator_is_refused() -> None:
    bare = b"\1\7\0\x19" + bytes(16) + b"\1\5bob"
    with pytest.raises(Unverified, match="no Message-Authenticator"):
        packet.verify_request(Packet.read(bare), SECRET)


@pytest.mark.parametrize("vector", [bytes(16), b"request vector 1"])
def test_a_signed_accounting_response_is_checked_under_either_vector(vector: bytes) -> None:
    request = replace(PACKETS["accounting-start"], authenticator=b"request vector 1")
    head = struct.pack("!BBH", 5, request.identifier, 38)
    body = b"\x50\x12" + bytes(16)
    signature = hmac.digest(SECRET, head + vector + body, "md5")
    packet.verify_reply(sealed(head + bytes(16) + body[:2] + signature, request), request, SECRET)
    with pytest.raises(Unverified, match="Message-Authenticator"):
        packet.verify_reply(sealed(head + bytes(16) + body, request), request, SECRET)


def test_an_unsigned_accounting_response_is_taken() -> None:
    request = PACKETS["accounting-start"]
    written = packet.encode_reply(Message(Code.ACCOUNTING_RESPONSE), request, SECRET, entropy)
    assert len(written.octets) == 20
    packet.verify_reply(written, request, SECRET)


def test_accounting_of_somebody_else_is_refused() -> None:
    with pytest.raises(Unverified, match="Request Authenticator"):
        packet.verify_request(PACKETS["accounting-start"], b"other")


def test_a_code_that_nobody_serves() -> None:
    status = Packet.read(b"\x0d\7\0\x14" + bytes(16))
    with pytest.raises(Malformed, match="code 13"):
        packet.decode(status, SECRET, bytes(16))


def secrets_in(rows: Iterable[object]) -> str:
    return "".join(map(repr, rows))


def test_no_octets_are_shown() -> None:
    written = packet.encode_request(
        Message(Code.ACCESS_REQUEST, [("User-Name", "bob")]), 1, SECRET, entropy
    )
    assert "bob" not in secrets_in([written, *written.fields()])
    assert standard().numbered(0, 1).name == "User-Name"
