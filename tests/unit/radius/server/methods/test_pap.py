from radius import mschap
from radius.message import Code, Message
from radius.server.methods import pap
from radius.server.methods.method import WRONG_PASSWORD, Asked
from radius.server.users.store import User


def asked(password: bytes) -> Asked:
    message = Message(Code.ACCESS_REQUEST, [("User-Password", password)])
    return Asked(message, bytes(16), b"bob")


def test_the_password_is_compared_by_its_hash() -> None:
    bob = User("bob", mschap.nt_hash("geheim"))
    assert pap.check(asked(b"geheim"), bob).proved
    assert pap.check(asked(b"Geheim"), bob) == WRONG_PASSWORD
    assert pap.check(asked(b""), bob) == WRONG_PASSWORD


def test_octets_outside_utf_8_are_latin_1() -> None:
    bob = User("bob", mschap.nt_hash("\u00fcber"))
    assert pap.check(asked(b"\xfcber"), bob).proved
    assert pap.check(asked(b"\xc3\xbcber"), bob).proved
