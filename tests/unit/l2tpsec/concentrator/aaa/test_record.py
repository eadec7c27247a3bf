import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.aaa import record as lines
from l2tpsec.concentrator.aaa.accounting import Status
from l2tpsec.concentrator.aaa.record import Record, Settled, sealed, told
from l2tpsec.foundation.wire import Malformed
from radius.message import Attribute, Code

START: list[Attribute] = [("Acct-Status-Type", 1), ("Acct-Session-Id", "abcd0001")]
values = st.one_of(st.text(st.characters(codec=None)), st.integers(0, 2**32 - 1), st.binary())


@given(st.integers(1), st.integers(0), st.lists(st.tuples(st.just("Class"), values)))
def test_a_record_comes_back_as_it_was(number: int, at: int, more: list[Attribute]) -> None:
    row, line = Record.of(number, at, [*START, *more])
    assert row.line == line
    assert b"\n" not in row.line[:-1]
    again = lines.read(row.line[:-1])
    assert again == row
    assert isinstance(again, Record)
    assert again.line == row.line
    message = told(again.attributes(), 7)
    assert message.code is Code.ACCOUNTING_REQUEST
    assert list(message.attributes) == [*START, *more, ("Acct-Delay-Time", 7)]
    assert (row.session, row.status) == ("abcd0001", Status.START)


def test_settled_comes_back() -> None:
    assert lines.read(Settled(5).line[:-1]) == Settled(5)


@given(st.data())
def test_a_torn_line_is_no_record(data: st.DataObject) -> None:
    line = Record.of(1, 2, START)[1][:-1]
    cut = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(Malformed):
        lines.read(line[:cut])


@given(st.binary())
def test_anything_else_is_malformed(line: bytes) -> None:
    with pytest.raises(Malformed):
        lines.read(line)


ENTRIES: list[dict[str, object]] = [
    {"n": 1, "at": 1},
    {"n": 1, "at": 1, "a": []},
    {"n": 1, "at": 1, "a": 5},
    {"n": "x", "at": 1, "a": START},
    {"n": 1, "at": 1, "a": [("Acct-Status-Type", 99), ("Acct-Session-Id", "x")]},
    {"n": 1, "at": 1, "a": [("Acct-Status-Type", [5]), ("Acct-Session-Id", "x")]},
    {"done": "one"},
]


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_a_sealed_line_that_is_no_record_is_malformed(entry: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="no accounting record"):
        lines.read(sealed(entry)[:-1])


@pytest.mark.parametrize("body", [b"[]", b"{", b"[" * 10_000], ids=["list", "half", "deep"])
def test_a_sealed_line_that_is_no_entry_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        lines.read(b"%08x %s" % (zlib.crc32(body), body))


def test_a_record_in_memory_is_small_and_says_all() -> None:
    row, _ = Record.of(1, 2, START)
    assert len(row.packed) < len(row.line) / 2
    strange = [*START, ("Class", bytes(range(256))), ("User-Name", "ä" * 4000)]
    assert Record.of(1, 2, strange)[0].attributes() == tuple(strange)
