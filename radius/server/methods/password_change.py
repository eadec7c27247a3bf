"""Change of a password by MS-CHAP version 2 (RFC 2759 section 7 through RFC 2548 section 2.3.5)."""

import hmac
from collections.abc import Iterator

from radius import mschap
from radius.message import Attribute
from radius.packet import Entropy
from radius.server.methods import mschapv2
from radius.server.methods.method import Asked, Method, Proof, Refusal, broken
from radius.server.users.store import User

_ATTRIBUTE = "MS-CHAP2-CPW"
_PASSWORD = "MS-CHAP-NT-Enc-PW"  # noqa: S105 - an attribute's name
_OCTETS = 68
_CODE, _PASSWORD_CODE = 7, 6
_PARTS = (1, 2, 3)

_OLD_UNKNOWN = Proof(proved=False, why="wrong old password in a change of password")


def check(asked: Asked, user: User) -> Proof:
    """Decrypt the new password; both proofs of the old one and that of the new one must hold."""
    challenge = asked.message.octets("MS-CHAP-Challenge") or b""
    change = asked.message.octets(_ATTRIBUTE) or b""
    block = b"".join(_parts(asked))
    if len(challenge) != 16:
        return broken("MS-CHAP-Challenge")
    if len(change) != _OCTETS or change[0] != _CODE:
        return broken(_ATTRIBUTE)
    if len(block) != mschap.PASSWORD_BLOCK_OCTETS:
        return broken(_PASSWORD)
    password = mschap.new_password(block, user.nt_hash)
    if password is None:
        return _OLD_UNKNOWN
    return _proved(asked, user, password, mschap.nt_hash(password))


def _proved(asked: Asked, user: User, password: str, new_hash: bytes) -> Proof:
    challenge = asked.message.octets("MS-CHAP-Challenge") or b""
    change = asked.message.octets(_ATTRIBUTE) or b""
    identifier, old, peer, response = change[1:2], change[2:18], change[18:34], change[42:66]
    expected = mschap.nt_response(challenge, peer, asked.name, new_hash)
    both = mschap.encrypted_hash(user.nt_hash, new_hash) + expected
    if not hmac.compare_digest(both, old + response):
        return _OLD_UNKNOWN
    success = mschap.authenticator_response(response, challenge, peer, asked.name, new_hash)
    attributes: tuple[Attribute, ...] = (("MS-CHAP2-Success", identifier + success),)
    return Proof(proved=True, attributes=attributes, new_password=password)


def _parts(asked: Asked) -> Iterator[bytes]:
    """Give the parts in the order of their numbers; each is code, identifier, number, octets."""
    values = [value for value in asked.message.all(_PASSWORD) if isinstance(value, bytes)]
    for number in _PARTS:
        found = (
            v for v in values if v[:1] == bytes((_PASSWORD_CODE,)) and v[2:4] == number.to_bytes(2)
        )
        yield next(found, b"")[4:]


def refuse(asked: Asked, refusal: Refusal, entropy: Entropy) -> tuple[Attribute, ...]:
    """Return MS-CHAP-Error (RFC 2759 section 6); a change is made in one try."""
    identifier = (asked.message.octets(_ATTRIBUTE) or b"")[1:2] or b"\0"
    return mschapv2.error(identifier, refusal, entropy, retry=False)


METHOD = Method("a change of password", _ATTRIBUTE, check, refuse)
