"""What a running box shows of itself: sessions, status, figures."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Protocol

from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.dataplane.contract import DataPlane, Network
from l2tpsec.model.counters import Counters
from l2tpsec.observe import inquest
from l2tpsec.observe.logging import Journal
from l2tpsec.observe.metrics import Snapshot, render
from l2tpsec.runtime.portions import portions

ROWS_AT_ONCE, SUMMED_AT_ONCE = 32, 256
"""Sessions that are shown and summed in one turn: a millisecond or two of it."""

Row = dict[str, object]


class Clock(Protocol):
    """Both clocks: the one that engines run on and the one that people read."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


class Views:
    """Reads the parts of one box; changes nothing.

    `refused` counts the datagrams that the sockets would not send.
    """

    def __init__(
        self,
        concentrator: Concentrator,
        plane: DataPlane,
        journal: Journal,
        clock: Clock,
        refused: Callable[[], int],
    ) -> None:
        self._concentrator = concentrator
        self._plane = plane
        self._journal = journal
        self._clock = clock
        self._refused = refused
        self._started = clock.monotonic()

    @property
    def numbers(self) -> list[int]:
        """The numbers of all sessions, those that still negotiate included."""
        return self._concentrator.subscribers.numbers

    def rows(self, numbers: Iterable[int]) -> list[Row]:
        """Return a row for each of these sessions that is still there."""
        skew = self._clock.wall() - self._clock.monotonic()
        found = map(self._concentrator.subscribers.get, numbers)
        return [self._row(subscriber, skew) for subscriber in found if subscriber is not None]

    async def sessions(self) -> AsyncIterator[list[Row]]:
        """Yield a row for each session, a few at a time."""
        async for few in portions(self.numbers, ROWS_AT_ONCE):
            yield self.rows(few)

    def _row(self, subscriber: Subscriber, skew: float) -> Row:
        refusals = self._plane.refusals(subscriber.peer.id, subscriber.ids)
        routes = self._concentrator.sites.of(subscriber.number)
        return _row(subscriber, routes, skew) | refusals._asdict()

    def why(self, who: str) -> list[Row]:
        """Return what the last dial-ins of a user or an address came to, or all that failed."""
        return inquest.rows(self._journal.stories, who)

    async def status(self) -> dict[str, object]:
        """Return the box in a few figures."""
        return status(await self.snapshot())

    async def metrics(self) -> str:
        """Return the figures in Prometheus's text format."""
        return render(await self.snapshot())

    async def _traffic(self) -> Counters:
        subscribers = self._concentrator.subscribers
        with self._concentrator.traffic.sum() as so_far:
            async for few in portions(subscribers.numbers, SUMMED_AT_ONCE):
                for number in few:
                    if (subscriber := subscribers.get(number)) is not None:
                        so_far.count(number, subscriber.counters)
        return so_far.total

    async def snapshot(self) -> Snapshot:
        """Return all figures of this moment."""
        traffic = await self._traffic()
        box, now = self._concentrator, self._clock.monotonic()
        drops = {("data", reason): count for reason, count in self._plane.drops.items()}
        drops["socket", "refused to send"] = self._refused()
        return Snapshot(
            uptime_seconds=now - self._started,
            workers=1,
            sessions=len(box.subscribers),
            tunnels=box.tunnels,
            ike_sas=box.peers.ike_sas,
            sa_pairs=box.peers.pairs,
            pool_leased=box.chain.leased,
            **traffic._asdict(),
            accounting_waiting=box.radius.waiting,
            radius_up={(name,): int(up) for name, up in box.radius.alive(now).items()},
            radius_events=box.radius.events,
            drops={**self._journal.drops, **drops},
            dial_ins={_result(name): count for name, count in box.dial_ins.items()},
        )


def status(snapshot: Snapshot) -> dict[str, object]:
    """Return what a person wants to know of all figures."""
    silent = [server for (server,), workers in snapshot.radius_up.items() if not workers]
    ended = snapshot.dial_ins.items()
    return {
        "uptime_seconds": int(snapshot.uptime_seconds),
        "sessions": snapshot.sessions,
        "tunnels": snapshot.tunnels,
        "ike_sas": snapshot.ike_sas,
        "sa_pairs": snapshot.sa_pairs,
        "pool_leased": snapshot.pool_leased,
        "dial_ins_failed": sum(count for (result, _), count in ended if result == "failed"),
        "accounting_waiting": snapshot.accounting_waiting,
        "radius_silent": ", ".join(silent) or "-",
    }


def _result(name: str) -> tuple[str, str]:
    return ("connected", "") if name == "up" else ("failed", name)


def _row(subscriber: Subscriber, routes: list[Network], skew: float) -> Row:
    counters = subscriber.counters
    peer, policy = subscriber.peer, subscriber.policy
    return {
        "id": subscriber.number,
        "user": subscriber.user,
        "address": str(subscriber.lease.address) if subscriber.lease else "",
        "routes": [str(network) for network in routes],
        "ipv6_prefix": str(subscriber.ipv6.prefix or ""),
        "client": peer.label,
        "software": peer.client,
        "since": subscriber.since + skew,
        "state": subscriber.stage.value,
        **counters._asdict(),
        "ike": peer.suite,
        "esp": peer.transform,
        "encapsulated": peer.encapsulated,
        "authentication": subscriber.method,
        "mtu": subscriber.mtu,
        "accounting_id": subscriber.dialin.session_id,
        "filter": policy.filter.name if policy.filter.rules else "",
        "rate": policy.rates,
        "rate_up_bits_per_second": policy.up.bits_per_second or None,
        "rate_down_bits_per_second": policy.down.bits_per_second or None,
    }
