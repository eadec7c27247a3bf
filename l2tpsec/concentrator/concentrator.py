"""The whole box as one engine: datagrams, frames and moments in, effects out. It only routes.

What comes from IKE goes to `peers`, from L2TP to `subscribers`, from those to RADIUS, and back.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from typing import assert_never

from l2tpsec.concentrator import holdings
from l2tpsec.concentrator.aaa import correspondence
from l2tpsec.concentrator.aaa.correspondence import Correspondence
from l2tpsec.concentrator.aaa.ledger import Ledger
from l2tpsec.concentrator.aaa.restrictions import Filters
from l2tpsec.concentrator.addressing.sites import Sites
from l2tpsec.concentrator.admission import Admission
from l2tpsec.concentrator.claims import Place
from l2tpsec.concentrator.departures import Departures
from l2tpsec.concentrator.directory import Directory
from l2tpsec.concentrator.effects import (
    Account,
    Apply,
    AskAccess,
    AskLease,
    ConfirmPair,
    DeclineLease,
    Effect,
    Evict,
    HangUp,
    Judged,
    MovePeer,
    PeerGone,
    PeerRestarted,
    RemovePeer,
    Report,
    Ruling,
    SecurityEffect,
    SendControl,
    StartForwarding,
    SubscriberEffect,
)
from l2tpsec.concentrator.leasing import Leasing
from l2tpsec.concentrator.peers import Peers
from l2tpsec.concentrator.reception import Reception
from l2tpsec.concentrator.recognition import Recognition
from l2tpsec.concentrator.revision import Revision
from l2tpsec.concentrator.security import Security
from l2tpsec.concentrator.session import Meter
from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.concentrator.subscriber import Subscriber
from l2tpsec.concentrator.subscribers import Subscribers, Turn
from l2tpsec.concentrator.traffic import Traffic
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.soonest import soonest
from l2tpsec.model.cause import Cause
from l2tpsec.model.change import Change
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Noted, Phase
from l2tpsec.protocols.dhcp.settings import DhcpSettings
from l2tpsec.protocols.l2tp import effects as l2tp
from l2tpsec.protocols.l2tp.lns import Lns
from radius.client.client import Client
from radius.client.settings import Settings as RadiusSettings


class Concentrator:
    """One access concentrator. `meter` reads a session's counters from the data plane."""

    def __init__(
        self,
        settings: ConcentratorSettings,
        client: Client,
        meter: Meter,
        entropy: Entropy,
        ledger: Ledger,
    ) -> None:
        self.subscribers = Subscribers()
        self.chain = holdings.chain(settings.address)
        self.directory = Directory(self.subscribers, self.chain)
        self.sites = Sites(settings.address)
        alone = settings.number_step == 1
        prefixes = holdings.prefixes(settings.address)
        self._admission = Admission(self.subscribers, self.chain, prefixes, alone=alone)
        self.dial_ins: Counter[str] = Counter()
        self.traffic = Traffic()
        self._settings = settings
        self._security = Security(settings.ike, entropy)
        self._lns = Lns(settings.l2tp, entropy)
        self._recognition = Recognition(self.peers, self._lns, self.subscribers)
        self.radius = Correspondence(client, ledger)
        self._leasing = Leasing(_dhcp(settings), self.subscribers, entropy)
        self._departures = Departures()
        self._reception = Reception(settings, self.chain, prefixes, self.sites, meter, entropy)

    @property
    def deadline(self) -> float | None:
        """The nearest moment at which `expire` has something to do."""
        desks = (self.radius, self._leasing, self._admission, self._recognition)
        engines = (self._security, self._lns, *desks, self.subscribers)
        return soonest([engine.deadline for engine in engines])

    @property
    def peers(self) -> Peers:
        """All peers."""
        return self._security.peers

    @property
    def filters(self) -> Filters:
        """Filters by name, for whom RADIUS names one."""
        return self._settings.filters

    @property
    def tunnels(self) -> int:
        """How many L2TP control connections there are."""
        return len(self._lns)

    @property
    def quiet(self) -> bool:
        """Tell whether no session is left and RADIUS has heard all."""
        return not len(self.subscribers) and not self.radius.pending

    def start(self, now: float) -> list[Effect]:
        """Tell RADIUS that we serve, and what a predecessor left untold."""
        return self._from_radius(self.radius.open(now), now)

    def release_books(self, now: float) -> list[Effect]:
        """Send accounting records that waited for another worker's Accounting-On."""
        return self._from_radius(self.radius.release(now), now)

    # what comes in

    def ike_datagram(self, data: bytes, path: Path, now: float) -> list[Effect]:
        """Take an ISAKMP message, the non-ESP marker removed."""
        return self._from_security(self._security.receive(data, path, now), now)

    def control_datagram(self, peer: PeerId, port: int, data: bytes, now: float) -> list[Effect]:
        """Take an L2TP control message that came inside the peer's ESP from its UDP `port`."""
        asked = self._recognition.control(peer, data, now)
        if asked is not None:
            return asked
        return self._from_l2tp(self._lns.receive(peer, port, data, now), now)

    def unknown_session(self, peer: PeerId, tunnel: int, session: int, now: float) -> list[Effect]:
        """Take a data message for no session of the peer: it may be a client that we know."""
        known = self._recognition.named(peer, tunnel, session, now)
        if known is None:
            return self._departures.remind(peer, tunnel, session, now)
        return self._from_security(self._security.recognized(peer, known), now)

    def missed(self, inbound_spi: int) -> bool:
        """Tell whether a pair has ended of which its client may not know."""
        return self._security.missed(inbound_spi)

    def unknown_pair(
        self, inbound_spi: int, octets: int, remote: Endpoint, now: float
    ) -> list[Effect]:
        """Take an ESP packet of so many octets for no pair: its client may not know of the end."""
        return self._from_security(self._security.remind(inbound_spi, octets, remote, now), now)

    def ppp_frame(
        self, peer: PeerId, tunnel: int, session: int, frame: bytes, now: float
    ) -> list[Effect]:
        """Take a PPP frame that is no traffic; ids are ours."""
        subscriber = self.subscribers.of_session(peer, tunnel, session)
        if subscriber is None:
            return self._drop(peer, Dropped(Phase.LCP, "frame for no session"))
        self._lns.heard(peer, tunnel, now)
        effects = self._from_subscriber(subscriber, subscriber.frame(frame, now), now)
        return effects + self._from_desk(self._admission.heard(subscriber.number, now), now)

    def local_packet(
        self, peer: PeerId, tunnel: int, session: int, packet: bytes, now: float
    ) -> list[Effect]:
        """Take what a client sends to its link: DHCP, or any IPv6; ids are ours."""
        subscriber = self.subscribers.of_session(peer, tunnel, session)
        if subscriber is None:
            return self._drop(peer, Dropped(Phase.DHCP, "DHCP of no session"))
        if packet[0] >> 4 == 6:
            return self._from_subscriber(subscriber, subscriber.link_packet(packet, now), now)
        return self._from_desk(self._leasing.question(subscriber, packet, now), now)

    def dhcp_datagram(self, data: bytes, source: str, now: float) -> list[Effect]:
        """Take a datagram that came to UDP 67 of our PPP address."""
        return self._from_desk(self._leasing.receive(data, IPv4Address(source), now), now)

    def expects_dhcp(self, data: bytes) -> bool:
        """Tell whether a datagram of a DHCP server answers what we asked."""
        return self._leasing.expects(data)

    def radius_datagram(
        self, data: bytes, source: tuple[str, int], slot: int, now: float
    ) -> list[Effect]:
        """Take a RADIUS packet that came to the local socket numbered `slot`."""
        return self._from_radius(self.radius.receive(data, source, slot, now), now)

    def radius_connected(self, server: tuple[str, int], now: float) -> list[Effect]:
        """Take a TLS connection to a RADIUS server."""
        return self._from_radius(self.radius.connected(server, now), now)

    def radius_disconnected(self, server: tuple[str, int], reason: str, now: float) -> list[Effect]:
        """Do without a TLS connection that ended or could not be had."""
        return self._from_radius(self.radius.disconnected(server, reason, now), now)

    def reload_radius(self, settings: RadiusSettings, now: float) -> list[Effect]:
        """Take new RADIUS servers; what is asked of the old ones goes on."""
        return self._from_radius(self.radius.reload(settings, now), now)

    def peer_moved(self, peer: PeerId, path: Path, now: float) -> list[Effect]:
        """Believe a new path: an authenticated packet came along it."""
        return self._from_security(self._security.moved(peer, path), now)

    def pair_used(self, inbound_spi: int, now: float) -> list[Effect]:
        """Take a pair's first packet for the lost last message of its Quick Mode."""
        return self._from_security(self._security.used(inbound_spi, now), now)

    def pair_worn(self, inbound_spi: int, reason: str, now: float) -> list[Effect]:
        """End a pair that may carry no more."""
        return self._from_security(self._security.worn(inbound_spi, reason, now), now)

    def abandon(self, peer: PeerId, now: float) -> list[Effect]:
        """End all sessions of a peer in whose turn a bug showed."""
        return self._lose(self.subscribers.of_peer(self.peers.get(peer)), Cause.INTERNAL, now)

    def expire(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects = self._from_security(self._security.expire(now), now)
        effects += self._recognition.expire(now)
        effects += self._from_l2tp(self._lns.expire(now), now)
        effects += self._from_radius(self.radius.expire(now), now)
        effects += self._from_desk(self._leasing.expire(now), now)
        effects += self._from_desk(self._admission.expire(now), now)
        for subscriber in self.subscribers.due(now):
            if subscriber.heard_traffic(now):
                # Android's L2TP leaves HELLO unanswered: its traffic is what tells that it lives
                self._lns.heard(subscriber.peer.id, subscriber.ids.tunnel, now)
            effects += self._from_subscriber(subscriber, subscriber.expire(now), now)
        return effects

    # orders of the administrator

    def disconnect(self, selector: str, now: float) -> tuple[int, list[Effect]]:
        """End the sessions of a user, a session number or an inner address; tell how many."""
        chosen = self.directory.named(selector)
        return len(chosen), self.hang_up(chosen, Cause.ADMIN_RESET, now)

    def reload(self, settings: ConcentratorSettings) -> Revision:
        """Take new settings for dial-ins to come; gateway, pool and sources stay as they are.

        What filters change for sessions that are there is left to `revise`.
        """
        revision = Revision(self._settings.filters, settings.filters)
        address = replace(settings.address, gateway=self._settings.address.gateway)
        self._settings = settings = replace(settings, address=address)
        self._security.reload(settings.ike)
        self._lns.reload(settings.l2tp)
        self._reception.reload(settings)
        return revision

    def revise(self, revision: Revision, numbers: Iterable[int], now: float) -> list[Effect]:
        """Bring these of the sessions to what filters say now."""
        found = filter(None, map(self.subscribers.get, numbers))
        return self._from_desk(revision.revise(found, now), now)

    def begin_shutdown(self, now: float) -> list[Effect]:
        """Hang up on every client; wait until `quiet` or for as long as patience lasts."""
        self._lns.begin_shutdown()
        return self.hang_up(self.subscribers, Cause.SHUTDOWN, now)

    def finish_shutdown(self, now: float) -> list[Effect]:
        """Say StopCCN and Delete to all that are left."""
        effects = self._lose(self.subscribers, Cause.SHUTDOWN, now)
        effects += self._from_l2tp(self._lns.shutdown(now), now)
        effects += self._from_radius(self.radius.close(now), now)
        return effects + self._from_security(self._security.shutdown(now), now)

    def alter(self, subscriber: Subscriber, change: Change, now: float) -> list[Effect]:
        """Change a session's limits."""
        return self._from_subscriber(subscriber, subscriber.alter(change, now), now)

    def renew(self, subscriber: Subscriber, state: bytes, now: float) -> list[Effect]:
        """Ask RADIUS for a new grant of a session; `state` goes back to it."""
        return self._from_subscriber(subscriber, subscriber.renew(state, now), now)

    def hang_up(self, chosen: Iterable[Subscriber], cause: Cause, now: float) -> list[Effect]:
        """End sessions from our side."""
        effects: list[Effect] = []
        for subscriber in chosen:
            effects += self._from_subscriber(subscriber, subscriber.close(cause, now), now)
        return effects

    def _lose(self, chosen: Iterable[Subscriber], cause: Cause, now: float) -> list[Effect]:
        """End sessions at once, without a word of PPP."""
        effects: list[Effect] = []
        for subscriber in chosen:
            lost = subscriber.lost(cause, "", now)
            effects += self._from_subscriber(subscriber, lost, now)
        return effects

    # from IPsec

    def _from_security(self, effects: Iterable[SecurityEffect], now: float) -> list[Effect]:
        mine: list[Effect] = []
        for effect in effects:
            match effect:
                case PeerRestarted(peer):
                    gone = self._lns.forget_peer(peer, Cause.REPLACED)
                    mine += self._from_l2tp(gone, now)
                case MovePeer(peer):
                    mine += [effect, *self._greet(peer, now)]
                case ConfirmPair(peer):
                    mine += [effect, *self._recognition.confirmed(peer, now)]
                case PeerGone(peer):
                    self._recognition.forget(peer)
                    mine += self._from_l2tp(self._lns.forget_peer(peer), now)
                    mine.append(RemovePeer(peer))
                case _:
                    mine.append(effect)
        return mine

    def _greet(self, ident: PeerId, now: float) -> list[Effect]:
        """Ask at a new place for a sign of life: what was asked at the old one never came."""
        effects: list[Effect] = []
        for subscriber in self.subscribers.of_peer(self.peers.get(ident)):
            effects += self._from_subscriber(subscriber, subscriber.probe(now), now)
        return effects

    def _tunnel_ended(self, ended: l2tp.TunnelEnded, now: float) -> list[Effect]:
        peer = self.peers.get(ended.peer)
        if peer is None or self._lns.serves(ended.peer):
            return []
        if ended.cause is Cause.LOST_CARRIER:
            return self._from_security(self._security.dismiss(peer, ended.text, now), now)
        self._security.idle(ended.peer, now)
        return []

    # from L2TP

    def _from_l2tp(self, effects: Iterable[l2tp.Effect], now: float) -> list[Effect]:
        return [mine for effect in effects for mine in self._translate_l2tp(effect, now)]

    def _translate_l2tp(self, effect: l2tp.Effect, now: float) -> list[Effect]:
        match effect:
            case l2tp.Transmit(peer, port, data):
                return [SendControl(peer, port, data)]
            case l2tp.CallEstablished():
                return self._answer(effect, now)
            case l2tp.CallEnded(peer, ids, cause, text):
                subscriber = self.subscribers.of_session(peer, ids.tunnel, ids.session)
                lost = subscriber.lost(cause, text, now) if subscriber else []
                return self._from_subscriber(subscriber, lost, now) if subscriber else []
            case l2tp.TunnelEstablished(peer=peer):
                self._security.busy(peer)
                self._recognition.dialled(peer, now)
                return []
            case l2tp.TunnelEnded():
                return self._tunnel_ended(effect, now)
            case l2tp.Report(peer, record):
                return self._drop(peer, record)
            case _ as unreachable:
                assert_never(unreachable)

    def _answer(self, call: l2tp.CallEstablished, now: float) -> list[Effect]:
        peer = self.peers.get(call.peer)
        if peer is None:
            return []
        subscriber = self._reception.receive(peer, call.ids)
        self.subscribers.add(subscriber)
        return self._from_subscriber(subscriber, subscriber.open(now), now)

    def _drop(self, peer: PeerId, record: Noted | Dropped) -> list[Effect]:
        known = self.peers.get(peer)
        return [Report(record, known.label if known else "-")]

    # from a subscriber

    def _from_subscriber(
        self, subscriber: Subscriber, effects: Iterable[SubscriberEffect], now: float
    ) -> list[Effect]:
        mine = [e for effect in effects for e in self._translate(subscriber, effect, now)]
        self.subscribers.touch(subscriber)
        return mine

    def _translate(  # noqa: PLR0911 - one line for each effect
        self, subscriber: Subscriber, effect: SubscriberEffect, now: float
    ) -> list[Effect]:
        match effect:
            case AskAccess(number, message):
                return self._from_radius(self.radius.ask(number, message, now), now)
            case Apply():
                return self._from_desk(self._admission.apply(effect, now), now)
            case Account(message):
                return self._from_radius(self.radius.record(message, now), now)
            case HangUp(cause=cause):
                return self._hang_up(subscriber, cause, now)
            case Evict(number):
                return self._from_desk(self._admission.evict(subscriber, number, now), now)
            case AskLease() | DeclineLease():
                return self._from_desk(self._leasing.obey(subscriber, effect, now), now)
            case StartForwarding(peer=peer):
                self.peers.welcome(peer)
                return [effect]
            case _:
                return [effect]

    def _hang_up(self, subscriber: Subscriber, cause: Cause, now: float) -> list[Effect]:
        self.subscribers.remove(subscriber)
        self.traffic.ended(subscriber.number, subscriber.counters)
        self._departures.note(subscriber.ids, cause, now)
        self.dial_ins["up" if subscriber.connected else cause.name.lower()] += 1
        peer = subscriber.peer
        closing = self._lns.close_call(peer.id, subscriber.ids, cause, now)
        tidied = self._security.tidy(peer)
        followed = self._from_desk(self._admission.gone(subscriber.number, now), now)
        returned = self._from_desk(self._leasing.release(subscriber.number, now), now)
        told = self._from_l2tp(closing, now) + self._from_security(tidied, now)
        return [*returned, *told, *followed]

    # from other workers

    def claimed(self, number: int, ruling: Ruling | None, now: float) -> list[Effect]:
        """Take the answer to a Claim; None if there is none."""
        return self._from_desk(self._admission.claimed(number, ruling, now), now)

    def members(self, user: str) -> list[Subscriber]:
        """Return the sessions that count for a user, the oldest first."""
        return self._admission.members(user)

    def prove(self, token: int, user: str, now: float) -> list[Effect]:
        """End those of a user's sessions that are dead; Proven tells who lives."""
        return self._from_desk(self._admission.prove(token, user, now), now)

    def displace(self, numbers: Sequence[int], now: float) -> list[Effect]:
        """End sessions in whose place another worker has a newer one."""
        return self._from_desk(self._admission.displace(numbers, now), now)

    def concede(self, user: str, place: Place, now: float) -> tuple[str, list[Effect]]:
        """Let another worker's user have an address or a prefix, or say why not."""
        refusal, turns = self._admission.concede(user, place, now)
        return refusal, self._from_desk(turns, now)

    def withhold(self, place: Place) -> None:
        """Lease a place that may be in use elsewhere to none but whom RADIUS names it for."""
        self._admission.withhold(place)

    # from the desks that several sessions share

    def _from_desk(self, outputs: Iterable[Effect | Turn], now: float) -> list[Effect]:
        mine: list[Effect] = []
        for output in outputs:
            if isinstance(output, tuple):
                subscriber, effects = output
                mine += self._from_subscriber(subscriber, effects, now)
            else:
                mine.append(output)
        return mine

    # from RADIUS

    def _from_radius(self, outputs: Iterable[correspondence.Output], now: float) -> list[Effect]:
        mine: list[Effect] = []
        for output in outputs:
            if isinstance(output, Judged):
                mine += self._judge(output, now)
            else:
                mine.append(output)
        return mine

    def _judge(self, judged: Judged, now: float) -> list[Effect]:
        subscriber = self.subscribers.get(judged.number)
        if subscriber is None:
            return []
        effects = subscriber.judged(judged.message, judged.reason, now)
        return self._from_subscriber(subscriber, effects, now)


def _dhcp(settings: ConcentratorSettings) -> DhcpSettings:
    address = settings.address
    return DhcpSettings(address.gateway, address.dhcp_servers, settings.nas_identifier)
