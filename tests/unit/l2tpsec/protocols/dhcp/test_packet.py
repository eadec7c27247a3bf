from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.packet import Message, Options

addresses = st.integers(0, 0xFFFFFFFF).map(IPv4Address)
# PAD and END are no options, 52 moves others, 250 continues others.
codes = st.sampled_from([code for code in range(1, 255) if code not in {52, 250}])
messages = st.builds(
    Message,
    op=st.sampled_from([packet.REQUEST, packet.REPLY]),
    xid=st.integers(0, 0xFFFFFFFF),
    options=st.dictionaries(codes, st.binary(max_size=600), max_size=6),
    hardware_type=st.integers(0, 255),
    hardware=st.binary(max_size=16),
    hops=st.integers(0, 255),
    secs=st.integers(0, 0xFFFF),
    flags=st.integers(0, 0xFFFF),
    ciaddr=addresses,
    yiaddr=addresses,
    siaddr=addresses,
    giaddr=addresses,
)


def fixed(options: bytes, sname: bytes = b"", file: bytes = b"", op: int = 1) -> bytes:
    head = bytes([op, 1, 6, 0]) + bytes(24) + bytes(16) + sname.ljust(64, b"\0")
    return head + file.ljust(128, b"\0") + packet.COOKIE + options


@given(messages)
def test_round_trip(message: Message) -> None:
    data = packet.encode(message)
    assert len(data) >= packet.MINIMUM_OCTETS
    assert packet.decode(data) == message


@given(st.binary(max_size=400))
def test_any_octets(data: bytes) -> None:
    for octets in (data, fixed(data)):
        try:
            packet.decode(octets)
        except Malformed:
            continue


@given(st.lists(st.tuples(st.sampled_from([0, 6, 52, 53, 82, 250]), st.binary(max_size=3))))
def test_any_options(options: list[tuple[int, bytes]]) -> None:
    """Overload (52) and continuations (250) among others, with too few octets or none."""
    octets = b"".join(bytes((code, len(value))) + value for code, value in options)
    try:
        packet.decode(fixed(octets, sname=octets[:64], file=octets[:128]))
    except Malformed:
        return


@given(messages, st.data())
def test_any_damage(message: Message, data: st.DataObject) -> None:
    octets = bytearray(packet.encode(message))
    for at in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=8)):
        octets[at] = data.draw(st.integers(0, 255))
    del octets[data.draw(st.integers(0, len(octets))) :]
    try:
        packet.decode(bytes(octets))
    except Malformed:
        return


def test_scapy_reads_what_we_write() -> None:
    message = Message(
        op=packet.REQUEST,
        xid=0x01020304,
        options={Code.TYPE: bytes([Type.DISCOVER]), Code.HOST_NAME: b"alice"},
        hardware=b"\x02abcde",
        hops=1,
        secs=7,
        giaddr=IPv4Address("10.99.0.1"),
    )
    seen = BOOTP(packet.encode(message))
    assert (seen.op, seen.xid, seen.hops, seen.secs) == (1, 0x01020304, 1, 7)
    assert (seen.giaddr, seen.htype, seen.hlen) == ("10.99.0.1", 1, 6)
    assert seen.chaddr == b"\x02abcde" + bytes(10)
    assert seen[DHCP].options[:3] == [("message-type", 1), ("hostname", b"alice"), "end"]


def test_we_read_what_scapy_writes() -> None:
    head = BOOTP(op=2, xid=5, yiaddr="10.99.0.7", giaddr="10.99.0.1", chaddr=b"\x02abcde")
    options = [("message-type", "ack"), ("lease_time", 3600), ("server_id", "10.0.0.1"), "end"]
    message = packet.decode(bytes(head / DHCP(options=options)))
    assert (message.op, message.type, message.yiaddr) == (2, Type.ACK, IPv4Address("10.99.0.7"))
    assert message.number(Code.LEASE_SECONDS) == 3600
    assert message.address(Code.SERVER_ID) == IPv4Address("10.0.0.1")
    assert message.address(Code.ROUTERS) is None


@pytest.mark.parametrize("hardware_type", [0, 8, 16, 27, 255])
def test_every_hardware_type(hardware_type: int) -> None:
    message = Message(packet.REQUEST, 1, {}, hardware_type, b"RAS \x00\x00")
    assert packet.decode(packet.encode(message)) == message


def test_a_message_that_ends_in_ff_still_has_its_end() -> None:
    message = Message(packet.REPLY, 1, {Code.SUBNET_MASK: b"\xff\xff\xff\xff"})
    assert packet.encode(message, 0).endswith(b"\x01\x04\xff\xff\xff\xff\xff")


def test_long_options_go_on_under_their_own_code_and_microsofts_under_250() -> None:
    value = bytes(range(200)) * 2
    message = Message(packet.REPLY, 1, {Code.CLASSLESS_ROUTES: value, Code.MICROSOFT_ROUTES: value})
    octets = packet.encode(message)[240:]
    assert octets[:2] == bytes([121, 255])
    assert octets[257:259] == bytes([121, 145])
    assert octets[404:406] == bytes([249, 255])
    assert octets[661:663] == bytes([250, 145])


def test_250_alone_is_an_option_like_others() -> None:
    assert packet.decode(fixed(b"\x35\x01\x08\xfa\x01x\xff")).options == {53: b"\x08", 250: b"x"}


def test_the_relay_agents_option_is_the_last_one() -> None:
    options: Options = {Code.RELAY_AGENT: b"\x01\x01x", Code.TYPE: b"\x08", Code.DOMAIN: b"d" * 300}
    read = packet.decode(packet.encode(Message(packet.REQUEST, 1, options)))
    assert list(read.options) == [Code.TYPE, Code.DOMAIN, Code.RELAY_AGENT]


@pytest.mark.parametrize(("overload", "found"), [(1, {6}), (2, {15}), (3, {6, 15})])
def test_options_in_file_and_sname(overload: int, found: set[int]) -> None:
    data = fixed(bytes([52, 1, overload, 255]), sname=b"\x0f\x01a\xff", file=b"\x06\x04dnss\xff")
    message = packet.decode(data)
    assert set(message.options) == found
    assert (message.sname == b"", message.file == b"") == (15 in found, 6 in found)
    assert packet.decode(packet.encode(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        fixed(b"")[:239],
        fixed(b"")[:236] + b"BOOT",
        fixed(b"", op=3),
        fixed(b"")[:2] + b"\x11" + fixed(b"")[3:],
        fixed(b"\x35"),
        fixed(b"\x35\x02\x01"),
        fixed(b"\x34\x00\xff"),
        fixed(b"\x34\x01\x04\xff"),
        fixed(b"\x34\x02\x01\x02\xff"),
        fixed(b"\x34\x01\x01\xff", file=b"\x06\xff"),
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        packet.decode(data)


def test_names_of_types() -> None:
    assert packet.type_name(8) == "DHCPINFORM"
    assert packet.type_name(99) == "DHCP message type 99"
    assert packet.decode(fixed(b"\x35\x02\x01\x01\xff")).type == 0
