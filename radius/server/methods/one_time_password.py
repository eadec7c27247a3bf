"""A password with the code of the moment behind it, proved by any method.

A method that hashes what is typed leaves nothing to take apart, so what should have been typed at
each allowed time step is tried in turn.
"""

from dataclasses import replace

from radius import mschap
from radius.server import one_time
from radius.server.methods.method import Asked, Method, Proof
from radius.server.users.store import User

CODE_USED = "the one-time code has been used before"


def check(asked: Asked, user: User, method: Method, secret: bytes | None, wall: float) -> Proof:
    """Return the proof with the time step of its code; a used step proves nothing."""
    if secret is None or user.password is None:
        return Proof(proved=False, why=_INCOMPLETE.format(user.name))
    for step, typed in one_time.candidates(secret, user.password, wall):
        proof = method.check(asked, replace(user, password=typed, nt_hash=mschap.nt_hash(typed)))
        if proof.proved and step <= user.last_step:
            return Proof(proved=False, why=CODE_USED)
        if proof.proved:
            return replace(proof, step=step)
    return _WRONG


_WRONG = Proof(proved=False, why="wrong password or one-time code; the code follows the password")
_INCOMPLETE = (
    "one-time passwords need the password itself and only its hash is stored: "
    "`python -m radius user passwd --chap {0}`"
)
