import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.ppp.farewell import explain


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "the client ended the call"),
        (b"User request", 'the client ended the call ("User request")'),
        (
            bytes.fromhex("0a0b0c0d003ccd74000002b3"),
            "the client ended the call (RAS error 691: user name or password refused)",
        ),
        (bytes.fromhex("003ccd7400000270"), "the client ended the call (RAS error 624)"),
        (bytes.fromhex("0a0b0c0d003ccd7400000000"), "the client ended the call"),
        (bytes.fromhex("003ccd740000"), 'the client ended the call ("003ccd74")'),
        (b"\x1b[2J\n", 'the client ended the call ("1b5b324a0a")'),
    ],
)
def test_the_reason_is_put_in_words(data: bytes, text: str) -> None:
    assert explain(data) == text


@given(st.binary(max_size=1500))
def test_any_data_gives_one_short_printable_line(data: bytes) -> None:
    text = explain(data)
    assert text.isprintable()
    assert len(text) < 200
