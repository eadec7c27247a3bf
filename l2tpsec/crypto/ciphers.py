"""Ciphers: a row is a cipher with its numbers in IKE (RFC 2409 appendix A) and ESP (RFC 2407)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cipher:
    """Sizes in octets. `key_length` tells whether the Key Length attribute (in bits) goes with it.

    `salt_octets` and `icv_octets` are zero but for an AEAD, whose key material is key, then salt
    (RFC 4106).
    """

    name: str
    ike_id: int | None
    esp_id: int
    key_octets: int
    block_octets: int
    iv_octets: int
    key_length: bool = True
    salt_octets: int = 0
    icv_octets: int = 0

    @property
    def aead(self) -> bool:
        """Tell whether the cipher brings its own integrity."""
        return self.icv_octets > 0


AES128_CBC = Cipher("aes128-cbc", 7, 12, 16, 16, 16)
AES192_CBC = Cipher("aes192-cbc", 7, 12, 24, 16, 16)
AES256_CBC = Cipher("aes256-cbc", 7, 12, 32, 16, 16)
TRIPLE_DES_CBC = Cipher("3des-cbc", 5, 3, 24, 8, 8, key_length=False)
AES128_GCM = Cipher("aes128-gcm", None, 20, 16, 4, 8, salt_octets=4, icv_octets=16)
AES192_GCM = Cipher("aes192-gcm", None, 20, 24, 4, 8, salt_octets=4, icv_octets=16)
AES256_GCM = Cipher("aes256-gcm", None, 20, 32, 4, 8, salt_octets=4, icv_octets=16)

CIPHERS = (AES256_GCM, AES192_GCM, AES128_GCM, AES256_CBC, AES192_CBC, AES128_CBC, TRIPLE_DES_CBC)
