import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.l2tp import avp, messages
from l2tpsec.protocols.l2tp.messages import Fault, MessageType
from tests.peers import lac
from tests.unit.l2tpsec.protocols.l2tp.test_avp import sample
from tests.unit.l2tpsec.protocols.l2tp.test_hiding import hide

ALL = pytest.mark.parametrize("row", messages.ROWS, ids=lambda row: row.name)


def whole(row: MessageType) -> bytes:
    return messages.encode(row, *(avp.encode(each, sample(each)) for each in row.required))


@ALL
def test_a_message_with_what_it_requires_has_no_fault(row: MessageType) -> None:
    message = messages.decode(whole(row))
    assert (message.row, message.fault, message.missing) == (row, None, [])


@ALL
def test_a_message_that_lacks_something_names_it(row: MessageType) -> None:
    message = messages.decode(messages.encode(row))
    assert message.missing == [each.name for each in row.required]
    assert (message.fault is None) == (not row.required)


@ALL
def test_an_unknown_mandatory_avp_is_a_fault_and_an_optional_one_is_not(row: MessageType) -> None:
    for vendor in (0, 9, 311):
        body = whole(row) + lac.avp(999, b"?", vendor=vendor)
        fault = messages.decode(body).fault
        assert fault == Fault(8, f"AVP {vendor}/999: unknown and mandatory")
        body = whole(row) + lac.avp(999, b"?", vendor=vendor, mandatory=False)
        assert messages.decode(body).fault is None


UNTYPED = [
    b"",
    lac.avp(7, b"pc"),
    lac.avp(0, b"x"),
    lac.avp(0, b"\x00\x01", vendor=9),
    b"\x80\x05",
    b"\xc0\x08" + bytes(6),
]


@pytest.mark.parametrize("body", UNTYPED)
def test_without_a_message_type_it_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        messages.decode(body)


def test_an_unknown_message_type_is_a_fault_if_mandatory() -> None:
    assert messages.decode(lac.avp(0, lac.u16(99))).fault == Fault(8, "unknown message type 99")
    message = messages.decode(lac.avp(0, lac.u16(99), mandatory=False))
    assert message.fault is None
    assert message.row.number == 99


def test_the_first_of_two_avps_counts() -> None:
    body = lac.message(lac.STOPCCN, lac.avp(9, lac.u16(1)), lac.avp(9, lac.u16(2)))
    assert messages.decode(body).get(avp.ASSIGNED_TUNNEL_ID) == 1


def test_a_wrong_length_counts_only_where_it_matters() -> None:
    optional = lac.avp(6, b"x", mandatory=False)
    assert messages.decode(whole(messages.SCCRQ) + optional).fault is None
    fault = messages.decode(whole(messages.SCCRQ) + lac.avp(10, b"x")).fault
    assert fault is not None
    assert fault.error == messages.WRONG_LENGTH
    required = lac.message(lac.ICRQ, lac.avp(14, b"x", mandatory=False), lac.avp(15, bytes(4)))
    fault = messages.decode(required).fault
    assert fault is not None
    assert "Assigned Session ID: 2 octets expected, 1 received" in fault.text


# -- hidden AVPs

VECTOR = b"random vector"


def stop(hidden: bytes, *, mandatory: bool = True, vector: bytes = VECTOR) -> bytes:
    flags = (0xC000 if mandatory else 0x4000) | (len(hidden) + 6)
    secret = lac.u16(flags) + lac.u16(0) + lac.u16(9) + hidden
    random = lac.avp(36, vector) if vector else b""
    return lac.message(lac.STOPCCN, random, secret)


def test_hidden_avps_are_read_with_the_secret() -> None:
    body = stop(hide(9, b"secret", VECTOR, lac.u16(4711), b"padding"))
    message = messages.decode(body, b"secret")
    assert message.fault is None
    assert message.get(avp.ASSIGNED_TUNNEL_ID) == 4711


@pytest.mark.parametrize(("secret", "vector"), [(None, VECTOR), (b"secret", b""), (b"?", VECTOR)])
def test_hidden_avps_that_cannot_be_read(secret: bytes | None, vector: bytes) -> None:
    hidden = hide(9, b"secret", VECTOR, lac.u16(4711), b"")
    message = messages.decode(stop(hidden, vector=vector), secret)
    assert message.fault is not None
    assert message.fault.error == messages.UNKNOWN_MANDATORY
    assert message.get(avp.ASSIGNED_TUNNEL_ID) is None
    assert messages.decode(stop(hidden, vector=vector, mandatory=False), secret).fault is None


@pytest.mark.parametrize("row", avp.ROWS, ids=lambda row: row.name)
def test_only_what_may_be_hidden_is_read_when_hidden(row: messages.AnyAvp) -> None:
    hidden = hide(row.attribute, b"secret", VECTOR, row.codec.encode(sample(row)), b"")
    head = lac.u16(0xC000 | len(hidden) + 6) + lac.u16(row.vendor) + lac.u16(row.attribute)
    message = messages.decode(lac.message(lac.CDN, lac.avp(36, VECTOR)) + head + hidden, b"secret")
    assert (message.fault is None) == row.may_hide


@given(st.integers(0, 1017), st.integers(0, 46), st.booleans())
def test_hidden_avps_of_any_length_are_survived(octets: int, number: int, mandatory: bool) -> None:
    flags = (0xC000 if mandatory else 0x4000) | (octets + 6)
    odd = lac.u16(flags) + lac.u16(0) + lac.u16(number) + bytes(octets)
    body = whole(messages.SCCRQ) + lac.avp(36, VECTOR) + odd
    assert messages.decode(body, b"secret").row is messages.SCCRQ


@given(st.binary(max_size=300))
def test_any_body_is_a_message_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        messages.decode(body, b"secret")
