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
    """Ours, and our answers to those of others; `alone` nobody need be asked.

    What others have promised is a session's until its end: it has no lease yet, and may want one.
    """

    def __init__(self, subscribers: Subscribers, chain: Chain, *, alone: bool) -> None:
        self._subscribers = subscribers
        self._chain = chain
        self._alone = alone
        self._wishes: dict[int, Apply] = {}
        self._promised: dict[IPv4Address, int] = {}

    def claim(self, wish: Apply) -> Claim | None:
        """Return what to ask the others before a session may be; None if it may be at once."""
        if self._alone or (wish.address is None and wish.most is None):
            return None
        self._wishes[wish.number] = wish
        return Claim(wish.number, wish.user, wish.most, wish.replace, wish.address)

    def answered(self, number: int, refusal: str) -> Apply | None:
        """Take what the others say of the address; None if the session is over."""
        wish = self._wishes.get(number)
        if wish is not None and wish.address is not None:
            self._chain.set_elsewhere(wish.address, refusal)
            if not refusal:
                self._promised[wish.address] = number
        return wish

    def forget(self, number: int) -> None:
        """Want nothing for this session any more."""
        wish = self._wishes.pop(number, None)
        address = wish.address if wish else None
        if address is not None and self._promised.get(address) == number:
            del self._promised[address]

    def concede(self, user: str, address: IPv4Address) -> tuple[str, list[Subscriber]]:
        """Let another worker's user have an address: say why not, or which sessions must end.

        Whoever still waits for an answer has no say: his turn comes when this one is over.
        """
        holders = {self._chain.home(address).holder(address), self._promised.get(address)}
        judged = [_judge(user, self._subscribers.get(number or 0)) for number in holders]
        if refusal := next((text for text, _ in judged if text), ""):
            return refusal, []
        self._chain.withhold(address)
        return "", [holder for _, ending in judged for holder in ending]

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
