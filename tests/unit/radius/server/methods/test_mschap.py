import pytest

from radius import mschap as arithmetic
from radius.message import Code, Message
from radius.server.methods import mschap
from radius.server.methods.method import WRONG_PASSWORD, Asked, Refusal
from radius.server.users.store import User

# RFC 2433 appendix B.2
CHALLENGE = bytes.fromhex("102DB5DF085D3041")
RESPONSE = bytes.fromhex("4E9D3C8F9CFD385D5BF4D3246791956CA4C351AB409A3D61")
BOB = User("bob", arithmetic.nt_hash("MyPw"))


def asked(response: bytes, challenge: bytes = CHALLENGE) -> Asked:
    attributes = [("MS-CHAP-Challenge", challenge), ("MS-CHAP-Response", response)]
    return Asked(Message(Code.ACCESS_REQUEST, attributes), bytes(16), b"bob")


def test_the_vector_of_rfc_2433() -> None:
    assert mschap.check(asked(b"\5\1" + bytes(24) + RESPONSE), BOB).proved


@pytest.mark.parametrize("index", [0, 23])
def test_a_wrong_octet(index: int) -> None:
    wrong = bytearray(RESPONSE)
    wrong[index] ^= 1
    assert mschap.check(asked(b"\5\1" + bytes(24) + wrong), BOB) == WRONG_PASSWORD


def test_a_lan_manager_response_is_not_looked_at() -> None:
    proof = mschap.check(asked(b"\5\0" + RESPONSE + RESPONSE), BOB)
    assert not proof.proved
    assert proof.why == "the client offers only a LAN Manager response"


@pytest.mark.parametrize(("response", "challenge"), [(49, 8), (51, 8), (0, 8), (50, 16), (50, 0)])
def test_wrong_lengths(response: int, challenge: int) -> None:
    proof = mschap.check(asked(bytes(response), bytes(challenge)), BOB)
    assert not proof.proved
    assert proof.why.endswith("is missing or has the wrong length")


def test_the_error() -> None:
    ((name, value),) = mschap.refuse(asked(b"\5"), Refusal(691, "no"), lambda n: b"\xab" * n)
    assert (name, value) == ("MS-CHAP-Error", b"\5E=691 R=0 C=ABABABABABABABAB V=2")
