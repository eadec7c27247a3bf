"""MS-CHAP version 1 (RFC 2433 through RFC 2548 section 2.1)."""

import hmac

from radius import mschap
from radius.message import Attribute
from radius.packet import Entropy
from radius.server.methods.method import WRONG_PASSWORD, Asked, Method, Proof, Refusal, broken
from radius.server.users.store import User

_USE_NT_RESPONSE = 1


def check(asked: Asked, user: User) -> Proof:
    """Compare the NT response; the LAN Manager response is too weak to be looked at."""
    challenge = asked.message.octets("MS-CHAP-Challenge") or b""
    response = asked.message.octets("MS-CHAP-Response") or b""
    if len(challenge) != 8:
        return broken("MS-CHAP-Challenge")
    if len(response) != 50:
        return broken("MS-CHAP-Response")
    if response[1] != _USE_NT_RESPONSE:
        return Proof(proved=False, why="the client offers only a LAN Manager response")
    expected = mschap.challenge_response(challenge, user.nt_hash)
    if not hmac.compare_digest(expected, response[26:]):
        return WRONG_PASSWORD
    return Proof(proved=True)


def refuse(asked: Asked, refusal: Refusal, entropy: Entropy) -> tuple[Attribute, ...]:
    """Return MS-CHAP-Error (RFC 2433 section 6); no retry, so its challenge is never used."""
    identifier = (asked.message.octets("MS-CHAP-Response") or b"\0")[:1]
    text = f"E={refusal.error} R=0 C={entropy(8).hex().upper()} V=2"
    return (("MS-CHAP-Error", identifier + text.encode()),)


METHOD = Method("MS-CHAP", "MS-CHAP-Response", check, refuse)
