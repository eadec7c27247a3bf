import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2tp import L2TP

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.l2tp import header
from l2tpsec.protocols.l2tp.header import ControlHeader

numbers = st.integers(0, 0xFFFF)
headers = st.builds(ControlHeader, numbers, numbers, numbers, numbers)


@given(headers, st.binary(max_size=60))
def test_control_messages_survive_the_wire(head: ControlHeader, body: bytes) -> None:
    data = header.encode_control(head, body)
    assert header.is_control(data)
    assert header.decode_control(data) == (head, body)
    assert header.decode_control(data + b"padding") == (head, body)


@given(headers)
def test_scapy_reads_the_same_numbers(head: ControlHeader) -> None:
    packet = L2TP(header.encode_control(head))
    assert (packet.tunnel_id, packet.session_id) == (head.tunnel, head.session)
    assert (packet.ns, packet.nr, packet.len) == (head.ns, head.nr, 12)


def test_control_messages_carry_no_other_bit_than_t_l_s() -> None:
    data = header.encode_control(ControlHeader(1, 2, 3, 4), b"xy")
    assert data.hex() == "c802000e00010002000300047879"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c8",
        "c802000c0001000200030",  # cut below
        "c802000b000100020003000400",  # Length shorter than the header
        "c802000d0001000200030004",  # Length past the end
        "c803000c0001000200030004",  # L2TPv3
        "8802000c0001000200030004",  # no Length
        "c002000c0001000200030004",  # no sequence
        "ca02000c0001000200030004",  # Offset
        "c902000c0001000200030004",  # Priority
        "4802000c0001000200030004",  # data
    ],
)
def test_bad_control_headers_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        header.decode_control(bytes.fromhex(text[: len(text) // 2 * 2]))


def test_a_control_message_has_room_for_a_few_avps() -> None:
    longest = bytes(header.MOST_CONTROL_OCTETS - 12)
    head = ControlHeader(1, 0, 0, 0)
    assert header.decode_control(header.encode_control(head, longest)) == (head, longest)
    with pytest.raises(Malformed, match="length 4097"):
        header.decode_control(header.encode_control(head, longest + b"x"))


@pytest.mark.parametrize(
    "text",
    [
        "0002 0007 0009 ff03",
        "4002 000a 0007 0009 ff03",
        "4002 000a 0007 0009 ff03 0000",  # padding
        "0802 0007 0009 0001 0000 ff03",
        "0202 0007 0009 0003 aabbcc ff03",
        "4b02 0013 0007 0009 0001 0000 0003 aabbcc ff03",
    ],
)
def test_data_messages_of_every_form_are_read(text: str) -> None:
    assert header.decode_data(bytes.fromhex(text)) == (7, 9, b"\xff\x03")


@pytest.mark.parametrize(
    "text",
    ["", "00", "0002 0007", "4002 0009 0007", "4002 0004 0007 0009", "0202 0007 0009 ffff",
     "0003 0007 0009 ff03", "c802 000c 0001 0002 0003 0004"],
)  # fmt: skip
def test_bad_data_headers_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        header.decode_data(bytes.fromhex(text))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    for decode in (header.decode_control, header.decode_data):
        try:
            decode(data)
        except Malformed:
            continue


@given(numbers, numbers, st.binary())
def test_what_we_prefix_is_what_we_read(tunnel: int, session: int, frame: bytes) -> None:
    prefix = header.data_prefix(tunnel, session)
    assert prefix[:2] == b"\x00\x02"
    assert header.decode_data(prefix + frame) == (tunnel, session, frame)


def test_nothing_is_not_control() -> None:
    assert not header.is_control(b"")
    assert not header.is_control(b"\x00\x02")


@given(st.booleans(), st.booleans(), st.binary(max_size=9), st.binary(max_size=9))
def test_behind_the_options_is_the_frame(
    numbered: bool, shifted: bool, gap: bytes, frame: bytes
) -> None:
    flags = header.SEQUENCE * numbered | header.OFFSET * shifted | header.VERSION
    options = bytes(4) * numbered + (len(gap).to_bytes(2) + gap) * shifted
    message = flags.to_bytes(2) + bytes(4) + options + frame
    assert bool(message[0] & header.OPTIONAL) == (numbered or shifted)
    assert header.after_options(message, message[0], 6) == len(message) - len(frame)
    assert header.decode_data(message) == (0, 0, frame)
