"""What a listener agrees to: phase-1 suites and ESP transforms; presets are sets of rows."""

from dataclasses import dataclass
from itertools import product
from typing import Self, TypeVar

from l2tpsec.crypto.ciphers import CIPHERS, Cipher
from l2tpsec.crypto.groups import GROUPS, Ecp, Modp
from l2tpsec.crypto.integrity import INTEGRITIES
from l2tpsec.crypto.prf import PRFS, Prf
from l2tpsec.crypto.transforms import EspTransform

Group = Modp | Ecp


@dataclass(frozen=True, slots=True)
class Suite:
    """A phase-1 choice."""

    cipher: Cipher
    prf: Prf
    group: Group

    @property
    def name(self) -> str:
        """Configuration spelling and log label, as `aes256-cbc/sha1/ecp384`."""
        return f"{self.cipher.name}/{self.prf.name}/{self.group.name}"


SUITES = tuple(
    Suite(cipher, prf, group)
    for group, cipher, prf in product(GROUPS, CIPHERS, PRFS)
    if cipher.ike_id is not None
)
TRANSFORMS = tuple(EspTransform(cipher) for cipher in CIPHERS if cipher.aead) + tuple(
    EspTransform(cipher, integrity)
    for cipher, integrity in product(CIPHERS, INTEGRITIES)
    if not cipher.aead
)


Row = TypeVar("Row", Suite, EspTransform)


@dataclass(frozen=True, slots=True)
class Policy:
    """Sets, not preferences: among allowed choices the client's own order decides."""

    suites: tuple[Suite, ...]
    transforms: tuple[EspTransform, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Groups that Perfect Forward Secrecy may use."""
        return tuple(group for group in GROUPS if any(s.group is group for s in self.suites))

    @classmethod
    def of(cls, suites: list[str], transforms: list[str]) -> Self:
        """Build from names; ValueError tells what is known."""
        return cls(
            tuple(_named(name, SUITES) for name in suites),
            tuple(_named(name, TRANSFORMS) for name in transforms),
        )

    def __reduce__(self) -> tuple[object, tuple[list[str], list[str]]]:
        """Travel between processes by names: a copy's rows are the tables' own."""
        return Policy.of, ([row.name for row in self.suites], [row.name for row in self.transforms])


def _named(name: str, rows: tuple[Row, ...]) -> Row:
    for row in rows:
        if row.name == name:
            return row
    raise ValueError(f"{name!r} is unknown; known are {', '.join(row.name for row in rows)}")


def _preset(ciphers: str, prfs: str, groups: str, integrities: str) -> Policy:
    def allowed(name: str, words: str) -> bool:
        return any(name.startswith(word) for word in words.split())

    return Policy(
        tuple(
            suite
            for suite in SUITES
            if allowed(suite.cipher.name, ciphers)
            and allowed(suite.prf.name, prfs)
            and allowed(suite.group.name, groups)
        ),
        tuple(
            transform
            for transform in TRANSFORMS
            if allowed(transform.cipher.name, ciphers)
            and (transform.integrity is None or allowed(transform.integrity.name, integrities))
        ),
    )


_MODERN_GROUPS = "ecp modp4096 modp3072 modp2048"

MODERN = _preset("aes", "sha512 sha384 sha256", _MODERN_GROUPS, "hmac-sha2 hmac-sha3 hmac-sha5")
# An untouched Windows 8.1 to 11 offers AES with SHA-1 only, on ECP-384, ECP-256 and MODP-2048.
WINDOWS = _preset("aes", "sha", _MODERN_GROUPS, "hmac-sha")
LEGACY = _preset("aes 3des", "sha md5", "ecp modp", "hmac")

PRESETS = {"modern": MODERN, "windows": WINDOWS, "legacy": LEGACY}
