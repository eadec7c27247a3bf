"""Integrity algorithms of ESP: HMAC truncated as RFC 2403, 2404 and 4868 say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Integrity:
    """`esp_id` is the value of the Authentication Algorithm attribute (RFC 2407 section 4.5)."""

    name: str
    esp_id: int
    hash_name: str
    key_octets: int
    icv_octets: int


HMAC_MD5_96 = Integrity("hmac-md5-96", 1, "md5", 16, 12)
HMAC_SHA1_96 = Integrity("hmac-sha1-96", 2, "sha1", 20, 12)
HMAC_SHA256_128 = Integrity("hmac-sha256-128", 5, "sha256", 32, 16)
HMAC_SHA384_192 = Integrity("hmac-sha384-192", 6, "sha384", 48, 24)
HMAC_SHA512_256 = Integrity("hmac-sha512-256", 7, "sha512", 64, 32)

INTEGRITIES = (HMAC_SHA512_256, HMAC_SHA384_192, HMAC_SHA256_128, HMAC_SHA1_96, HMAC_MD5_96)
