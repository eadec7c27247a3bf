"""Keys, hashes and initialisation vectors of IKEv1 (RFC 2409 section 5 and appendix B)."""

from dataclasses import dataclass, field

from l2tpsec.crypto.ciphers import Cipher
from l2tpsec.crypto.prf import Prf


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What both sides know after message 4 (`shared` is secret: g^xy)."""

    prf: Prf
    cipher: Cipher
    initiator_cookie: bytes
    responder_cookie: bytes
    initiator_public: bytes
    responder_public: bytes
    initiator_nonce: bytes
    responder_nonce: bytes
    shared: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """SKEYID and what derives from it; `encryption` is the cipher's key made of SKEYID_e."""

    skeyid: bytes = field(repr=False)
    derivation: bytes = field(repr=False)
    authentication: bytes = field(repr=False)
    encryption: bytes = field(repr=False)


def derive_keys(psk: bytes, known: Negotiated) -> Keys:
    """Derive all keys of an ISAKMP SA authenticated by a pre-shared key."""
    prf = known.prf
    skeyid = prf.mac(psk, known.initiator_nonce + known.responder_nonce)
    tail = known.shared + known.initiator_cookie + known.responder_cookie
    derivation = prf.mac(skeyid, tail + b"\0")
    authentication = prf.mac(skeyid, derivation + tail + b"\1")
    encryption = prf.mac(skeyid, authentication + tail + b"\2")
    return Keys(skeyid, derivation, authentication, _cipher_key(prf, known.cipher, encryption))


def _cipher_key(prf: Prf, cipher: Cipher, secret: bytes) -> bytes:
    # Appendix B: a SKEYID_e shorter than the key is stretched, starting from one octet of zero.
    if prf.octets >= cipher.key_octets:
        return secret[: cipher.key_octets]
    block = prf.mac(secret, b"\0")
    stretched = block
    while len(stretched) < cipher.key_octets:
        block = prf.mac(secret, block)
        stretched += block
    return stretched[: cipher.key_octets]


def hash_initiator(known: Negotiated, keys: Keys, sa: bytes, identity: bytes) -> bytes:
    """Return HASH_I over the initiator's SA and ID payload bodies."""
    text = known.initiator_public + known.responder_public
    text += known.initiator_cookie + known.responder_cookie
    return known.prf.mac(keys.skeyid, text + sa + identity)


def hash_responder(known: Negotiated, keys: Keys, sa: bytes, identity: bytes) -> bytes:
    """Return HASH_R; `sa` is still the initiator's SA payload body."""
    text = known.responder_public + known.initiator_public
    text += known.responder_cookie + known.initiator_cookie
    return known.prf.mac(keys.skeyid, text + sa + identity)


def phase_one_iv(known: Negotiated) -> bytes:
    """Return the IV of message 5."""
    return known.prf.digest(known.initiator_public + known.responder_public)[
        : known.cipher.block_octets
    ]


def phase_two_iv(prf: Prf, cipher: Cipher, last_block: bytes, message_id: int) -> bytes:
    """Return the first IV of an exchange; `last_block` is the last ciphertext of phase 1."""
    return prf.digest(last_block + message_id.to_bytes(4))[: cipher.block_octets]


def exchange_hash(prf: Prf, keys: Keys, message_id: int, rest: bytes) -> bytes:
    """Return HASH(1) of Quick Mode and Informational; HASH(2) with Ni before the rest."""
    return prf.mac(keys.authentication, message_id.to_bytes(4) + rest)


def liveness_hash(prf: Prf, keys: Keys, message_id: int, nonces: bytes) -> bytes:
    """Return HASH(3): a zero octet, the message id, Ni and Nr."""
    return prf.mac(keys.authentication, b"\0" + message_id.to_bytes(4) + nonces)


@dataclass(frozen=True, slots=True)
class Seed:
    """What KEYMAT is made of besides the SPI; `shared` is empty without PFS."""

    nonces: bytes
    shared: bytes = field(repr=False, default=b"")


def keymat(prf: Prf, keys: Keys, seed: Seed, prefix: bytes, octets: int) -> bytes:
    """Return key material for the SA whose protocol octet and SPI are `prefix` (section 5.5)."""
    text = seed.shared + prefix + seed.nonces
    block = prf.mac(keys.derivation, text)
    material = block
    while len(material) < octets:
        block = prf.mac(keys.derivation, block + text)
        material += block
    return material[:octets]
