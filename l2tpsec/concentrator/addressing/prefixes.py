"""A pool of IPv6 prefixes, one /64 for each session; the first is the gateway's own."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network

PREFIX_BITS = 64
_REMEMBERED_USERS = 65536


class Prefixes:
    """Leases the /64s of `pool`, none without a pool.

    A user keeps his last prefix while it is free; fresh ones go first, then those released longest
    ago.
    """

    def __init__(self, pool: IPv6Network | None) -> None:
        self._pool = pool
        self._fresh = 1
        self._free: OrderedDict[IPv6Network, None] = OrderedDict()
        self._withheld: set[IPv6Network] = set()
        self._holders: dict[IPv6Network, tuple[int, str]] = {}
        self._last: OrderedDict[str, IPv6Network] = OrderedDict()

    def __len__(self) -> int:
        return len(self._holders)

    def __bool__(self) -> bool:
        return self._pool is not None

    def __contains__(self, prefix: IPv6Network) -> bool:
        return self._pool is not None and prefix.subnet_of(self._pool)

    def fits(self, prefix: IPv6Network) -> bool:
        """Tell whether a client may have it: a /64 of unicast addresses, not the gateway's."""
        first = prefix.network_address.packed[0]
        unicast = first >> 5 == 1 or first >> 1 == 0x7E
        return prefix.prefixlen == PREFIX_BITS and unicast and prefix != self._number(0)

    def holder(self, prefix: IPv6Network) -> int | None:
        """Return the number of the session that holds the prefix."""
        return self._holders[prefix][0] if prefix in self._holders else None

    def acquire(self, holder: int, user: str) -> IPv6Network | None:
        """Lease a prefix; None when all are taken."""
        prefix = self._sticky(user) or self._next()
        if prefix is not None:
            self._lease(prefix, holder, user)
        return prefix

    def reserve(self, prefix: IPv6Network, holder: int, user: str) -> bool:
        """Lease this very prefix, in the pool or not; False when another user's session has it.

        From a session of his own a user takes it over: that one is what a lost link left behind.
        """
        if self._holders.get(prefix, (0, user))[1] != user:
            return False
        self._lease(prefix, holder, user)
        return True

    def withhold(self, prefix: IPv6Network) -> None:
        """Lease a prefix by `reserve` alone from now on; one that is not in the pool is not."""
        if prefix in self:
            self._withheld.add(prefix)
            self._free.pop(prefix, None)

    def release(self, prefix: IPv6Network, holder: int) -> None:
        """Give a prefix back; only its holder can."""
        if self.holder(prefix) != holder:
            return
        del self._holders[prefix]
        if prefix in self and prefix not in self._withheld:
            self._free[prefix] = None

    def _sticky(self, user: str) -> IPv6Network | None:
        prefix = self._last.get(user)
        return prefix if prefix in self._free else None

    def _next(self) -> IPv6Network | None:
        while (prefix := self._number(self._fresh)) is not None:
            self._fresh += 1
            if not any(prefix in known for known in (self._holders, self._free, self._withheld)):
                return prefix
        return next(iter(self._free), None)

    def _number(self, index: int) -> IPv6Network | None:
        pool = self._pool
        if pool is None or index >= 1 << max(0, PREFIX_BITS - pool.prefixlen):
            return None
        first = int(pool.network_address) + (index << 128 - PREFIX_BITS)
        return IPv6Network((IPv6Address(first), PREFIX_BITS))

    def _lease(self, prefix: IPv6Network, holder: int, user: str) -> None:
        self._free.pop(prefix, None)
        self._holders[prefix] = holder, user
        self._last[user] = prefix
        self._last.move_to_end(user)
        if len(self._last) > _REMEMBERED_USERS:
            self._last.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Reserves:
    """The usual prefixes, and those that RADIUS names (Framed-IPv6-Pool, RFC 3162 section 2.6).

    Each prefix is kept where it belongs; the usual ones keep those of no pool.
    """

    usual: Prefixes
    named: Mapping[str, Prefixes] = field(default_factory=dict)
    elsewhere: dict[IPv6Network, str] = field(default_factory=dict)
    """Why a prefix is not to be had: another worker's session has it."""

    def __bool__(self) -> bool:
        return bool(self.usual)

    def home(self, prefix: IPv6Network) -> Prefixes:
        """Return who keeps the prefix."""
        return next((row for row in self.named.values() if prefix in row), self.usual)

    def set_elsewhere(self, prefix: IPv6Network, refusal: str) -> None:
        """Take note that another worker's session has a prefix, or, without a refusal, none."""
        self.elsewhere.pop(prefix, None)
        if refusal:
            self.elsewhere[prefix] = refusal

    def withhold(self, prefix: IPv6Network) -> None:
        """Lease a prefix to none but whom RADIUS names it for."""
        self.home(prefix).withhold(prefix)

    def pool(self, name: str) -> Prefixes | None:
        """Return the prefixes of that name, the usual ones for none."""
        return self.named.get(name) if name else self.usual
