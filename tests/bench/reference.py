"""The loop that everything is compared with. It must stay as it is: stored ratios are to this.

It does what a packet's path does, in about the same parts: attributes, slices, small integers,
dictionaries, calls, and AES, HMAC and GCM of the same library. So a ratio to it is nearly the same
on another processor, and under another build of Python.
"""

from struct import Struct

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

STEPS = 200

_head = Struct(">II")


class Reference:
    """A made-up packet's way, there and back."""

    __slots__ = ("_aead", "_encrypt", "_hmac", "_numbers", "_octets", "_rows")

    def __init__(self) -> None:
        self._encrypt = Cipher(AES(bytes(32)), CBC(bytes(16))).encryptor().update
        self._hmac = hmac.HMAC(bytes(20), hashes.SHA1())
        self._aead = AESGCM(bytes(32))
        self._rows = {number.to_bytes(4): [number] for number in range(64)}
        self._octets = bytes(range(176))
        self._numbers = 0

    def run(self) -> None:
        """Take all steps."""
        for number in range(STEPS):
            self._step(number)

    def _step(self, number: int) -> None:
        octets = self._octets
        packet = _head.pack(number, len(octets)) + self._encrypt(octets)
        packet += self._proof(packet)[:12]
        (first, size) = _head.unpack_from(packet)
        row = self._rows.get(packet[:4])
        if row is not None:
            row.append(first + size)
            if len(row) > 8:
                row.clear()
        sealed = self._aead.encrypt(packet[8:20], packet[20:], packet[:8])
        opened = self._aead.decrypt(packet[8:20], sealed, packet[:8])
        self._sum(opened)

    def _proof(self, packet: bytes) -> bytes:
        context = self._hmac.copy()
        context.update(packet)
        return context.finalize()

    def _sum(self, octets: bytes) -> None:
        at, total = 0, 0
        while at < 24:
            total += int.from_bytes(octets[at : at + 2])
            if octets[at] & 0x80 and octets[at + 1] != 0:
                total ^= at
            at += 2
        self._numbers = (self._numbers + total) & 0xFFFF
