from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.aaa.reply_message import LONGEST_OCTETS, plain, with_words, words
from radius.message import Attribute, Code, Message


def reply(*texts: str) -> Message:
    rows: list[Attribute] = [("Reply-Message", text) for text in texts]
    return Message(Code.ACCESS_ACCEPT, rows)


def test_several_are_one_line() -> None:
    assert words(reply("Hello,", "Zo\u00eb!")) == "Hello, Zo\u00eb!".encode()
    assert words(reply()) == b""


def test_nothing_in_it_moves_a_cursor_or_opens_a_line() -> None:
    assert words(reply("a\r\nb\x1b[2Jc\x00\u202e d")) == b"a b [2Jc d"


@given(st.text(max_size=400))
def test_it_fits_and_is_text(text: str) -> None:
    said = plain(text)
    assert len(said) <= LONGEST_OCTETS
    assert said.decode().isprintable()


def test_mschapv2_carries_it_behind_its_own_fields() -> None:
    success = b"S=" + b"0" * 40
    assert with_words(success, reply("Welcome")) == success + b" M=Welcome"
    assert with_words(success, reply()) == success
    refused = b"E=691 R=1 C=00 V=3"
    assert with_words(refused, reply("No")) == refused + b" M=No"
    assert with_words(refused + b" M=Not\ntoday", reply("No")) == refused + b" M=Not today"
    assert with_words(refused + b" M=", reply("No")) == refused
