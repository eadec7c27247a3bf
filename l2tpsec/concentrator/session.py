"""A subscriber's session while it is up: its policy, routes, limits and accounting records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import assert_never

from l2tpsec.concentrator import renewal
from l2tpsec.concentrator.aaa.accounting import Books
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.restrictions import Filters
from l2tpsec.concentrator.addressing.chain import Chain
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.effects import (
    Account,
    AskAccess,
    Report,
    RouteNetworks,
    SetPolicy,
    StartForwarding,
    SubscriberEffect,
    UseTable,
)
from l2tpsec.concentrator.ipv6 import Ipv6, Supply
from l2tpsec.concentrator.ipv6 import Output as Ipv6Output
from l2tpsec.concentrator.limits import Due, InterimDue, Limits
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.settings import AddressSettings
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.cause import Cause
from l2tpsec.model.change import Change
from l2tpsec.model.counters import Counters
from l2tpsec.model.grant import Grant
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.policy import Filter
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.ppp.settings import PppSettings
from radius.message import Message

Meter = Callable[[PeerId, SessionIds], Counters]
"""Reads a session's counters from the data plane."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all subscribers share."""

    ppp: PppSettings
    address: AddressSettings
    chain: Chain
    meter: Meter
    entropy: Entropy
    interim_interval_seconds: int
    outer_mtu: int
    ipv6: Supply
    sites: Sites
    told: set[str] = field(default_factory=set)
    filters: Filters = field(default_factory=dict)
    wants_identity: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose session it is, as this box and as RADIUS knows it."""

    number: int
    peer: Peer
    ids: SessionIds
    dialin: Dialin


@dataclass(frozen=True, slots=True)
class End:
    """The session is to end now."""

    cause: Cause


Output = SubscriberEffect | End


class Session:
    """Lasts from the client's first packet of IP to the last accounting record.

    `grant` is the one that holds now.
    """

    __slots__ = ("_around", "_books", "_caller", "_ipv6", "_limits", "_question", "_since", "grant")

    def __init__(
        self, caller: Caller, grant: Grant, address: IPv4Address, ipv6: Ipv6, around: Surroundings
    ) -> None:
        self.grant = grant
        self._question: renewal.Question | None = None
        self._caller = caller
        self._ipv6 = ipv6
        self._around = around
        meter = partial(around.meter, caller.peer.id, caller.ids)
        self._limits = Limits(meter, around.entropy, around.interim_interval_seconds)
        # as in the Access-Request: no User-Name is empty (RFC 2865 section 5)
        name = grant.name or caller.dialin.client_address.encode()
        identity = grant.chargeable_identity
        self._books = Books(caller.dialin, name, address, grant.classes, identity)
        self._since = 0.0

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        again = self._question.again_at if self._question else None
        moments = (self._limits.deadline, self._ipv6.deadline, again)
        return soonest(moments)

    @property
    def renewing(self) -> bool:
        """Whether RADIUS is asked for a new grant and has not answered."""
        return self._question is not None

    def start(self, forwarding: StartForwarding, now: float) -> list[SubscriberEffect]:
        """Hold the client to its grant, let it send and receive, and tell RADIUS."""
        self._since = now
        self._limits.begin(self.grant, now)
        ipv6 = self.start_ipv6(forwarding.mtu, now)
        return [
            *([] if self.grant.policy.free else [self._policy]),
            *self._tabled(IPv4Network(forwarding.address)),
            forwarding,
            *self._sites(forwarding.address),
            *ipv6,
            Account(self._books.start()),
        ]

    def start_ipv6(self, mtu: int, now: float) -> list[SubscriberEffect]:
        """Let the client use IPv6 too, if it has opened IPV6CP."""
        outputs = self._ipv6.start(self.grant, self._around.address, mtu, now)
        self._books = replace(self._books, ipv6=self._ipv6.attributes)
        effects = self._from_ipv6(outputs)
        if outputs and (prefix := self._ipv6.prefix) is not None:
            effects = [*self._tabled(prefix), *effects, *self._sites(prefix)]
        return effects

    def ipv6_up(self, mtu: int, now: float) -> list[SubscriberEffect]:
        """Start IPv6 for a client that opens IPV6CP later than IPCP."""
        effects = self.start_ipv6(mtu, now)
        if effects and self._ipv6.prefix is not None:
            # The Start went out without the prefix; RADIUS is to know it now, not at the next turn.
            effects.append(self._interim(now))
        return effects

    def link_packet(self, packet: bytes, now: float) -> list[SubscriberEffect]:
        """Take an IPv6 packet that the client sent to its link."""
        return self._from_ipv6(self._ipv6.receive(packet, now))

    def alter(self, change: Change, now: float) -> list[SubscriberEffect]:
        """Take new limits; what has been used up already counts."""
        self._limits.arm(grant := change.applied(self.grant), now)
        return [*self._held_to(grant), self._note(f"changed by RADIUS: {change.words}")]

    def renew(self, state: bytes, why: str, now: float) -> list[SubscriberEffect]:
        """Ask RADIUS for a new grant, with the State that is to go back; one request at a time."""
        if self._question is not None:
            return []
        request = renewal.request(self._books, state, wants_identity=self._around.wants_identity)
        self._question = renewal.Question(request, now + renewal.PATIENCE_SECONDS)
        note = self._note(f"{why}: RADIUS is asked whether the session may go on")
        return [note, AskAccess(self._caller.number, request)]

    def renewed(self, reply: Message | None, reason: str, now: float) -> list[Output]:
        """Take RADIUS's answer to that; None with a reason when no server answered."""
        if self._question is None:
            return []
        if reply is None and now < self._question.until:
            self._question = self._question.put_off(now, self._around.entropy(1)[0])
            return []
        self._question = None
        outcome = self._outcome(reply, reason)
        notes: list[Output] = [self._report(note) for note in outcome.notes]
        if outcome.grant is not None:
            self._limits.begin(outcome.grant, now)
            return [*self._held_to(outcome.grant), *notes]
        if self._limits.overdue(now):
            return [*notes, End(Cause.SESSION_TIMEOUT)]
        return [*notes, End(Cause.ADMIN_RESET)] if outcome.denied else notes

    def refilter(self, new: Filter) -> list[SubscriberEffect]:
        """Obey another filter from now on; nothing else changes."""
        self.grant = replace(self.grant, filter=new)
        return [self._policy]

    def expire(self, now: float) -> list[Output]:
        """Do what is due."""
        outputs: list[Output] = [*self._from_ipv6(self._ipv6.expire(now))]
        for due in self._limits.expire(now):
            outputs += self._obeyed(due, now)
        if (asked := self._question) and asked.again_at is not None and asked.again_at <= now:
            self._question = replace(asked, again_at=None)
            outputs.append(AskAccess(self._caller.number, asked.message))
        return outputs

    def stop(self, seconds: float, counters: Counters, cause: Cause) -> Account:
        """Return the last accounting record."""
        self._limits.stop()
        return Account(self._books.stop(seconds, counters, cause))

    def _obeyed(self, due: Due, now: float) -> list[Output]:
        match due:
            case InterimDue():
                return [self._interim(now)]
            case Cause.SESSION_TIMEOUT if self.grant.renews:
                return [*self.renew(self.grant.state, due.words, now)]
            case Cause():
                return [End(due)]
            case _ as unreachable:
                assert_never(unreachable)

    def _outcome(self, reply: Message | None, reason: str) -> renewal.Outcome:
        if reply is None:
            return renewal.unanswered(reason)
        filters, told = self._around.filters, self._around.told
        return renewal.judged(self.grant, str(self._books.address), reply, filters, told)

    def _held_to(self, grant: Grant) -> list[SubscriberEffect]:
        """Let the plane and the books know of another grant."""
        self.grant = grant
        identity = grant.chargeable_identity
        self._books = replace(self._books, classes=grant.classes, chargeable_identity=identity)
        return [self._policy]

    @property
    def _policy(self) -> SetPolicy:
        return SetPolicy(self._caller.peer.id, self._caller.ids, self.grant.policy)

    def _interim(self, now: float) -> Account:
        counters = self._around.meter(self._caller.peer.id, self._caller.ids)
        return Account(self._books.interim(now - self._since, counters))

    def _sites(self, place: IPv4Address | IPv6Network) -> list[SubscriberEffect]:
        """Route to the client what lies behind it."""
        number, peer, user = self._caller.number, self._caller.peer, self.grant.user
        taken = self._around.sites.take(number, user, self.grant.sites, place, peer.outer)
        notes = [self._report(note) for note in taken.notes]
        if not taken.networks:
            return [*notes]
        table = self._tabled(*taken.networks)
        return [*notes, *table, RouteNetworks(peer.id, self._caller.ids, taken.networks)]

    def _tabled(self, *sources: IPv4Network | IPv6Network) -> list[SubscriberEffect]:
        """Have the host route what comes from there by the table of the client's group."""
        table = self._around.address.groups.get(self.grant.table_group)
        return [UseTable(self._caller.peer.id, self._caller.ids, sources, table)] if table else []

    def _from_ipv6(self, outputs: Iterable[Ipv6Output]) -> list[SubscriberEffect]:
        return [
            self._report(output) if isinstance(output, Noted | Dropped) else output
            for output in outputs
        ]

    def _note(self, text: str) -> Report:
        return self._report(Noted(Phase.SESSION, Level.INFO, text))

    def _report(self, record: Noted | Dropped) -> Report:
        return Report(record, self._caller.peer.label, self.grant.user)
