"""One row per algorithm, with every number it is known by; the only door to `cryptography`."""
