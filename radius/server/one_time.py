"""One-time passwords of six digits (RFC 6238), typed behind the password in the same box."""

import hmac
from base64 import b32encode
from collections.abc import Iterator
from urllib.parse import quote

STEP_SECONDS = 30
SECRET_OCTETS = 20
_DIGITS = 6
_ISSUER = "VPN"
# a clock may be one step off either way (RFC 6238 section 5.2)
_DRIFT = (0, -1, 1)


def code(secret: bytes, step: int, digits: int = _DIGITS) -> str:
    """Return the digits of a time step (RFC 4226 section 5.3, RFC 6238 section 4)."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def candidates(secret: bytes, password: str, wall: float) -> Iterator[tuple[int, str]]:
    """Give each time step whose code is good now, and what is typed with it."""
    now = int(wall // STEP_SECONDS)
    for step in (now + drift for drift in _DRIFT):
        if step >= 0:
            yield step, password + code(secret, step)


def uri(name: str, secret: bytes) -> str:
    """Return what a QR code for authenticator apps says."""
    label = quote(f"{_ISSUER}:{name}", safe="")
    return f"otpauth://totp/{label}?secret={base32(secret)}&issuer={_ISSUER}"


def base32(secret: bytes) -> str:
    """Return the secret as apps want it typed."""
    return b32encode(secret).decode().rstrip("=")
