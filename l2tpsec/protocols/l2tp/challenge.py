"""Tunnel authentication (RFC 2661 section 5.1.1), CHAP-like."""

import hmac
from hashlib import md5

CHALLENGE_OCTETS = 16


def response(message_type: int, secret: bytes, challenge: bytes) -> bytes:
    """Return the 16 octets that answer `challenge` in a message of `message_type`."""
    return md5(bytes([message_type]) + secret + challenge).digest()


def verify(message_type: int, secret: bytes, challenge: bytes, answer: bytes | None) -> bool:
    """Compare in constant time; a missing answer is a wrong one."""
    return hmac.compare_digest(response(message_type, secret, challenge), answer or b"")
