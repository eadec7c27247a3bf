"""Every pair of ESP SAs of the box; SPIs of ours are unique over all peers (RFC 4301 4.1)."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.path import Endpoint
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.ike.effects import IkeSaId

# RFC 4303 section 2.1 reserves 1 to 255, and zero.
FIRST_SPI = 256

Key = TypeVar("Key", bound=Hashable)
Index = dict[Key, tuple[int, ...]]
"""Our SPIs by something that mostly has one, oldest first."""


@dataclass(slots=True)
class Held:
    """What IKE keeps of a pair: who made it, the peer's SPI and present place; no keys."""

    sa: IkeSaId
    identity: str
    outbound_spi: int
    encapsulated: bool
    remote: Endpoint
    confirmed: bool = False


class Pairs:
    """Pairs by the SPI of each direction; they outlive the ISAKMP SA that made them."""

    __slots__ = ("_by_maker", "_by_outbound", "_held")

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._by_outbound: Index[int] = {}
        self._by_maker: Index[IkeSaId] = {}

    def __len__(self) -> int:
        return len(self._held)

    def fresh_spi(self, entropy: Entropy) -> int:
        """Return a random SPI that no live pair has."""
        while (spi := int.from_bytes(entropy(4))) < FIRST_SPI or spi in self._held:
            pass
        return spi

    def add(self, sa: IkeSaId, identity: str, pair: SaPair) -> None:
        """Hold a pair, with the identity of who made it, until it is removed."""
        spi, remote = pair.inbound_spi, pair.path.remote
        self._held[spi] = Held(sa, identity, pair.outbound_spi, pair.encapsulated, remote)
        _enlist(self._by_outbound, pair.outbound_spi, spi)
        _enlist(self._by_maker, sa, spi)

    def get(self, inbound_spi: int) -> Held | None:
        """Return the pair of that SPI of ours."""
        return self._held.get(inbound_spi)

    def remove(self, inbound_spi: int) -> Held | None:
        """Forget a pair."""
        held = self._held.pop(inbound_spi, None)
        if held:
            _unlist(self._by_outbound, held.outbound_spi, inbound_spi)
            _unlist(self._by_maker, held.sa, inbound_spi)
        return held

    def all(self) -> list[int]:
        """Return our SPI of every pair, oldest first."""
        return list(self._held)

    def made_by(self, sa: IkeSaId) -> list[int]:
        """Return our SPIs of the pairs that an ISAKMP SA made, oldest first."""
        return list(self._by_maker.get(sa, ()))

    def named_by_peer(
        self, outbound_spi: int, sa: IkeSaId, identity: str, remote: Endpoint
    ) -> list[int]:
        """Return our SPIs of the pairs that a peer means by its own SPI.

        A Delete may come in another ISAKMP SA than the one that made the pair, from the same place
        and identity: SPIs are read on the wire, and places forged, by whoever has the key. Two
        clients may have the same SPI.
        """
        candidates = [(spi, self._held[spi]) for spi in self._by_outbound.get(outbound_spi, ())]
        return [
            spi
            for spi, held in candidates
            if held.sa == sa or (held.identity == identity and _same_place(held, remote))
        ]

    def move(self, inbound_spis: Iterable[int], remote: Endpoint) -> None:
        """Follow the peer of these pairs to its new place."""
        for spi in inbound_spis:
            if held := self._held.get(spi):
                held.remote = remote


def _enlist(index: Index[Key], key: Key, spi: int) -> None:
    index[key] = (*index.get(key, ()), spi)


def _unlist(index: Index[Key], key: Key, spi: int) -> None:
    left = tuple(each for each in index.pop(key, ()) if each != spi)
    if left:
        index[key] = left


def _same_place(held: Held, remote: Endpoint) -> bool:
    # Behind one NAT the port tells clients apart; without a NAT IKE and ESP share the address only.
    if held.encapsulated:
        return held.remote == remote
    return held.remote.address == remote.address
