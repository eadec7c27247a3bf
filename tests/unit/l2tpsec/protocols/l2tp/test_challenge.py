from hashlib import md5

from l2tpsec.protocols.l2tp import challenge


def test_the_response_is_that_of_chap_with_the_message_type_as_identifier() -> None:
    expected = md5(b"\x02" + b"secret" + b"challenge").digest()
    assert challenge.response(2, b"secret", b"challenge") == expected
    assert challenge.verify(2, b"secret", b"challenge", expected)


def test_anything_else_is_wrong() -> None:
    good = challenge.response(3, b"secret", b"challenge")
    assert not challenge.verify(2, b"secret", b"challenge", good)
    assert not challenge.verify(3, b"Secret", b"challenge", good)
    assert not challenge.verify(3, b"secret", b"challeng", good)
    assert not challenge.verify(3, b"secret", b"challenge", None)
    assert not challenge.verify(3, b"secret", b"challenge", b"")
