"""libnftables, which the program `nft` is a shell of: tables made through it can be its caller's.

A table of flags `owner` ends with the socket that made it (Linux 5.12), and nobody else can change
or flush it.
"""

import ctypes
import socket
from typing import Self

from l2tpsec.dataplane.contract import DataPlaneError

_NAME = "libnftables.so.1"
_NETFILTER = 12


class Nftables:
    """One socket to the kernel's nftables; what it owns lives as long."""

    def __init__(self, library: ctypes.CDLL) -> None:
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        library.nft_ctx_new.argtypes, library.nft_ctx_new.restype = [ctypes.c_uint32], pointer
        for name in ("nft_ctx_free", "nft_ctx_buffer_error", "nft_ctx_buffer_output"):
            getattr(library, name).argtypes = [pointer]
        library.nft_ctx_get_error_buffer.argtypes = [pointer]
        library.nft_ctx_get_error_buffer.restype = text
        library.nft_run_cmd_from_buffer.argtypes = [pointer, text]
        self._library = library
        self._context: int | None = library.nft_ctx_new(0)
        library.nft_ctx_buffer_error(self._context)
        library.nft_ctx_buffer_output(self._context)

    @classmethod
    def opened(cls) -> Self | None:
        """Return one; None where the library or the kernel's part is missing."""
        try:
            # Without such a socket the library would end the process.
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER).close()
            return cls(ctypes.CDLL(_NAME))
        except (OSError, AttributeError):
            return None

    def run(self, script: str) -> None:
        """Carry out a script, all of it or nothing; DataPlaneError tells why it was nothing."""
        if self._library.nft_run_cmd_from_buffer(self._context, script.encode()):
            message: bytes = self._library.nft_ctx_get_error_buffer(self._context)
            raise DataPlaneError((message.decode().strip().splitlines() or ["no message"])[0])

    def close(self) -> None:
        """Close the socket: what it owns ends."""
        if self._context is not None:
            self._library.nft_ctx_free(self._context)
            self._context = None
