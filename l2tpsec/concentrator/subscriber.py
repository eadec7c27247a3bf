"""One PPP session's life: negotiate, authenticate, get an address, forward, account, end."""

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.concentrator import dhcp
from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.addressing.chain import Awaited, Exhausted, Lease, Taken
from l2tpsec.concentrator.authentication import Authentication, Judgement
from l2tpsec.concentrator.effects import (
    Apply,
    AskAccess,
    AskLease,
    CloseSession,
    DeclineLease,
    Evict,
    HangUp,
    OpenSession,
    Report,
    SendFrame,
    StartForwarding,
    SubscriberEffect,
)
from l2tpsec.concentrator.ipv6 import Ipv6
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.session import Caller, End, Output, Session, Surroundings
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.cause import Cause
from l2tpsec.model.change import Change
from l2tpsec.model.counters import Counters
from l2tpsec.model.credentials import Credentials
from l2tpsec.model.grant import Challenge, Grant, NetworkSettings, Verdict
from l2tpsec.model.identifiers import SessionIds
from l2tpsec.model.policy import Filter, Policy
from l2tpsec.model.records import ARRIVED, Dropped, Level, Noted, Phase
from l2tpsec.protocols.dhcp.identity import Applicant
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.packet import Options
from l2tpsec.protocols.ppp import effects as ppp
from l2tpsec.protocols.ppp.link import Link
from radius.message import Message


class Stage(Enum):
    """How far a dial-in has come."""

    NEGOTIATING = "negotiating"
    AUTHENTICATING = "authenticating"
    AWAITING_ADMISSION = "awaiting admission"
    CONFIGURING = "configuring"
    AWAITING_ADDRESS = "awaiting an address"
    ONLINE = "online"
    ENDED = "ended"


class Subscriber:
    """A session, from its L2TP call's establishment to its last accounting record."""

    def __init__(
        self, number: int, peer: Peer, ids: SessionIds, dialin: Dialin, around: Surroundings
    ) -> None:
        self.number = number
        self.peer = peer
        self.ids = ids
        self.stage = Stage.NEGOTIATING
        self.user = ""
        self.lease: Lease | None = None
        self.since: float = 0.0
        self.cause: Cause | None = None
        self.dialin = dialin
        self._around = around
        # Told as MRU, the path's width keeps the client's packets whole too, not TCP's alone.
        width = peer.link_mtu(around.outer_mtu)
        self._link = Link(around.ppp.narrowed(width), around.entropy)
        self.ipv6 = Ipv6(peer.id, ids, number, around.ipv6)
        self._authentication = Authentication(
            around.told, around.filters, wants_identity=around.wants_identity
        )
        self._grant: Grant | None = None
        self._accepted: Judgement | None = None  # until the client may hear of it
        self._session: Session | None = None
        self._input_packets = 0
        self._exhausted: tuple[str, ...] = ()

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        session = self._session.deadline if self._session else None
        return soonest((self._link.deadline, session))

    @property
    def method(self) -> str:
        """How the client proves itself, by its name in the configuration; empty before LCP."""
        return self._authentication.method

    @property
    def connected(self) -> bool:
        """Tell whether it came as far as carrying traffic."""
        return self._session is not None

    @property
    def policy(self) -> Policy:
        """What its packets must obey."""
        return self._grant.policy if self._grant else Policy()

    @property
    def chargeable_identity(self) -> bytes:
        """What its user is charged as (RFC 4372); empty if RADIUS does not say."""
        return self._grant.chargeable_identity if self._grant else b""

    @property
    def counters(self) -> Counters:
        """Traffic up to now."""
        return self._around.meter(self.peer.id, self.ids)

    @property
    def mtu(self) -> int:
        """Octets of the longest IP packet that the client takes and no router need fragment."""
        granted = (self._grant and self._grant.mtu) or self._link.mru
        return min(self._link.mru, self.peer.link_mtu(self._around.outer_mtu), granted)

    def open(self, now: float) -> list[SubscriberEffect]:
        """Start PPP: the L2TP call is established."""
        self.since = now
        return [OpenSession(self.peer.id, self.ids), *self._from_link(self._link.open(now), now)]

    def frame(self, frame: bytes, now: float) -> list[SubscriberEffect]:
        """Take a PPP frame that is not IP."""
        return self._from_link(self._link.receive(frame, now), now)

    def heard_traffic(self, now: float) -> bool:
        """Tell whether IP came from the client since the last call; that spares it an echo."""
        before, self._input_packets = self._input_packets, self.counters.input_packets
        if self._input_packets == before:
            return False
        self._link.heard(now)
        return True

    def close(self, cause: Cause, now: float) -> list[SubscriberEffect]:
        """End the session from our side, telling the client."""
        self.cause = self.cause or cause
        return self._from_link(self._link.close(cause, now), now)

    def alter(self, change: Change, now: float) -> list[SubscriberEffect]:
        """Take new limits; what has been used up already counts."""
        if self._session is None or self.stage is not Stage.ONLINE:
            return []
        return self._from_session(self._session.alter(change, now), now)

    def refilter(self, new: Filter, now: float) -> list[SubscriberEffect]:
        """Obey another filter from now on; nothing else changes."""
        if self._session is not None and self.stage is Stage.ONLINE:
            return self._from_session(self._session.refilter(new), now)
        self._grant = self._grant and replace(self._grant, filter=new)
        return []

    @property
    def renewable(self) -> bool:
        """Tell whether `renew` asks RADIUS: it is up, and has not asked already."""
        up = self.stage is Stage.ONLINE and not self._leaving
        return up and self._session is not None and not self._session.renewing

    def renew(self, state: bytes, now: float) -> list[SubscriberEffect]:
        """Ask RADIUS for a new grant because RADIUS wants it so; `state` goes back to it."""
        if self._session is None or not self.renewable:
            return []
        asked = self._session.renew(state, "a RADIUS server wants it so", now)
        return self._from_session(asked, now)

    @property
    def _leaving(self) -> bool:
        """Whether the client is being taken leave of: nothing changes for it any more."""
        return self.cause is not None or self._link.ending is not None

    def lost(self, cause: Cause, text: str, now: float) -> list[SubscriberEffect]:
        """End the session although nothing more can be said to the client: its call is gone."""
        return self._end(self._link.ending or cause, text, now)

    def expire(self, now: float) -> list[SubscriberEffect]:
        """Do what is due."""
        effects = self._from_link(self._link.expire(now), now)
        if self._session is not None and self.stage is Stage.ONLINE:
            effects += self._from_session(self._session.expire(now), now)
        return effects

    # authentication

    def judged(self, reply: Message | None, reason: str, now: float) -> list[SubscriberEffect]:
        """Take RADIUS's reply; None with a reason when no server answered."""
        if self._session is not None and self.stage is Stage.ONLINE and not self._leaving:
            return self._from_session(self._session.renewed(reply, reason, now), now)
        if self.stage is not Stage.AUTHENTICATING:
            return []
        judgement = self._authentication.judged(reply, reason)
        if judgement is None:
            return []
        notes = [self._report(note) for note in judgement.notes]
        if (grant := judgement.grant) is None:
            return [*notes, *self._answer(judgement, now)]
        self._grant, self._accepted, self.user = grant, judgement, grant.user
        self.stage = Stage.AWAITING_ADMISSION
        many = grant.session_limit, grant.replace_oldest
        return [*notes, Apply(self.number, self.user, *many, grant.address, grant.ipv6_prefix)]

    def admitted(self, now: float) -> list[SubscriberEffect]:
        """Tell the client that RADIUS accepts it: its user may have this session too."""
        if self._accepted is None or self.stage is not Stage.AWAITING_ADMISSION:
            return []
        self.stage, judgement, self._accepted = Stage.CONFIGURING, self._accepted, None
        return self._answer(judgement, now)

    def declined(self, text: str, now: float) -> list[SubscriberEffect]:
        """Refuse the client: its user has as many sessions as may be."""
        if self._accepted is None or self.stage is not Stage.AWAITING_ADMISSION:
            return []
        note = self._note(Phase.AUTHENTICATION, Level.WARNING, f"refused: {text}")
        verdict = access.declined(self._accepted.credentials, "Too many sessions")
        refusal = self._link.judged(verdict, now, Cause.SESSION_LIMIT)
        return [note, *self._from_link(refusal, now)]

    def probe(self, now: float) -> list[SubscriberEffect]:
        """Ask the client for a sign of life."""
        return self._from_link(self._link.probe(), now)

    def _answer(self, judgement: Judgement, now: float) -> list[SubscriberEffect]:
        match judgement.answer:
            case Challenge() as challenge:
                return self._from_link(self._link.challenged(challenge, now), now)
            case Verdict() as verdict:
                return self._from_link(self._link.judged(verdict, now, judgement.cause), now)
            case _ as unreachable:
                assert_never(unreachable)

    def _ask(self, credentials: Credentials) -> list[SubscriberEffect]:
        self.user = access.printable(credentials.name)
        self.stage = Stage.AUTHENTICATING
        name, version = identification(self._link.idents)
        self.dialin = replace(self.dialin, client_name=name, client_version=version)
        request = self._authentication.ask(credentials, self.dialin, self.mtu)
        return [AskAccess(self.number, request)]

    # address and network

    def find_address(self, now: float) -> list[SubscriberEffect]:
        """Lease an address and open IPCP with it; `Evict` first where an old session holds it."""
        if self._grant is None or self.stage is not Stage.CONFIGURING or self._undecided:
            return []
        group = self._grant.table_group
        if group and group not in self._around.address.groups:
            text = f"RADIUS names the group {group!r}, and there is no [groups.{group}]"
            return self._no_address(text, now)
        lease = self._around.chain.acquire(
            *(self._grant, self.number, self._exhausted, self._link.wish), self.peer.outer
        )
        match lease:
            case Awaited():
                self.stage = Stage.AWAITING_ADDRESS
                return [AskLease(self.number)]
            case Taken(holder=holder):
                return [Evict(holder)]
            case Lease():
                return self._start_network(lease, now)
            case Exhausted(text=text):
                return self._no_address(text, now)
            case _ as unreachable:
                assert_never(unreachable)

    @property
    def _chooses(self) -> bool:
        return self._grant is not None and self._grant.client_may_choose

    @property
    def _undecided(self) -> bool:
        return self._chooses and self._link.wish is None

    def leased(self, address: IPv4Address, options: Options, now: float) -> list[SubscriberEffect]:
        """Take the address that a DHCP server leased, and what it says besides."""
        if self._grant is None or self.stage is not Stage.AWAITING_ADDRESS:
            return []
        lease = self._around.chain.adopt(address, self.number, self._grant.user, options)
        if lease is None:
            return [DeclineLease(self.number)]
        self.stage = Stage.CONFIGURING
        return self._start_network(lease, now)

    def lease_lost(self, reason: str, now: float) -> list[SubscriberEffect]:
        """Ask the next source, or end the session that has lived on the lease."""
        note = self._note(Phase.DHCP, Level.WARNING, reason)
        if self.stage is not Stage.AWAITING_ADDRESS:
            return [note, *self.close(Cause.ADDRESS_LOST, now)]
        self.stage, self._exhausted = Stage.CONFIGURING, ("dhcp",)
        return [note, *self.find_address(now)]

    @property
    def applicant(self) -> Applicant:
        """The client as a DHCP server is to know it."""
        domain = (self._grant and self._grant.domain) or self._around.address.domain
        return Applicant(self.user, self.dialin.nas_identifier, self.dialin.client_address, domain)

    @property
    def terms(self) -> Terms | None:
        """What the client may know of the network; None before it has an address."""
        if self.lease is None or self._grant is None:
            return None
        return dhcp.terms(self._around.address, self._grant, self.lease.options, self.peer.ends)

    def refuse_address(self, text: str, now: float) -> list[SubscriberEffect]:
        """End the dial-in: it cannot have the address that RADIUS wants for it."""
        return self._no_address(text, now)

    def _no_address(self, text: str, now: float) -> list[SubscriberEffect]:
        note = self._note(Phase.ADDRESS, Level.WARNING, text)
        return [note, *self._from_link(self._link.refuse_network(Cause.NO_ADDRESS, text, now), now)]

    def _start_network(self, lease: Lease, now: float) -> list[SubscriberEffect]:
        self.lease = lease
        if (terms := self.terms) is None:
            return []
        network = NetworkSettings(
            *(lease.address, terms.gateway, terms.dns, terms.wins),
            self._grant.interface_identifier if self._grant else b"",
        )
        note = self._note(Phase.ADDRESS, Level.INFO, f"{lease.address} from {lease.source}")
        return [note, *self._from_link(self._link.start_network(network, now), now)]

    def _network_up(self, now: float) -> list[SubscriberEffect]:
        if self.lease is None or self._grant is None or self.stage is Stage.ONLINE:
            return []
        self.stage, self.since = Stage.ONLINE, now
        link, address = self._link, self.lease.address
        caller = Caller(self.number, self.peer, self.ids, self.dialin)
        self._session = Session(caller, self._grant, address, self.ipv6, self._around)
        text = f"{ARRIVED}{address}, {self.method}, {self.peer.transform}, {self.peer.client}"
        note = self._note(Phase.SESSION, Level.INFO, text)
        ids = self.peer.id, self.ids
        forwarding = StartForwarding(*ids, address, self.mtu, link.pfc, link.acfc)
        return [note, *self._session.start(forwarding, now)]

    def link_packet(self, packet: bytes, now: float) -> list[SubscriberEffect]:
        """Take an IPv6 packet that the client sent to its link."""
        if self._session is None:
            return [self._report(Dropped(Phase.IPV6CP, "IPv6 before the session is up"))]
        return self._from_session(self._session.link_packet(packet, now), now)

    def _ipv6_up(self, up: ppp.Ipv6Up, now: float) -> list[SubscriberEffect]:
        self.ipv6.opened(up)
        if self._session is None or self.stage is not Stage.ONLINE:
            return []
        return self._from_session(self._session.ipv6_up(self.mtu, now), now)

    def _from_session(self, outputs: Iterable[Output], now: float) -> list[SubscriberEffect]:
        effects: list[SubscriberEffect] = []
        for output in outputs:
            effects += self.close(output.cause, now) if isinstance(output, End) else [output]
        if self._session is not None:
            self._grant = self._session.grant
        return effects

    # the end

    def _end(self, cause: Cause, text: str, now: float) -> list[SubscriberEffect]:
        if self.stage is Stage.ENDED:
            return []
        self.cause = cause = self.cause or cause
        counters, seconds = self.counters, now - self.since
        self.stage = Stage.ENDED
        effects: list[SubscriberEffect] = [CloseSession(self.peer.id, self.ids)]
        if self.lease is not None:
            self._around.chain.release(self.lease)
        self.ipv6.stop()
        self._around.sites.release(self.number)
        if self._session is not None:
            effects.append(self._session.stop(seconds, counters, cause))
        effects.append(
            self._note(Phase.SESSION, Level.INFO, ending(cause, text, counters, seconds))
        )
        effects.append(HangUp(self.number, cause))
        return effects

    # effects of the link

    def _from_link(self, effects: Iterable[ppp.Effect], now: float) -> list[SubscriberEffect]:
        return [mine for effect in effects for mine in self._translate(effect, now)]

    def _translate(  # noqa: C901, PLR0911, PLR0912 - one line for each effect
        self, effect: ppp.Effect, now: float
    ) -> list[SubscriberEffect]:
        match effect:
            case ppp.SendFrame(frame):
                return [SendFrame(self.peer.id, self.ids, frame)]
            case ppp.LinkEstablished(method=method):
                self._authentication.begin(method)
                return []
            case ppp.Authenticate(credentials):
                return self._ask(credentials)
            case ppp.NetworkWanted():
                return self.find_address(now)
            case ppp.AddressWished():
                return self.find_address(now) if self._chooses else []
            case ppp.NetworkUp():
                return self._network_up(now)
            case ppp.Ipv6Up():
                return self._ipv6_up(effect, now)
            case ppp.LinkEnded(cause, text):
                return self._end(cause, text, now)
            case Noted() | Dropped():
                return [self._report(effect)]
            case _ as unreachable:
                assert_never(unreachable)

    def _note(self, phase: Phase, level: Level, text: str) -> Report:
        return self._report(Noted(phase, level, text))

    def _report(self, record: Noted | Dropped) -> Report:
        return Report(record, self.peer.label, self.user)


def ending(cause: Cause, text: str, counters: Counters, seconds: float) -> str:
    """Say in words how a session ended, after how long, and with how much traffic."""
    usage = f"in {counters.input_octets} octets, out {counters.output_octets} octets"
    text = text.removeprefix(cause.words).removeprefix("; ")
    detail = f" ({text})" if text else ""
    return f"down after {seconds:.0f} s: {cause.words}{detail}; {usage}"


def identification(texts: Iterable[str]) -> tuple[str, str]:
    """Pick a Windows client's name and version from its LCP Identification texts (RFC 1570)."""
    printable = [access.printable(text.encode()) for text in texts]
    name = next((t for t in printable if t.startswith("MSRAS-")), "")
    version = next((t for t in printable if t.startswith("MSRASV")), "")
    return name, version
