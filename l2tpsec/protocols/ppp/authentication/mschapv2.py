"""MS-CHAP, version 2 (RFC 2759)."""

import hmac

from l2tpsec.model.credentials import MsChapV2
from l2tpsec.protocols.ppp.authentication.chap import Dialect, method
from l2tpsec.protocols.ppp.authentication.mschap import without_retry


def _flaw(challenge: bytes, response: bytes) -> str:
    if hmac.compare_digest(response[:16], challenge):
        return "the client sent our own challenge back as its own (a reflection attack)"
    return ""


def _failure(message: bytes, challenge: bytes) -> bytes:
    if message.startswith(b"E="):
        return without_retry(message)
    return b"E=691 R=0 C=%s V=3 M=Access denied" % challenge.hex().upper().encode()


MSCHAPV2 = method("mschapv2", "MS-CHAPv2", 0x81, Dialect(16, 49, MsChapV2, _flaw, _failure))
