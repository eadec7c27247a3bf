"""Serial-number order (RFC 1982) for counters that wrap, as L2TP's Ns and Nr do."""


def before(left: int, right: int, bits: int = 16) -> bool:
    """Tell whether `left` comes before `right` in the half circle that ends at `right`."""
    return left != right and (right - left) % (1 << bits) < 1 << (bits - 1)


def distance(left: int, right: int, bits: int = 16) -> int:
    """Count the steps forward from `left` to `right`."""
    return (right - left) % (1 << bits)
