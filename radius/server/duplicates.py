"""Repeated requests get the reply they got before (RFC 5080 section 2.2.2)."""

import hashlib
from collections import OrderedDict

from radius.packet import Packet

_Key = tuple[tuple[str, int], bytes]


class Duplicates:
    """Replies by the source and the whole contents of their request, for a while, bounded."""

    def __init__(self, keep_seconds: float, most: int) -> None:
        self._keep_seconds = keep_seconds
        self._most = most
        self._replies: OrderedDict[_Key, tuple[float, bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._replies)

    def find(self, request: Packet, source: tuple[str, int], now: float) -> bytes | None:
        """Return the reply that this very request was given, or None."""
        while self._replies and next(iter(self._replies.values()))[0] <= now:
            self._replies.popitem(last=False)
        stored = self._replies.get(_key(request, source))
        return stored[1] if stored else None

    def keep(self, request: Packet, source: tuple[str, int], reply: bytes, now: float) -> None:
        """Remember a reply; the oldest makes room."""
        self._replies[_key(request, source)] = (now + self._keep_seconds, reply)
        if len(self._replies) > self._most:
            self._replies.popitem(last=False)


def _key(request: Packet, source: tuple[str, int]) -> _Key:
    return source, hashlib.blake2b(request.octets, digest_size=16).digest()
