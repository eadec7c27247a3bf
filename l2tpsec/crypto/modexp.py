"""Modular powers for MODP groups in constant time, by OpenSSL's bignum.

`libcrypto` is the library that Python's own `ssl` runs on; ctypes releases the GIL during the call.
A Python without it (static builds) falls back to `pow`, ten times slower.
"""

import ctypes
from collections.abc import Callable

Modexp = Callable[[int, int, int], int]


class Bignum:
    """The five functions of libcrypto that a power needs."""

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        self._new = self._bind(library, "BN_new", pointer)
        self._read = self._bind(library, "BN_bin2bn", pointer, text, number, pointer)
        self._write = self._bind(library, "BN_bn2binpad", number, pointer, text, number)
        self._free = self._bind(library, "BN_clear_free", None, pointer)
        self._scratch = self._bind(library, "BN_CTX_new", pointer)
        self._scratch_free = self._bind(library, "BN_CTX_free", None, pointer)
        self._power = self._bind(library, "BN_mod_exp_mont_consttime", number, *[pointer] * 6)

    @staticmethod
    def _bind(
        library: ctypes.CDLL, name: str, result: type | None, *arguments: type
    ) -> Callable[..., int]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
        return function  # type: ignore[no-any-return]  # a ctypes function takes what argtypes say

    def _number(self, value: int, octets: int) -> int:
        return self._read(value.to_bytes(octets), octets, None)

    def power(self, base: int, exponent: int, modulus: int) -> int:
        """Return base^exponent mod modulus, which is odd and at least as long as both."""
        octets = (modulus.bit_length() + 7) // 8
        result, scratch = self._new(), self._scratch()
        numbers = [self._number(value, octets) for value in (base, exponent, modulus)]
        out = ctypes.create_string_buffer(octets)
        try:
            done = self._power(result, *numbers, scratch, None)
            if not done or self._write(result, out, octets) != octets:
                raise MemoryError("libcrypto could not compute a modular power")
            return int.from_bytes(out.raw)
        finally:
            self._scratch_free(scratch)
            for number in (result, *numbers):
                self._free(number)


def best(name: str = "libcrypto.so.3") -> Modexp:
    """Return the fastest engine that this Python can load."""
    try:
        return Bignum(ctypes.CDLL(name)).power
    except (OSError, AttributeError):
        return pow


modexp: Modexp = best()
