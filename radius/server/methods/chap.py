"""CHAP with MD5 (RFC 1994 through RFC 2865 section 5.3)."""

import hashlib
import hmac

from radius.server.methods.method import (
    WRONG_PASSWORD,
    Asked,
    Method,
    Proof,
    broken,
    no_attributes,
)
from radius.server.users.store import User


def check(asked: Asked, user: User) -> Proof:
    """Compare the MD5 of identifier, password and challenge."""
    response = asked.message.octets("CHAP-Password") or b""
    if len(response) != 17:
        return broken("CHAP-Password")
    if user.password is None:
        return Proof(proved=False, why=_HASH_ONLY.format(user.name))
    # a challenge of 16 octets may be the Request Authenticator itself
    challenge = asked.message.octets("CHAP-Challenge") or asked.authenticator
    expected = hashlib.md5(response[:1] + user.password.encode() + challenge).digest()
    if not hmac.compare_digest(expected, response[1:]):
        return WRONG_PASSWORD
    return Proof(proved=True)


_HASH_ONLY = (
    "CHAP needs the password itself and only its hash is stored: let the client use MS-CHAPv2, or "
    "store it with `python -m radius user passwd --chap {0}`"
)

METHOD = Method("CHAP", "CHAP-Password", check, no_attributes, needs_password=True)
