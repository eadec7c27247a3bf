"""Hidden AVPs (RFC 2661 section 4.3): read only; Windows ends a tunnel in which one is sent."""

from hashlib import md5

from l2tpsec.foundation.wire import Malformed

BLOCK_OCTETS = 16


def reveal(attribute: int, secret: bytes, vector: bytes, hidden: bytes) -> bytes:
    """Return the value below `hidden`.

    Malformed when its inner length does not fit, which is what a wrong secret looks like.
    """
    subformat = b""
    for start in range(0, len(hidden), BLOCK_OCTETS):
        pad = _pad(attribute, secret, vector, hidden[:start])
        subformat += _xor(hidden[start : start + BLOCK_OCTETS], pad)
    length = int.from_bytes(subformat[:2])
    if len(subformat) < 2 or length > len(subformat) - 2:
        raise Malformed("a hidden AVP does not decrypt: the tunnel secrets differ")
    return subformat[2 : 2 + length]


def _pad(attribute: int, secret: bytes, vector: bytes, before: bytes) -> bytes:
    if not before:
        return md5(attribute.to_bytes(2) + secret + vector).digest()
    return md5(secret + before[-BLOCK_OCTETS:]).digest()


def _xor(block: bytes, pad: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(block, pad, strict=False))
