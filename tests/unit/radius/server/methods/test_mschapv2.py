from pathlib import Path

import pytest

from radius import mschap as arithmetic
from radius.message import Code, Message
from radius.server.methods import mschapv2
from radius.server.methods.method import WRONG_PASSWORD, Asked, Refusal
from radius.server.users.store import User

VECTORS = Path(__file__).parents[4] / "vectors" / "radius_mschapv2.txt"
RFC2759 = dict(
    line.split(" ", 1) for line in VECTORS.read_text().splitlines() if not line.startswith("#")
)
CHALLENGE = bytes.fromhex(RFC2759["AuthenticatorChallenge"])
PEER = bytes.fromhex(RFC2759["PeerChallenge"])
RESPONSE = bytes.fromhex(RFC2759["NtResponse"])
USER = User("User", arithmetic.nt_hash(RFC2759["Password"]))


def asked(
    response: bytes = RESPONSE, peer: bytes = PEER, name: bytes = b"User", head: bytes = b"\x07\0"
) -> Asked:
    value = head + peer + bytes(8) + response
    attributes = [("MS-CHAP-Challenge", CHALLENGE), ("MS-CHAP2-Response", value)]
    return Asked(Message(Code.ACCESS_REQUEST, attributes), bytes(16), name)


@pytest.mark.parametrize("name", [b"User", b"CORP\\User"])
def test_the_vector_of_rfc_2759(name: bytes) -> None:
    proof = mschapv2.check(asked(name=name), USER)
    assert proof.proved
    success = b"\x07" + RFC2759["AuthenticatorResponse"].encode()
    assert proof.attributes == (("MS-CHAP2-Success", success),)


def test_another_name_peer_challenge_or_response() -> None:
    assert mschapv2.check(asked(name=b"user"), USER) == WRONG_PASSWORD
    assert mschapv2.check(asked(peer=bytes(16)), USER) == WRONG_PASSWORD
    assert mschapv2.check(asked(response=bytes(24)), USER) == WRONG_PASSWORD


def test_our_own_challenge_sent_back() -> None:
    right = arithmetic.nt_response(CHALLENGE, CHALLENGE, b"User", USER.nt_hash)
    proof = mschapv2.check(asked(right, peer=CHALLENGE), USER)
    assert not proof.proved
    assert "sent back" in proof.why


@pytest.mark.parametrize("head", [b"", b"\x07", b"\x07\0\0"])
def test_wrong_lengths(head: bytes) -> None:
    proof = mschapv2.check(asked(head=head), USER)
    assert not proof.proved
    assert proof.why == "MS-CHAP2-Response is missing or has the wrong length"


def test_the_error() -> None:
    ((name, value),) = mschapv2.refuse(asked(), Refusal(647, "No entry"), lambda n: b"\xab" * n)
    assert name == "MS-CHAP-Error"
    assert value == b"\x07E=647 R=0 C=" + b"AB" * 16 + b" V=3 M=No entry"


def test_the_error_offers_another_try_where_one_is_worth_it() -> None:
    ((_, value),) = mschapv2.refuse(asked(), Refusal(691, "No", retry=True), bytes)
    assert value == b"\x07E=691 R=1 C=" + b"00" * 16 + b" V=3 M=No"
