"""Asks the address sources in the configured order; the lease remembers whence it came."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from l2tpsec.concentrator.addressing.pool import Pool, is_host_address
from l2tpsec.model.grant import Grant
from l2tpsec.protocols.dhcp.packet import Options


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


class Chain:
    """`sources` names, in order, of "radius" (Framed-IP-Address), "dhcp" and "pool"."""

    def __init__(self, sources: tuple[str, ...], pool: Pool) -> None:
        self._sources = sources
        self._pool = pool

    @property
    def leased(self) -> int:
        """How many addresses are out."""
        return len(self._pool)

    def acquire(
        self, grant: Grant, holder: int, without: Collection[str] = ()
    ) -> Lease | Taken | Awaited | None:
        """Lease an address for the grant; None when no source but those in `without` has one."""
        for source in self._sources:
            if source in without:
                continue
            match source:
                case "radius" if grant.address is not None:
                    return self._framed(grant.address, grant.user, holder)
                case "pool":
                    address = self._pool.acquire(holder, grant.user)
                    return Lease(address, holder, source) if address else None
                case "dhcp":
                    return Awaited(source)
                case _:
                    continue
        return None

    def _framed(self, address: IPv4Address, user: str, holder: int) -> Lease | Taken | None:
        if not is_host_address(address):
            return None
        if self._pool.reserve(address, holder, user):
            return Lease(address, holder, "radius")
        return Taken(address, self._pool.holder(address) or 0)

    def adopt(self, address: IPv4Address, holder: int, user: str, options: Options) -> Lease | None:
        """Take over what a DHCP server leased; None when another session has the address.

        None also for an address that no client can use.
        """
        if self._pool.usable(address) and self._pool.reserve(address, holder, user):
            return Lease(address, holder, "dhcp", options)
        return None

    def release(self, lease: Lease) -> None:
        """Give the address back to where it came from."""
        self._pool.release(lease.address, lease.holder)
