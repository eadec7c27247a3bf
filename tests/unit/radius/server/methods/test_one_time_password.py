from dataclasses import replace

import pytest

from radius import mschap
from radius.message import Code, Message
from radius.server.methods import one_time_password, pap
from radius.server.methods.method import Asked, Proof
from radius.server.users.store import User

SECRET = b"12345678901234567890"
BOB = User("bob", mschap.nt_hash("pw"), password="pw", one_time=True)
WALL = 59.0  # step 1, whose code is 287082; those of 0, 2, 3 are 755224, 359152, 969429


def check(typed: str, user: User = BOB, secret: bytes | None = SECRET) -> Proof:
    message = Message(Code.ACCESS_REQUEST, [("User-Password", typed.encode())])
    asked = Asked(message, bytes(16), b"bob")
    return one_time_password.check(asked, user, pap.METHOD, secret, WALL)


@pytest.mark.parametrize(("digits", "step"), [("287082", 1), ("755224", 0), ("359152", 2)])
def test_the_codes_of_now_and_around(digits: str, step: int) -> None:
    assert check(f"pw{digits}") == Proof(proved=True, step=step)


@pytest.mark.parametrize("typed", ["pw", "287082", "pw969429", "pw287083", "xx287082", "287082pw"])
def test_what_proves_nothing(typed: str) -> None:
    proof = check(typed)
    assert not proof.proved
    assert "the code follows the password" in proof.why


def test_a_used_step_proves_nothing() -> None:
    assert check("pw287082", replace(BOB, last_step=0)).proved
    used = check("pw287082", replace(BOB, last_step=1))
    assert used == Proof(proved=False, why="the one-time code has been used before")


def test_what_is_missing_is_told() -> None:
    for proof in (check("pw287082", secret=None), check("pw287082", replace(BOB, password=None))):
        assert not proof.proved
        assert "user passwd --chap bob" in proof.why
