"""RFC 2759 section 8's change of password in plain Python: slow, and apart from what it judges.

Only MD4 and the NT-Response are shared with the server; RFC 1320 and RFC 2759 have vectors of both.
"""

from collections.abc import Callable, Sequence

from radius import mschap

# FIPS 46-3, whose bits count from 1 at the left
IP = [row - 8 * column for row in (58, 60, 62, 64, 57, 59, 61, 63) for column in range(8)]
FP = [IP.index(place) + 1 for place in range(1, 65)]
EXPANSION = [(4 * row + column - 1) % 32 + 1 for row in range(8) for column in range(6)]
P = [
    *(16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10),
    *(2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25),
]
PC1 = [
    *(57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18),
    *(10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36),
    *(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22),
    *(14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4),
]
PC2 = [
    *(14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2),
    *(41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29),
    32,
]
SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
BOXES = (
    "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
    "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
    "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
    "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
    "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
    "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
    "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
    "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
)


def _permuted(bits: Sequence[int], table: Sequence[int]) -> list[int]:
    return [bits[place - 1] for place in table]


def _bits(octets: bytes) -> list[int]:
    return [octet >> (7 - i) & 1 for octet in octets for i in range(8)]


def _octets(bits: Sequence[int]) -> bytes:
    return bytes(int("".join(map(str, bits[i : i + 8])), 2) for i in range(0, len(bits), 8))


def _mixed(half: list[int], key: list[int]) -> list[int]:
    wide = [a ^ b for a, b in zip(_permuted(half, EXPANSION), key, strict=True)]
    narrow: list[int] = []
    for number, box in enumerate(BOXES):
        six = wide[6 * number : 6 * number + 6]
        row, column = 2 * six[0] + six[5], int("".join(map(str, six[1:5])), 2)
        narrow += _bits(bytes((int(box.split()[row][column], 16),)))[4:]
    return _permuted(narrow, P)


def des(key: bytes, block: bytes) -> bytes:
    """Encrypt 8 octets with DES under 8 octets of key, parity ignored (FIPS 46-3)."""
    chosen = _permuted(_bits(key), PC1)
    c, d = chosen[:28], chosen[28:]
    bits = _permuted(_bits(block), IP)
    left, right = bits[:32], bits[32:]
    for shift in SHIFTS:
        c, d = c[shift:] + c[:shift], d[shift:] + d[:shift]
        mixed = _mixed(right, _permuted(c + d, PC2))
        left, right = right, [a ^ b for a, b in zip(left, mixed, strict=True)]
    return _octets(_permuted(right + left, FP))


def rc4(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt, as it was published in 1994."""
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for octet in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(octet ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def des_encrypt(clear: bytes, key: bytes) -> bytes:
    """DesEncrypt, section 8.6: seven octets of key, each bit in eight made room for parity."""
    bits = _bits(key[:7])
    spread = [bit for i in range(0, 56, 7) for bit in (*bits[i : i + 7], 0)]
    return des(_octets(spread), clear)


def password_block(new: str, old: str, entropy: Callable[[int], bytes]) -> bytes:
    """NewPasswordEncryptedWithOldNtPasswordHash, sections 8.9 and 8.10."""
    text = new.encode("utf-16-le")
    clear = entropy(512 - len(text)) + text + len(text).to_bytes(4, "little")
    return rc4(mschap.nt_hash(old), clear)


def encrypted_hash(new: str, old: str) -> bytes:
    """OldNtPasswordHashEncryptedWithNewNtPasswordHash, sections 8.12 and 8.13."""
    block, clear = mschap.nt_hash(new), mschap.nt_hash(old)
    return des_encrypt(clear[:8], block[:7]) + des_encrypt(clear[8:], block[7:14])


def change_password(
    passwords: tuple[str, str], name: bytes, challenge: bytes, entropy: Callable[[int], bytes]
) -> bytes:
    """Return the data of a Change-Password packet, section 7; `passwords` are new and old."""
    new, old = passwords
    own = entropy(16)
    response = mschap.nt_response(challenge, own, name, mschap.nt_hash(new))
    head = password_block(new, old, entropy) + encrypted_hash(new, old)
    return head + own + bytes(8) + response + bytes(2)
