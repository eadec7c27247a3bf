"""Repeated requests get the reply they got before (RFC 5080 section 2.2.2)."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from radius.packet import Packet

_ENTRY_OCTETS = 500
"""What an entry takes beside its reply: its place, the digest, the dictionary's own."""


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    digest: bytes
    reply: bytes

    @property
    def octets(self) -> int:
        return len(self.reply) + _ENTRY_OCTETS


@dataclass(slots=True)
class _Share:
    """What one client's requests were answered, in the order of time."""

    replies: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)
    octets: int = 0

    def put(self, place: Hashable, kept: _Kept) -> None:
        self.take(place)
        self.replies[place] = kept
        self.octets += kept.octets

    def take(self, place: Hashable) -> None:
        if old := self.replies.pop(place, None):
            self.octets -= old.octets

    def forget_oldest(self) -> None:
        self.octets -= self.replies.popitem(last=False)[1].octets

    def expire(self, now: float) -> None:
        while self.replies and next(iter(self.replies.values())).until <= now:
            self.forget_oldest()


class Duplicates:
    """Replies by whole requests, each for a while, bounded in memory.

    A request's `place` is what a later one, of other contents, makes free: the source and the
    identifier, where a client is through with a request whose identifier it uses again. Only what
    is verified may be kept. When there is no room left, whichever client has most pays for it.
    """

    def __init__(self, keep_seconds: float, most_octets: int) -> None:
        self._keep_seconds = keep_seconds
        self._most_octets = most_octets
        self._shares: dict[str, _Share] = {}
        self._octets = 0

    def __len__(self) -> int:
        return sum(len(share.replies) for share in self._shares.values())

    def find(self, client: str, place: Hashable, request: Packet, now: float) -> bytes | None:
        """Return the reply that this very request was given, or None."""
        kept = share.replies.get(place) if (share := self._shares.get(client)) else None
        if kept is None or kept.until <= now or kept.digest != _digest(request):
            return None
        return kept.reply

    def keep(self, client: str, place: Hashable, request: Packet, reply: bytes, now: float) -> None:
        """Remember a reply."""
        share = self._shares.setdefault(client, _Share())
        before = share.octets
        share.expire(now)
        share.put(place, _Kept(now + self._keep_seconds, _digest(request), reply))
        self._octets += share.octets - before
        while self._octets > self._most_octets:
            self._make_room()

    def _make_room(self) -> None:
        fullest = max(self._shares.values(), key=lambda share: share.octets)
        before = fullest.octets
        fullest.forget_oldest()
        self._octets += fullest.octets - before


def _digest(request: Packet) -> bytes:
    return hashlib.blake2b(request.octets, digest_size=16).digest()
