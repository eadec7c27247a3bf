from radius.message import Code, Message
from radius.server.methods.method import Asked, Refusal, broken, no_attributes


def test_a_broken_attribute_is_named() -> None:
    proof = broken("CHAP-Password")
    assert not proof.proved
    assert proof.why.startswith("CHAP-Password ")


def test_a_plain_refusal_says_nothing() -> None:
    asked = Asked(Message(Code.ACCESS_REQUEST), b"geheim", b"bob")
    assert no_attributes(asked, Refusal(691, "no"), bytes) == ()
    assert "geheim" not in repr(asked)
