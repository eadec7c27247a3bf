"""MS-CHAP version 2 (RFC 2759 through RFC 2548 section 2.3)."""

import hmac

from radius import mschap
from radius.message import Attribute
from radius.packet import Entropy
from radius.server.methods.method import WRONG_PASSWORD, Asked, Method, Proof, Refusal, broken
from radius.server.users.store import User


def check(asked: Asked, user: User) -> Proof:
    """Compare the NT response; the Accept proves in turn that the server knows the password."""
    challenge = asked.message.octets("MS-CHAP-Challenge") or b""
    response = asked.message.octets("MS-CHAP2-Response") or b""
    if len(challenge) != 16:
        return broken("MS-CHAP-Challenge")
    if len(response) != 50:
        return broken("MS-CHAP2-Response")
    identifier, peer, given = response[:1], response[2:18], response[26:]
    if hmac.compare_digest(peer, challenge):
        return Proof(proved=False, why="the client's challenge is the server's, sent back")
    expected = mschap.nt_response(challenge, peer, asked.name, user.nt_hash)
    if not hmac.compare_digest(expected, given):
        return WRONG_PASSWORD
    success = mschap.authenticator_response(given, challenge, peer, asked.name, user.nt_hash)
    return Proof(proved=True, attributes=(("MS-CHAP2-Success", identifier + success),))


def refuse(asked: Asked, refusal: Refusal, entropy: Entropy) -> tuple[Attribute, ...]:
    """Return MS-CHAP-Error (RFC 2759 section 6)."""
    identifier = (asked.message.octets("MS-CHAP2-Response") or b"\0")[:1]
    return error(identifier, refusal, entropy, retry=refusal.retry)


def error(
    identifier: bytes, refusal: Refusal, entropy: Entropy, *, retry: bool
) -> tuple[Attribute, ...]:
    """Return MS-CHAP-Error with a fresh challenge for what the client may send next."""
    challenge = entropy(16).hex().upper()
    text = f"E={refusal.error} R={int(retry)} C={challenge} V=3 M={refusal.text}"
    return (("MS-CHAP-Error", identifier + text.encode()),)


METHOD = Method("MS-CHAPv2", "MS-CHAP2-Response", check, refuse)
