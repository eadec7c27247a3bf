"""An ESP transform: a cipher and, unless it is an AEAD, an integrity algorithm."""

from dataclasses import dataclass

from l2tpsec.crypto.ciphers import Cipher
from l2tpsec.crypto.integrity import Integrity


@dataclass(frozen=True, slots=True)
class EspTransform:
    """What a Quick Mode agrees on and a data plane runs; `integrity` is None for an AEAD."""

    cipher: Cipher
    integrity: Integrity | None = None

    @property
    def name(self) -> str:
        """Configuration spelling and log label, as `aes256-cbc/hmac-sha1-96`."""
        return (
            self.cipher.name
            if self.integrity is None
            else f"{self.cipher.name}/{self.integrity.name}"
        )

    @property
    def encryption_key_octets(self) -> int:
        """Octets of KEYMAT for the cipher, an AEAD's salt included."""
        return self.cipher.key_octets + self.cipher.salt_octets

    @property
    def integrity_key_octets(self) -> int:
        """Octets of KEYMAT for the integrity algorithm."""
        return self.integrity.key_octets if self.integrity else 0

    @property
    def icv_octets(self) -> int:
        """Octets that follow the ciphertext."""
        return self.integrity.icv_octets if self.integrity else self.cipher.icv_octets
