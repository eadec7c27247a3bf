"""A pool of IPv4 addresses that gives each to one holder and gets every one back."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network


def is_host_address(address: IPv4Address) -> bool:
    """Tell whether a client may have it: Windows cannot use L2TP with .0 or .255 at the end.

    No host has one of 0/8, 127/8, 169.254/16, or from 224 on.
    """
    first, second, _, last = address.packed
    unicast = 0 < first < 224 and first != 127 and (first, second) != (169, 254)
    return unicast and last not in (0, 255)


class Pool:
    """Leases addresses of `networks`, never an excluded one.

    A user keeps his last address while it is free. Fresh ones go first, then those released longest
    ago, so that a packet for a session that has just ended rarely reaches somebody else.
    """

    def __init__(self, networks: Iterable[IPv4Network], excluded: Iterable[IPv4Address]) -> None:
        self._networks = tuple(networks)
        self._excluded = frozenset(excluded)
        self._fresh = self._hosts()
        self._free: OrderedDict[IPv4Address, None] = OrderedDict()
        self._holders: dict[IPv4Address, int] = {}
        self._last: OrderedDict[str, IPv4Address] = OrderedDict()

    def _hosts(self) -> Iterator[IPv4Address]:
        for network in self._networks:
            for address in network:
                if self.usable(address):
                    yield address

    def usable(self, address: IPv4Address) -> bool:
        """Tell whether a client may have the address, in the pool or not."""
        return is_host_address(address) and address not in self._excluded

    def __len__(self) -> int:
        return len(self._holders)

    def __contains__(self, address: IPv4Address) -> bool:
        return any(address in network for network in self._networks)

    def holder(self, address: IPv4Address) -> int | None:
        """Return the number of the session that holds the address."""
        return self._holders.get(address)

    def acquire(
        self, holder: int, user: str, wish: IPv4Address | None = None
    ) -> IPv4Address | None:
        """Lease an address, the one wished for if it is free; None when all are taken."""
        address = self._wished(wish) or self._sticky(user) or self._next()
        if address is not None:
            self._lease(address, holder, user)
        return address

    def reserve(self, address: IPv4Address, holder: int, user: str) -> bool:
        """Lease this very address, in the pool or not; False when another session holds it."""
        if self._holders.get(address, holder) != holder:
            return False
        self._lease(address, holder, user)
        return True

    def withhold(self, address: IPv4Address) -> None:
        """Lease an address by `reserve` alone from now on; one that is not in the pool is not."""
        if address in self:
            self._excluded |= {address}
            self._free.pop(address, None)

    def release(self, address: IPv4Address, holder: int) -> None:
        """Give an address back; only its holder can."""
        if self._holders.get(address) != holder:
            return
        del self._holders[address]
        if address in self and self.usable(address):
            self._free[address] = None

    def _wished(self, wish: IPv4Address | None) -> IPv4Address | None:
        free = wish is not None and wish in self and wish not in self._holders
        return wish if wish is not None and free and self.usable(wish) else None

    def _sticky(self, user: str) -> IPv4Address | None:
        address = self._last.get(user)
        return address if address in self._free else None

    def _next(self) -> IPv4Address | None:
        for address in self._fresh:
            if address not in self._holders and address not in self._free:
                return address
        return next(iter(self._free), None)

    def _lease(self, address: IPv4Address, holder: int, user: str) -> None:
        self._free.pop(address, None)
        self._holders[address] = holder
        self._last[user] = address
        self._last.move_to_end(user)
        if len(self._last) > 65536:
            self._last.popitem(last=False)
