"""Diffie-Hellman groups of IKE: MODP (RFC 2409, 3526) and ECP (RFC 5903), one row each.

MODP runs on `modexp`: `cryptography` tests the primality of group 2's prime for 39 ms at every load
and drops finite-field groups in a later release. A peer's degenerate public value is Malformed.
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from l2tpsec.crypto.modexp import modexp
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed


class KeyExchange(Protocol):
    """One side's ephemeral key: `public` is the body of its KE payload."""

    @property
    def public(self) -> bytes:
        """The public value in the group's wire form."""

    def shared(self, peer: bytes) -> bytes:
        """Return g^xy of the group's fixed length; Malformed for a degenerate value of the peer."""


class Group(Protocol):
    """A row: name in configuration and logs, IANA number, octets of a public value."""

    @property
    def name(self) -> str:
        """Configuration spelling, as `modp2048`."""

    @property
    def ike_id(self) -> int:
        """Value of the Group Description attribute."""

    @property
    def public_octets(self) -> int:
        """Length of a KE payload's body."""

    def generate(self, entropy: Entropy) -> KeyExchange:
        """Make a fresh ephemeral key."""

    def check(self, peer: bytes) -> object:
        """Raise Malformed for a degenerate public value of the peer, at little cost."""


def _check_length(group: Group, peer: bytes) -> None:
    if len(peer) != group.public_octets:
        raise Malformed(f"{group.name} key of {len(peer)} octets, not {group.public_octets}")


def _floor_pi(bits: int) -> int:
    """Return floor(2^bits * pi) by Machin's formula, with 64 guard bits."""

    def arctan(inverse: int) -> int:
        total = term = (1 << bits + 64) // inverse
        divisor = 1
        while term:
            term //= -inverse * inverse
            divisor += 2
            total += term // divisor
        return total

    return (4 * (4 * arctan(5) - arctan(239))) >> 64


@dataclass(frozen=True, slots=True)
class Modp:
    """A safe prime, by the RFCs' own formula made of pi; the generator is 2."""

    name: str
    ike_id: int
    public_octets: int
    prime: int
    exponent_octets: int

    def generate(self, entropy: Entropy) -> "ModpExchange":
        """Draw an exponent of twice the group's strength (RFC 3526 section 8) and raise 2 to it."""
        secret = int.from_bytes(entropy(self.exponent_octets)) | 1 << (8 * self.exponent_octets - 1)
        public = modexp(2, secret, self.prime).to_bytes(self.public_octets)
        return ModpExchange(self, secret, public)

    def check(self, peer: bytes) -> int:
        """Return a public value; 0, 1, p-1 and from p on leave a secret that everybody knows."""
        _check_length(self, peer)
        value = int.from_bytes(peer)
        if not 1 < value < self.prime - 1:
            raise Malformed(f"degenerate {self.name} key")
        return value


class ModpExchange:
    """An ephemeral exponent and its power."""

    __slots__ = ("_group", "_secret", "public")

    def __init__(self, group: Modp, secret: int, public: bytes) -> None:
        self._group = group
        self._secret = secret
        self.public = public

    def shared(self, peer: bytes) -> bytes:
        """Return g^xy, leading zeros kept; Malformed for a degenerate value of the peer."""
        group = self._group
        value = group.check(peer)
        return modexp(value, self._secret, group.prime).to_bytes(group.public_octets)


@dataclass(frozen=True, slots=True)
class Ecp:
    """Public value x | y, shared secret x alone (RFC 5903 section 7)."""

    name: str
    ike_id: int
    public_octets: int
    curve: ec.EllipticCurve

    def generate(self, entropy: Entropy) -> "EcpExchange":
        """Draw a private key; 8 octets too many make the remainder's bias negligible."""
        wide = int.from_bytes(entropy(self.public_octets // 2 + 8))
        order: int = self.curve.group_order
        return EcpExchange(self, ec.derive_private_key(wide % (order - 1) + 1, self.curve))

    def check(self, peer: bytes) -> ec.EllipticCurvePublicKey:
        """Return a public key; a point off the curve would leak our private one."""
        _check_length(self, peer)
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, b"\x04" + peer)
        except ValueError:
            raise Malformed(f"{self.name} key is not a point of the curve") from None


class EcpExchange:
    """An ephemeral private key and its point."""

    __slots__ = ("_group", "_private", "public")

    def __init__(self, group: Ecp, private: ec.EllipticCurvePrivateKey) -> None:
        self._group = group
        self._private = private
        point = private.public_key().public_numbers()
        octets = group.public_octets // 2
        self.public = point.x.to_bytes(octets) + point.y.to_bytes(octets)

    def shared(self, peer: bytes) -> bytes:
        """Return the x of the shared point; Malformed for a point off the curve."""
        return self._private.exchange(ec.ECDH(), self._group.check(peer))


def _modp(ike_id: int, bits: int, offset: int, exponent_octets: int = 32) -> Modp:
    # p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + offset)
    prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (_floor_pi(bits - 130) + offset)
    return Modp(f"modp{bits}", ike_id, bits // 8, prime, exponent_octets)


MODP1024 = _modp(2, 1024, 129093)
MODP1536 = _modp(5, 1536, 741804)
MODP2048 = _modp(14, 2048, 124476)
MODP3072 = _modp(15, 3072, 1690314)
MODP4096 = _modp(16, 4096, 240904, exponent_octets=40)
ECP256 = Ecp("ecp256", 19, 64, ec.SECP256R1())
ECP384 = Ecp("ecp384", 20, 96, ec.SECP384R1())
ECP521 = Ecp("ecp521", 21, 132, ec.SECP521R1())

GROUPS: tuple[Modp | Ecp, ...] = (
    ECP521,
    ECP384,
    ECP256,
    MODP4096,
    MODP3072,
    MODP2048,
    MODP1536,
    MODP1024,
)
