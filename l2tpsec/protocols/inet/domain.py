"""Domain names as octets (RFC 1035 section 3.1), uncompressed."""


def encode(name: str) -> bytes:
    """Return the labels of `name`; one that is empty or longer than 63 octets is left out."""
    labels = (label.encode("ascii", "ignore") for label in name.split("."))
    fit = (label for label in labels if 0 < len(label) < 64)
    return b"".join(bytes((len(label),)) + label for label in fit) + b"\0"
