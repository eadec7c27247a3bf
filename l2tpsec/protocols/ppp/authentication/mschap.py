"""MS-CHAP, version 1 (RFC 2433)."""

import re

from l2tpsec.model.credentials import MsChap
from l2tpsec.protocols.ppp.authentication.chap import Dialect, honest, method

_RETRY = re.compile(rb"(^| )R=1\b")


def without_retry(message: bytes) -> bytes:
    """Return a Failure's text that promises no second try on this link: FreeRADIUS promises one."""
    return _RETRY.sub(rb"\1R=0", message, count=1)


def _failure(message: bytes) -> bytes:
    return without_retry(message) if message.startswith(b"E=") else b"E=691 R=0"


MSCHAP = method("mschap", "MS-CHAP", 0x80, Dialect(8, 49, MsChap, honest, _failure))
