"""Secrets at rest: AES-256-GCM under a key file beside the database.

Only users who need CHAP or one-time codes have one; the database alone, in a backup say, does not
give them away.
"""

import contextlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radius.packet import Entropy
from radius.server.users.store import StoreFailure

_KEY_OCTETS = 32
_NONCE_OCTETS = 12


class Vault:
    """Seals and opens secrets, each bound to its user's name and, but for passwords, purpose."""

    def __init__(self, key_file: Path, entropy: Entropy) -> None:
        self._key_file = key_file
        self._entropy = entropy

    def seal(self, name: str, secret: bytes, purpose: str = "") -> bytes:
        """Encrypt; makes the key file, for its owner only, when there is none."""
        nonce = self._entropy(_NONCE_OCTETS)
        cipher = AESGCM(self._key(make=True))
        return nonce + cipher.encrypt(nonce, secret, _bound(name, purpose))

    def open(self, name: str, sealed: bytes, purpose: str = "") -> bytes:
        """Decrypt; raises StoreFailure when the key file is gone or another one."""
        nonce, cipher = sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:]
        try:
            return AESGCM(self._key(make=False)).decrypt(nonce, cipher, _bound(name, purpose))
        except (InvalidTag, ValueError):
            raise StoreFailure(
                f"the key file {self._key_file} does not open the stored secret of {name}: put "
                "the right file back, or set the password anew with "
                f"`python -m radius user passwd --chap {name}`"
            ) from None

    def _key(self, *, make: bool) -> bytes:
        try:
            if make and not self._key_file.exists():
                self._make()
            key = self._key_file.read_bytes()
        except OSError as error:
            raise StoreFailure(
                f"the key file {self._key_file} cannot be used: {error.strerror}"
            ) from None
        if len(key) != _KEY_OCTETS:
            raise StoreFailure(f"the key file {self._key_file} is not {_KEY_OCTETS} octets long")
        return key

    def _make(self) -> None:
        # whole under its name from the first moment on: another process may seal meanwhile
        draft = self._key_file.with_name(f"{self._key_file.name}.{self._entropy(8).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._entropy(_KEY_OCTETS))
            with contextlib.suppress(FileExistsError):
                os.link(draft, self._key_file)
        finally:
            draft.unlink()


def _bound(name: str, purpose: str) -> bytes:
    # no user's name holds a zero octet
    return "\0".join(filter(None, (name.casefold(), purpose))).encode()
