import random

import pytest

from radius import mschap as arithmetic
from radius.message import Attribute, Code, Message
from radius.server.methods import password_change
from radius.server.methods.method import Asked, Refusal
from radius.server.users.store import User
from tests.peers import rfc2759

CHALLENGE = bytes(range(16))
OLD, NEW = "clientPass", "n\u00e4chstes Jahr"
USER = User("User", arithmetic.nt_hash(OLD))
PACKET = rfc2759.change_password((NEW, OLD), b"User", CHALLENGE, random.Random(1).randbytes)


def attributes(packet: bytes = PACKET, sizes: tuple[int, ...] = (243, 243, 30)) -> list[Attribute]:
    found: list[Attribute] = [("MS-CHAP-Challenge", CHALLENGE)]
    found.append(("MS-CHAP2-CPW", b"\x07\x09" + packet[516:]))
    block = packet[:516]
    for number, size in enumerate(sizes, 1):
        found.append(("MS-CHAP-NT-Enc-PW", bytes((6, 9, 0, number)) + block[:size]))
        block = block[size:]
    return found


def asked(found: list[Attribute], name: bytes = b"User") -> Asked:
    return Asked(Message(Code.ACCESS_REQUEST, found), bytes(16), name)


@pytest.mark.parametrize("sizes", [(243, 243, 30), (172, 172, 172)])
@pytest.mark.parametrize("name", [b"User", b"CORP\\User"])
def test_the_new_password_is_read_and_the_server_proves_that_it_has_it(
    sizes: tuple[int, ...], name: bytes
) -> None:
    proof = password_change.check(asked(attributes(sizes=sizes), name), USER)
    assert (proof.proved, proof.new_password) == (True, NEW)
    success = arithmetic.authenticator_response(
        PACKET[556:580], CHALLENGE, PACKET[532:548], b"User", arithmetic.nt_hash(NEW)
    )
    assert proof.attributes == (("MS-CHAP2-Success", b"\x09" + success),)
    assert NEW not in repr(proof)


def test_the_parts_may_come_in_any_order() -> None:
    found = attributes()
    proof = password_change.check(asked([*found[:2], *reversed(found[2:])]), USER)
    assert proof.new_password == NEW


@pytest.mark.parametrize("place", [0, 300, 515, 516, 531, 532, 556, 579])
def test_one_octet_changed_on_the_way(place: int) -> None:
    changed = bytearray(PACKET)
    changed[place] ^= 0x80
    proof = password_change.check(asked(attributes(bytes(changed))), USER)
    # the random octets in front of a short password are nobody's proof
    assert proof.proved == (place in (0, 300))


def test_an_old_password_that_is_wrong_and_another_users_name() -> None:
    for user, name in ((User("User", arithmetic.nt_hash("x")), b"User"), (USER, b"Eve")):
        proof = password_change.check(asked(attributes(), name), user)
        assert (proof.proved, proof.new_password) == (False, None)
        assert proof.why == "wrong old password in a change of password"


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (attributes()[1:], "MS-CHAP-Challenge"),
        ([*attributes()[:1], *attributes()[2:]], "MS-CHAP2-CPW"),
        ([attributes()[0], ("MS-CHAP2-CPW", b"\x06" + bytes(67)), *attributes()[2:]], "2-CPW"),
        ([attributes()[0], ("MS-CHAP2-CPW", b"\x07" + bytes(68)), *attributes()[2:]], "2-CPW"),
        (attributes()[:-1], "MS-CHAP-NT-Enc-PW"),
        ([*attributes()[:-1], ("MS-CHAP-NT-Enc-PW", b"\x06")], "MS-CHAP-NT-Enc-PW"),
        ([*attributes()[:-1], ("MS-CHAP-NT-Enc-PW", "text")], "MS-CHAP-NT-Enc-PW"),
        (attributes(sizes=(243, 243, 29)), "MS-CHAP-NT-Enc-PW"),
    ],
)
def test_what_is_missing_is_named(found: list[Attribute], what: str) -> None:
    proof = password_change.check(asked(found), USER)
    assert not proof.proved
    assert what in proof.why


def test_the_error_never_offers_a_retry() -> None:
    for found, identifier in ((attributes(), b"\x09"), ([], b"\0")):
        refusal = Refusal(691, "No entry", retry=True)
        ((_, value),) = password_change.refuse(asked(found), refusal, lambda n: b"\xab" * n)
        assert value == identifier + b"E=691 R=0 C=" + b"AB" * 16 + b" V=3 M=No entry"
