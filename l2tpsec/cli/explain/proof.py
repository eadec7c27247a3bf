"""What a client sends for a password, by method: the other end of the concentrator's own."""

import hashlib
import hmac
from collections.abc import Callable

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.credentials import Chap, Credentials, MsChap, MsChapV2, Pap
from radius import mschap

_IDENTIFIER = 1


def _pap(name: bytes, password: str, _entropy: Entropy) -> Pap:
    return Pap(name, password.encode())


def _chap(name: bytes, password: str, entropy: Entropy) -> Chap:
    challenge = entropy(16)
    digest = hashlib.md5(bytes((_IDENTIFIER,)) + password.encode() + challenge)  # noqa: S324 - RFC 1994
    return Chap(name, _IDENTIFIER, challenge, digest.digest())


def _mschap(name: bytes, password: str, entropy: Entropy) -> MsChap:
    challenge = entropy(8)
    response = mschap.challenge_response(challenge, mschap.nt_hash(password))
    return MsChap(name, _IDENTIFIER, challenge, bytes(24) + response + b"\x01")


def _mschapv2(name: bytes, password: str, entropy: Entropy) -> MsChapV2:
    challenge, own = entropy(16), entropy(16)
    response = mschap.nt_response(challenge, own, name, mschap.nt_hash(password))
    return MsChapV2(name, _IDENTIFIER, challenge, own + bytes(8) + response + b"\0")


METHODS: dict[str, Callable[[bytes, str, Entropy], Credentials]] = {
    "mschapv2": _mschapv2,
    "mschap": _mschap,
    "chap": _chap,
    "pap": _pap,
}
"""By the names of `[ppp] authentication`."""


def proves_itself(credentials: Credentials, password: str, success: bytes) -> bool:
    """Tell whether `success`, the S= text, shows that the server knows the password.

    Where a method has no such proof nothing is to be shown.
    """
    if not isinstance(credentials, MsChapV2):
        return True
    own, response = credentials.response[:16], credentials.response[24:48]
    name, digest = credentials.name, mschap.nt_hash(password)
    expected = mschap.authenticator_response(response, credentials.challenge, own, name, digest)
    return hmac.compare_digest(expected, success[: len(expected)])
