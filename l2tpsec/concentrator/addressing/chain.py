"""Asks the address sources in the configured order; the lease remembers whence it came."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from l2tpsec.concentrator.addressing.pool import Pool, is_host_address
from l2tpsec.model.grant import Grant
from l2tpsec.protocols.dhcp.packet import Options

_EMPTY = "no address is free: enlarge [address] pool, or see why another source has none"
_OUTER = "{0}, which RADIUS wants, is one by which the client's tunnel itself runs"


@dataclass(frozen=True, slots=True)
class Lease:
    """An address, its holder's number and the source's name; `options` are a DHCP server's."""

    address: IPv4Address
    holder: int
    source: str
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A source is to be asked elsewhere; its answer goes to `adopt`."""

    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The address that RADIUS wants for this user is held by another session."""

    address: IPv4Address
    holder: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No source has an address; `text` says why, and what to do."""

    text: str


class Chain:
    """`sources` names, in order, of "radius" (Framed-IP-Address), "dhcp" and "pool".

    A user for whom RADIUS names one of the pools in `named` (Framed-Pool, RFC 2869 section 5.18)
    gets an address of that one or none. Each address is kept in the one pool that contains it.
    Those in `reserved` are nobody's, whoever wants it: the box needs them.
    """

    def __init__(
        self,
        sources: tuple[str, ...],
        pool: Pool,
        named: Mapping[str, Pool] | None = None,
        reserved: Collection[IPv4Address] = (),
    ) -> None:
        self._sources = sources
        self._pool = pool
        self._named = named or {}
        self._reserved = frozenset(reserved)
        self._elsewhere: dict[IPv4Address, str] = {}

    @property
    def leased(self) -> int:
        """How many addresses are out."""
        return len(self._pool) + sum(map(len, self._named.values()))

    def acquire(
        self,
        grant: Grant,
        holder: int,
        without: Collection[str] = (),
        wish: IPv4Address | None = None,
        outer: Collection[str] = (),
    ) -> Lease | Taken | Awaited | Exhausted:
        """Lease an address for the grant, of no source in `without`.

        A pool gives the one in `wish` if the grant lets the client choose and the address is free.
        RADIUS can name none in `outer`, between which the client's tunnel runs: it would run into
        itself.
        """
        wish = wish if grant.client_may_choose else None
        for source in self._sources:
            if source in without:
                continue
            match source:
                case "radius" if grant.address is not None:
                    if str(grant.address) in outer:
                        return Exhausted(_OUTER.format(grant.address))
                    return self._framed(grant.address, grant.user, holder)
                case "radius" | "pool" if grant.pool:
                    return self._of_named(grant.pool, grant.user, holder, wish)
                case "pool":
                    address = self._pool.acquire(holder, grant.user, wish)
                    return Lease(address, holder, source) if address else Exhausted(_EMPTY)
                case "dhcp":
                    return Awaited(source)
                case _:
                    continue
        return Exhausted(_EMPTY)

    def _of_named(
        self, name: str, user: str, holder: int, wish: IPv4Address | None
    ) -> Lease | Exhausted:
        pool = self._named.get(name)
        if pool is None:
            return Exhausted(f"RADIUS names the pool {name!r}, and there is no [pools.{name}]")
        address = pool.acquire(holder, user, wish)
        if address is None:
            return Exhausted(f"no address is free in the pool {name!r}: enlarge [pools.{name}]")
        return Lease(address, holder, f"pool {name}")

    def _framed(self, address: IPv4Address, user: str, holder: int) -> Lease | Taken | Exhausted:
        if not is_host_address(address) or address in self._reserved:
            return Exhausted(f"{address}, which RADIUS wants, cannot be a client's")
        if refusal := self._elsewhere.get(address):
            return Exhausted(refusal)
        home = self.home(address)
        if home.reserve(address, holder, user):
            return Lease(address, holder, "radius")
        return Taken(address, home.holder(address) or 0)

    def set_elsewhere(self, address: IPv4Address, refusal: str) -> None:
        """Take note that another worker's session has an address, or, without a refusal, none."""
        self._elsewhere.pop(address, None)
        if refusal:
            self._elsewhere[address] = refusal

    def withhold(self, address: IPv4Address) -> None:
        """Lease an address to none but whom RADIUS names it for."""
        self.home(address).withhold(address)

    def home(self, address: IPv4Address) -> Pool:
        """Return the pool that keeps the address; the usual one keeps those of no pool."""
        return next((pool for pool in self._named.values() if address in pool), self._pool)

    def pooled(self, address: IPv4Address) -> bool:
        """Tell whether the address is of a pool."""
        return address in self.home(address)

    def adopt(self, address: IPv4Address, holder: int, user: str, options: Options) -> Lease | None:
        """Take over what a DHCP server leased; None when another session has the address.

        None also for an address that no client can use.
        """
        home = self.home(address)
        usable = home.usable(address) and address not in self._reserved
        if usable and home.reserve(address, holder, user):
            return Lease(address, holder, "dhcp", options)
        return None

    def release(self, lease: Lease) -> None:
        """Give the address back to where it came from."""
        self.home(lease.address).release(lease.address, lease.holder)
