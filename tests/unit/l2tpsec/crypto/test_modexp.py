"""Both engines agree; the slow one is the oracle."""

from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpsec.crypto.modexp import best, modexp


@settings(max_examples=100)
@given(
    modulus=st.integers(3, 2**512).map(lambda number: number | 1),
    base=st.integers(0, 2**512),
    exponent=st.integers(0, 2**256),
)
def test_libcrypto_equals_pow(modulus: int, base: int, exponent: int) -> None:
    # The engine wants operands no longer than the modulus, as all of Diffie-Hellman's are.
    exponent %= modulus
    assert modexp(base % modulus, exponent, modulus) == pow(base, exponent, modulus)


def test_without_the_library_pow_serves() -> None:
    assert best("libcrypto.so.none") is pow
