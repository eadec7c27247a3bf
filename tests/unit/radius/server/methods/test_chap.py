import hashlib

import pytest

from radius.message import Attribute, Code, Message
from radius.server.methods import chap
from radius.server.methods.method import WRONG_PASSWORD, Asked
from radius.server.users.store import User

BOB = User("bob", bytes(16), password="geheim")
AUTHENTICATOR = b"request vector 1"


def asked(challenge: bytes, *more: Attribute) -> Asked:
    response = b"\x2a" + hashlib.md5(b"\x2ageheim" + challenge).digest()
    message = Message(Code.ACCESS_REQUEST, [("CHAP-Password", response), *more])
    return Asked(message, AUTHENTICATOR, b"bob")


@pytest.mark.parametrize("length", [1, 16, 100])
def test_a_challenge_of_any_length(length: int) -> None:
    challenge = bytes(range(length))
    assert chap.check(asked(challenge, ("CHAP-Challenge", challenge)), BOB).proved
    assert chap.check(asked(b"other", ("CHAP-Challenge", challenge)), BOB) == WRONG_PASSWORD


def test_the_request_authenticator_is_the_challenge_when_there_is_no_other() -> None:
    assert chap.check(asked(AUTHENTICATOR), BOB).proved


@pytest.mark.parametrize("length", [0, 1, 16, 18])
def test_a_response_of_the_wrong_length(length: int) -> None:
    message = Message(Code.ACCESS_REQUEST, [("CHAP-Password", bytes(length))])
    proof = chap.check(Asked(message, AUTHENTICATOR, b"bob"), BOB)
    assert not proof.proved
    assert proof.why == "CHAP-Password is missing or has the wrong length"


def test_only_the_hash_is_stored() -> None:
    proof = chap.check(asked(AUTHENTICATOR), User("bob", bytes(16)))
    assert not proof.proved
    assert "let the client use MS-CHAPv2, or store it with" in proof.why
