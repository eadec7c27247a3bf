"""The Internet checksum (RFC 1071) and its incremental update (RFC 1624)."""

_FOLDS = tuple((bits, (1 << bits) - 1) for bits in (6144, 3072, 1536, 768))
_LONG = 1 << 2048


def reduced(total: int) -> int:
    """Return the one's complement sum of the 16-bit words of `total`, which may be a sum."""
    if total > _LONG:
        # Halves are added faster than a long number is divided.
        for bits, mask in _FOLDS:
            total = (total >> bits) + (total & mask)
    # 65536 is 1 modulo 65535, so the remainder is the sum; only nothing sums up to zero.
    return total % 0xFFFF or (0xFFFF if total else 0)


def partial(data: bytes) -> int:
    """Return the one's complement sum, which a checksum is the complement of.

    A zero octet is thought behind an odd length.
    """
    return reduced(int.from_bytes(data) << (8 * (len(data) & 1)))


def checksum(data: bytes) -> int:
    """Return the checksum of `data`; a zero octet is thought behind an odd length."""
    return 0xFFFF - partial(data)


def updated(old_checksum: int, old_word: int, new_word: int) -> int:
    """Return the checksum after one 16-bit word of the message changed (RFC 1624 equation 3)."""
    total = (0xFFFF - old_checksum) + (0xFFFF - old_word) + new_word
    total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16))
