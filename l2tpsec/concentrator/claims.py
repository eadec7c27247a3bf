"""Addresses that RADIUS names for a user: who must give one up for whom.

A session of the same user that holds it ends, as a lost link left it behind; a session of somebody
else keeps it. Workers know their own sessions only: before a session gets such an address the
others are asked for it, and from then on it is leased from nobody's pool.
"""

from ipaddress import IPv4Address

from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.effects import Apply, Claim
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers


class Claims:
    """Ours under way, and our answers to those of others; `alone` nobody need be asked."""

    def __init__(self, subscribers: Subscribers, chain: Chain, *, alone: bool) -> None:
        self._subscribers = subscribers
        self._chain = chain
        self._alone = alone
        self._waiting: dict[int, Apply] = {}

    def claim(self, wish: Apply) -> Claim | None:
        """Return what to ask the others before a session may be; None if it may be at once."""
        if self._alone or wish.address is None:
            return None
        self._waiting[wish.number] = wish
        return Claim(wish.number, wish.user, wish.address)

    def answered(self, number: int, refusal: str) -> Apply | None:
        """Take the others' answer, "" if they have no objection; None if the session is over."""
        wish = self._waiting.pop(number, None)
        if wish is not None and wish.address is not None:
            self._chain.set_elsewhere(wish.address, refusal)
        return wish

    def forget(self, number: int) -> None:
        """Want nothing for this session any more."""
        self._waiting.pop(number, None)

    def concede(self, user: str, address: IPv4Address) -> tuple[str, list[Subscriber]]:
        """Let another worker's user have an address: say why not, or which sessions must end."""
        for wish in self._waiting.values():
            if wish.address == address and not _same(wish.user, user):
                return f"the address that RADIUS wants is about to be {wish.user!r}'s", []
        holder = self._subscribers.get(self._chain.home(address).holder(address) or 0)
        refusal, ending = _judge(user, holder)
        if not refusal:
            self._chain.withhold(address)
        return refusal, ending

    def evict(self, user: str, number: int) -> tuple[str, list[Subscriber]]:
        """Let a user here have the address of a session: say why not, or which must end."""
        return _judge(user, self._subscribers.get(number))


def _judge(user: str, holder: Subscriber | None) -> tuple[str, list[Subscriber]]:
    if holder is None:
        return "", []
    if not _same(holder.user, user):
        text = f"is held by {holder.user!r} (session {holder.number})"
        return f"the address that RADIUS wants {text}", []
    return "", [holder]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
