"""The Internet checksum (RFC 1071) and its incremental update (RFC 1624)."""


def checksum(data: bytes) -> int:
    """Return the checksum of `data`; a zero octet is thought behind an odd length."""
    total = int.from_bytes(data) << (8 * (len(data) & 1))
    if total == 0:
        return 0xFFFF
    # 65536 is 1 modulo 65535, so the remainder is the one's complement sum of the 16-bit words.
    return 0xFFFF - (total % 0xFFFF or 0xFFFF)


def updated(old_checksum: int, old_word: int, new_word: int) -> int:
    """Return the checksum after one 16-bit word of the message changed (RFC 1624 equation 3)."""
    total = (0xFFFF - old_checksum) + (0xFFFF - old_word) + new_word
    total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16))
