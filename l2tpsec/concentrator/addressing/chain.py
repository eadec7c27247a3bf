"""Asks the address sources in the configured order; the lease remembers whence it came."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from l2tpsec.concentrator.addressing.pool import Pool, is_host_address
from l2tpsec.model.grant import Grant


@dataclass(frozen=True, slots=True)
class Lease:
    """An address, its holder's number and the source's name."""

    address: IPv4Address
    holder: int
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The address that RADIUS wants for this user is held by another session."""

    address: IPv4Address
    holder: int


class Chain:
    """`sources` names, in order, of "radius" (Framed-IP-Address) and "pool"."""

    def __init__(self, sources: tuple[str, ...], pool: Pool) -> None:
        self._sources = sources
        self._pool = pool

    @property
    def leased(self) -> int:
        """How many addresses are out."""
        return len(self._pool)

    def acquire(self, grant: Grant, holder: int) -> Lease | Taken | None:
        """Lease an address for the grant; None when no source has one."""
        for source in self._sources:
            match source:
                case "radius" if grant.address is not None:
                    return self._framed(grant.address, grant.user, holder)
                case "pool":
                    address = self._pool.acquire(holder, grant.user)
                    return Lease(address, holder, source) if address else None
                case _:
                    continue
        return None

    def _framed(self, address: IPv4Address, user: str, holder: int) -> Lease | Taken | None:
        if not is_host_address(address):
            return None
        if self._pool.reserve(address, holder, user):
            return Lease(address, holder, "radius")
        return Taken(address, self._pool.holder(address) or 0)

    def release(self, lease: Lease) -> None:
        """Give the address back to where it came from."""
        self._pool.release(lease.address, lease.holder)
