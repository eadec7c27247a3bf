"""Hashes of phase 1 and the pseudo-random functions made of them (RFC 2409 section 4: HMAC)."""

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prf:
    """`ike_id` is the value of the Hash Algorithm attribute (RFC 2409 app. A; IANA)."""

    name: str
    ike_id: int
    octets: int

    def digest(self, data: bytes) -> bytes:
        """Return the plain hash of `data`."""
        return hashlib.new(self.name, data, usedforsecurity=False).digest()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return prf(key, data)."""
        return hmac.digest(key, data, self.name)


MD5 = Prf("md5", 1, 16)
SHA1 = Prf("sha1", 2, 20)
SHA256 = Prf("sha256", 4, 32)
SHA384 = Prf("sha384", 5, 48)
SHA512 = Prf("sha512", 6, 64)

PRFS = (SHA512, SHA384, SHA256, SHA1, MD5)
