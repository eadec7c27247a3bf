"""ISAKMP SAs by cookies and by id, with the limits on those not yet authenticated."""

from collections.abc import Iterable

from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.effects import IkeSaId
from l2tpsec.protocols.ike.sa import IkeSa, State


class Registry:
    """Half-open SAs are counted by address, in the order of their coming."""

    __slots__ = ("_by_cookies", "_by_id", "_established", "_first", "_from", "_half_open", "_next")

    def __init__(self) -> None:
        self._by_id: dict[IkeSaId, IkeSa] = {}
        self._by_cookies: dict[bytes, IkeSa] = {}
        self._first: dict[tuple[bytes, Endpoint], IkeSa] = {}
        self._half_open: dict[IkeSaId, Endpoint] = {}
        self._from: dict[str, dict[IkeSaId, float]] = {}
        self._established: dict[str, list[IkeSaId]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> list[IkeSa]:
        """Return every SA, oldest first."""
        return list(self._by_id.values())

    @property
    def half_open(self) -> int:
        """How many are not authenticated yet."""
        return len(self._half_open)

    def fresh_id(self) -> IkeSaId:
        """Return an id that was never used."""
        self._next += 1
        return IkeSaId(self._next)

    def get(self, sa: IkeSaId) -> IkeSa | None:
        """Return the SA of that id."""
        return self._by_id.get(sa)

    def by_cookies(self, cookies: bytes) -> IkeSa | None:
        """Return the SA of that pair of cookies."""
        return self._by_cookies.get(cookies)

    def by_first_message(self, initiator_cookie: bytes, remote: Endpoint) -> IkeSa | None:
        """Return the half-open SA that a repeated message 1 belongs to."""
        return self._first.get((initiator_cookie, remote))

    def half_open_from(self, address: str) -> int:
        """How many half-open SAs an address has."""
        return len(self._from.get(address, ()))

    def oldest_unproven(self) -> IkeSa | None:
        """Return the oldest SA whose peer never showed that it receives at its address."""
        return self._unproven(self._half_open)

    def overdue_unproven(self, address: str, begun_until: float) -> IkeSa | None:
        """Return such an SA of one address, if one began no later than that."""
        begun = self._from.get(address, {})
        return self._unproven(number for number in begun if begun[number] <= begun_until)

    def _unproven(self, numbers: Iterable[IkeSaId]) -> IkeSa | None:
        sas = (self._by_id[number] for number in numbers)
        return next((sa for sa in sas if sa.state is State.SA_ANSWERED), None)

    def add(self, sa: IkeSa, now: float) -> None:
        """Hold a half-open SA that begins now."""
        self._by_id[sa.id] = self._by_cookies[sa.cookies] = sa
        self._first[sa.cookies[:8], sa.path.remote] = sa
        self._half_open[sa.id] = sa.path.remote
        self._from.setdefault(sa.path.remote.address, {})[sa.id] = now

    def settle(self, sa: IkeSa) -> IkeSa:
        """Count an SA as established; return the oldest one from its address."""
        self._close_half(sa)
        same = self._established.setdefault(sa.path.remote.address, [])
        same.append(sa.id)
        return self._by_id[same[0]]

    def established_from(self, address: str) -> int:
        """How many established SAs an address has."""
        return len(self._established.get(address, ()))

    def established_at(self, remote: Endpoint) -> IkeSa | None:
        """Return the newest established SA whose peer is at that place."""
        for number in reversed(self._established.get(remote.address, ())):
            if self._by_id[number].path.remote == remote:
                return self._by_id[number]
        return None

    def move(self, sa: IkeSa, path: Path) -> None:
        """Follow an established SA to another place."""
        self._unlist(sa)
        sa.path = path
        self._established.setdefault(path.remote.address, []).append(sa.id)

    def _unlist(self, sa: IkeSa) -> None:
        same = self._established.get(sa.path.remote.address)
        if same is not None and sa.id in same:
            same.remove(sa.id)
            if not same:
                del self._established[sa.path.remote.address]

    def _close_half(self, sa: IkeSa) -> None:
        remote = self._half_open.pop(sa.id, None)
        if remote:
            self._first.pop((sa.cookies[:8], remote), None)
            del self._from[remote.address][sa.id]
            if not self._from[remote.address]:
                del self._from[remote.address]

    def remove(self, sa: IkeSa) -> None:
        """Forget an SA."""
        self._close_half(sa)
        self._unlist(sa)
        self._by_id.pop(sa.id, None)
        self._by_cookies.pop(sa.cookies, None)
