"""How RADIUS hides passwords: RFC 2865 section 5.2 and the salted form of RFC 2868 section 3.5."""

import hashlib

from radius.malformed import Malformed, Unencodable

LONGEST_PASSWORD_OCTETS = 128
LONGEST_SALTED_OCTETS = 239


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _padded(plain: bytes) -> bytes:
    return plain + bytes(-len(plain) % 16)


def _encrypt(plain: bytes, secret: bytes, vector: bytes) -> bytes:
    cipher = b""
    for start in range(0, len(plain), 16):
        vector = _xor(plain[start : start + 16], hashlib.md5(secret + vector).digest())
        cipher += vector
    return cipher


def _decrypt(cipher: bytes, secret: bytes, vector: bytes) -> bytes:
    plain = b""
    for start in range(0, len(cipher), 16):
        block = cipher[start : start + 16]
        plain += _xor(block, hashlib.md5(secret + vector).digest())
        vector = block
    return plain


def hide(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """Hide a User-Password of at most 128 octets under the Request Authenticator (RFC 2865 5.2)."""
    if len(password) > LONGEST_PASSWORD_OCTETS:
        raise Unencodable(f"a User-Password has at most {LONGEST_PASSWORD_OCTETS} octets")
    return _encrypt(_padded(password) or bytes(16), secret, authenticator)


def reveal(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """Undo `hide`; the padding's zeros are removed, so a password cannot end in them."""
    if not 16 <= len(hidden) <= LONGEST_PASSWORD_OCTETS or len(hidden) % 16:
        raise Malformed("a hidden password is 16 to 128 octets long, in steps of 16")
    return _decrypt(hidden, secret, authenticator).rstrip(b"\0")


def hide_salted(plain: bytes, secret: bytes, authenticator: bytes, salt: bytes) -> bytes:
    """Salt and hide a value (RFC 2868 3.5); `salt` is two octets, its top bit is set here."""
    if len(plain) > LONGEST_SALTED_OCTETS:
        raise Unencodable(f"a salted value has at most {LONGEST_SALTED_OCTETS} octets")
    salt = bytes((salt[0] | 0x80, salt[1]))
    return salt + _encrypt(_padded(bytes((len(plain),)) + plain), secret, authenticator + salt)


def reveal_salted(hidden: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """Undo `hide_salted`."""
    salt, cipher = hidden[:2], hidden[2:]
    if not cipher or len(cipher) % 16:
        raise Malformed("a salted value is two octets of salt and blocks of 16")
    plain = _decrypt(cipher, secret, authenticator + salt)
    if plain[0] >= len(plain):
        raise Malformed("a salted value claims more octets than it has; the shared secrets differ?")
    return plain[1 : 1 + plain[0]]
