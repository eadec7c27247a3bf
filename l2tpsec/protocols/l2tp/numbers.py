"""Tunnel ID and Session ID (RFC 2661 section 3.1): 16 bits, of which 0 means none."""

from collections.abc import Container

from l2tpsec.foundation.entropy import Entropy

HIGHEST = 0xFFFF


def free_number(entropy: Entropy, taken: Container[int]) -> int:
    """Return a random number of 1 to 65535 that is not taken; one must be free."""
    start = int.from_bytes(entropy(2))
    numbers = ((start + step) % HIGHEST + 1 for step in range(HIGHEST))
    return next(number for number in numbers if number not in taken)
