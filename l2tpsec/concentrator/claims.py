"""Addresses and prefixes that RADIUS names for a user: who must give one up for whom.

A session of the same user that holds the address ends, as a lost link left it behind, and one that
has the prefix goes on without; a session of somebody else keeps what it has. Workers know their own
sessions only: before a session gets such a place the others are asked for it, and from then on it
is leased from nobody's pool.
"""

from ipaddress import IPv4Address, IPv6Network

from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.prefixes import Reserves
from l2tpsec.concentrator.effects import Apply, Claim, Ruling
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers

Place = IPv4Address | IPv6Network

_ADDRESS = "the address that RADIUS wants"


class Claims:
    """Ours, and our answers to those of others; `alone` nobody need be asked.

    What others have promised is a session's until its end: it has no lease yet, and may want one.
    """

    def __init__(
        self, subscribers: Subscribers, chain: Chain, prefixes: Reserves, *, alone: bool
    ) -> None:
        self._subscribers = subscribers
        self._chain = chain
        self._prefixes = prefixes
        self._alone = alone
        self._wishes: dict[int, Apply] = {}
        self._promised: dict[Place, int] = {}

    def claim(self, wish: Apply) -> Claim | None:
        """Return what to ask the others before a session may be; None if it may be at once."""
        prefix = self._prefix(wish)
        if self._alone or (wish.most is None and wish.address is None and prefix is None):
            return None
        self._wishes[wish.number] = wish
        return Claim(wish.number, wish.user, wish.most, wish.replace, wish.address, prefix)

    def _prefix(self, wish: Apply) -> IPv6Network | None:
        return wish.prefix if self._prefixes else None

    def answered(self, number: int, ruling: Ruling) -> Apply | None:
        """Take what the others say of the address and the prefix; None if the session is over."""
        wish = self._wishes.get(number)
        if wish is None:
            return None
        if wish.address is not None:
            self._chain.set_elsewhere(wish.address, ruling.address_refusal)
            self._promise(wish.address, number, ruling.address_refusal)
        if (prefix := self._prefix(wish)) is not None:
            self._prefixes.set_elsewhere(prefix, ruling.prefix_refusal)
            self._promise(prefix, number, ruling.prefix_refusal)
        return wish

    def _promise(self, place: Place, number: int, refusal: str) -> None:
        if not refusal:
            self._promised[place] = number

    def forget(self, number: int) -> None:
        """Want nothing for this session any more."""
        if (wish := self._wishes.pop(number, None)) is None:
            return
        for place in (wish.address, wish.prefix):
            if place is not None and self._promised.get(place) == number:
                del self._promised[place]

    def concede(self, user: str, place: Place) -> tuple[str, list[Subscriber]]:
        """Let another worker's user have a place: say why not, or which sessions must end.

        Whoever still waits for an answer has no say: his turn comes when this one is over.
        """
        holders = {self._holder(place), self._promised.get(place)}
        judged = [_judge(user, self._subscribers.get(number or 0)) for number in holders]
        if refusal := next((text for text, _ in judged if text), ""):
            return _about(place, refusal), []
        self.withhold(place)
        if isinstance(place, IPv4Address):
            return "", [holder for _, ending in judged for holder in ending]
        self._prefixes.home(place).release(place, self._holder(place) or 0)
        return "", []

    def _holder(self, place: Place) -> int | None:
        if isinstance(place, IPv4Address):
            return self._chain.home(place).holder(place)
        return self._prefixes.home(place).holder(place)

    def withhold(self, place: Place) -> None:
        """Lease a place to none but whom RADIUS names it for."""
        if isinstance(place, IPv4Address):
            self._chain.withhold(place)
        else:
            self._prefixes.withhold(place)

    def evict(self, user: str, number: int) -> tuple[str, list[Subscriber]]:
        """Let a user here have the address of a session: say why not, or which must end."""
        refusal, ending = _judge(user, self._subscribers.get(number))
        return (f"{_ADDRESS} {refusal}" if refusal else ""), ending


def _about(place: Place, refusal: str) -> str:
    return f"{_ADDRESS} {refusal}" if isinstance(place, IPv4Address) else refusal


def _judge(user: str, holder: Subscriber | None) -> tuple[str, list[Subscriber]]:
    if holder is None:
        return "", []
    if not _same(holder.user, user):
        return f"is held by {holder.user!r} (session {holder.number})", []
    return "", [holder]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
