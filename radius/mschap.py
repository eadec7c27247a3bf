"""MS-CHAP arithmetic: RFC 1320 (MD4), RFC 2433 (version 1), RFC 2759 (version 2).

Names are octets as the client sent them; passwords are text.
"""

import hashlib
import struct

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

PASSWORD_BLOCK_OCTETS = 516
_LENGTH_OCTETS = 4
_MASK = 0xFFFFFFFF
_MAGIC1 = b"Magic server to client signing constant"
_MAGIC2 = b"Pad to make it do more than one iteration"

# RFC 1320 section 3.4: for each round the constant, the four shifts and the order of the words
_ROUNDS = (
    (0, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), tuple(4 * (i % 4) + i // 4 for i in range(16))),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def _mix(number: int, x: int, y: int, z: int) -> int:
    match number:
        case 0:
            return (x & y) | (~x & z)
        case 1:
            return (x & y) | (x & z) | (y & z)
        case _:
            return x ^ y ^ z


def _compress(state: list[int], block: bytes) -> list[int]:
    words = struct.unpack("<16I", block)
    a, b, c, d = state
    for number, (constant, shifts, order) in enumerate(_ROUNDS):
        for step, index in enumerate(order):
            total = (a + _mix(number, b, c, d) + words[index] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & _MASK, b, c
    return [(old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True)]


def md4(data: bytes) -> bytes:
    """RFC 1320. Written here because OpenSSL 3 no longer offers it by default."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for start in range(0, len(padded), 64):
        state = _compress(state, padded[start : start + 64])
    return struct.pack("<4I", *state)


def nt_hash(password: str) -> bytes:
    """NtPasswordHash, 16 octets (RFC 2759 section 8.3)."""
    return md4(password.encode("utf-16-le", "surrogatepass"))


def _des(key: bytes, block: bytes) -> bytes:
    # seven octets become eight whose low bits, DES's parity, are ignored (RFC 2759 section 8.6)
    bits = int.from_bytes(key, "big")
    spread = bytes(((bits >> (49 - 7 * i)) & 0x7F) << 1 for i in range(8))
    # one key three times over is single DES
    encryptor = Cipher(TripleDES(spread * 3), modes.ECB()).encryptor()  # noqa: S305 - RFC 2759
    return encryptor.update(block)


def challenge_response(challenge: bytes, password_hash: bytes) -> bytes:
    """Return 24 octets for a challenge of 8 (RFC 2759 section 8.5); MS-CHAPv1's NT response."""
    key = password_hash.ljust(21, b"\0")
    return b"".join(_des(key[start : start + 7], challenge) for start in (0, 7, 14))


def hashed_name(name: bytes) -> bytes:
    r"""Return the name that enters the challenge hash: without `DOMAIN\` (RFC 2759 section 4)."""
    return name.rpartition(b"\\")[2]


def challenge_hash(peer_challenge: bytes, authenticator_challenge: bytes, name: bytes) -> bytes:
    """Eight octets (RFC 2759 section 8.2)."""
    data = peer_challenge + authenticator_challenge + hashed_name(name)
    return hashlib.sha1(data).digest()[:8]


def nt_response(
    authenticator_challenge: bytes, peer_challenge: bytes, name: bytes, password_hash: bytes
) -> bytes:
    """GenerateNTResponse, 24 octets (RFC 2759 section 8.1)."""
    challenge = challenge_hash(peer_challenge, authenticator_challenge, name)
    return challenge_response(challenge, password_hash)


def authenticator_response(
    response: bytes,
    authenticator_challenge: bytes,
    peer_challenge: bytes,
    name: bytes,
    password_hash: bytes,
) -> bytes:
    """Return `S=` and 40 hexadecimal digits, which prove the server (RFC 2759 section 8.7)."""
    digest = hashlib.sha1(md4(password_hash) + response + _MAGIC1).digest()
    challenge = challenge_hash(peer_challenge, authenticator_challenge, name)
    return b"S=" + hashlib.sha1(digest + challenge + _MAGIC2).hexdigest().upper().encode()


def encrypted_hash(password_hash: bytes, key_hash: bytes) -> bytes:
    """Encrypt a password hash with another, 16 octets (RFC 2759 section 8.13)."""
    return _des(key_hash[:7], password_hash[:8]) + _des(key_hash[7:14], password_hash[8:])


def new_password(block: bytes, old_hash: bytes) -> str | None:
    """Decrypt the block that brings a new password (RFC 2759 sections 8.9 and 8.10).

    `block` is of PASSWORD_BLOCK_OCTETS; None when the client did not know the old password.
    """
    plain = Cipher(ARC4(old_hash), mode=None).decryptor().update(block)
    text, octets = plain[:-_LENGTH_OCTETS], int.from_bytes(plain[-_LENGTH_OCTETS:], "little")
    if not 0 < octets <= len(text):
        return None
    try:
        return text[-octets:].decode("utf-16-le")
    except UnicodeDecodeError:
        return None
