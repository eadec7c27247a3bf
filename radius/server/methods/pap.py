"""PAP: the password itself, hidden by RADIUS (RFC 2865 section 5.2)."""

import hmac

from radius import mschap
from radius.server.methods.method import WRONG_PASSWORD, Asked, Method, Proof, no_attributes
from radius.server.users.store import User


def check(asked: Asked, user: User) -> Proof:
    """Hash the password as Windows does and compare the hashes."""
    octets = asked.message.octets("User-Password") or b""
    try:
        password = octets.decode("utf-8")
    except UnicodeDecodeError:
        # older clients send the code page of their country
        password = octets.decode("latin-1")
    if not hmac.compare_digest(mschap.nt_hash(password), user.nt_hash):
        return WRONG_PASSWORD
    return Proof(proved=True)


METHOD = Method("PAP", "User-Password", check, no_attributes)
