"""Randomness is an argument: a test injects a seeded source, the runtime `os.urandom`."""

from collections.abc import Callable

Entropy = Callable[[int], bytes]
