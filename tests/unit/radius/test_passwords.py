import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius import passwords
from radius.malformed import Malformed, Unencodable

AUTHENTICATOR = bytes.fromhex("0f403f9473978057bd83d5cb98f4227a")


def test_hiding_of_rfc_2865_section_7_1() -> None:
    hidden = passwords.hide(b"arctangent", b"xyzzy5461", AUTHENTICATOR)
    assert hidden.hex() == "0dbe708d93d413ce3196e43f782a0aee"


@given(st.binary(max_size=128).map(lambda b: b.rstrip(b"\0")), st.binary(min_size=1))
def test_what_is_hidden_is_revealed(password: bytes, secret: bytes) -> None:
    hidden = passwords.hide(password, secret, AUTHENTICATOR)
    assert len(hidden) % 16 == 0
    assert passwords.reveal(hidden, secret, AUTHENTICATOR) == password


@given(st.binary(max_size=239), st.binary(min_size=2, max_size=2))
def test_what_is_salted_is_revealed(plain: bytes, salt: bytes) -> None:
    hidden = passwords.hide_salted(plain, b"s", AUTHENTICATOR, salt)
    assert hidden[0] & 0x80
    assert passwords.reveal_salted(hidden, b"s", AUTHENTICATOR) == plain


@pytest.mark.parametrize("length", [0, 1, 15, 17, 144])
def test_hidden_password_of_impossible_length(length: int) -> None:
    with pytest.raises(Malformed, match="16 to 128"):
        passwords.reveal(bytes(length), b"s", AUTHENTICATOR)


@given(st.binary(max_size=300))
def test_any_octets_are_a_salted_value_or_malformed(octets: bytes) -> None:
    try:
        plain = passwords.reveal_salted(octets, b"s", AUTHENTICATOR)
    except Malformed:
        return
    assert len(plain) < len(octets)


def test_too_long_to_hide() -> None:
    with pytest.raises(Unencodable):
        passwords.hide(bytes(129), b"s", AUTHENTICATOR)
    with pytest.raises(Unencodable):
        passwords.hide_salted(bytes(240), b"s", AUTHENTICATOR, b"\0\0")
