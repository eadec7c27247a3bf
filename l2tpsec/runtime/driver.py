"""Joins engines and sockets: what arrives goes to the concentrator or the plane, effects go out.

One armed timer; a bug in one peer's turn ends that peer and not the box.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import IPv4Address

from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.aaa.occupancy import PATIENCE_SECONDS
from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.dataplane.userspace.segments import cut
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.observe.logging import Journal
from l2tpsec.runtime.ledger_file import LedgerFile
from l2tpsec.runtime.plane_orders import carry_out
from l2tpsec.runtime.ports import BATCH_DATAGRAMS, Port, Ports, path
from radius.client.effects import STREAM, Address
from radius.radsec import Connections
from radius.tls import Credentials

BATCH_PACKETS = 256
"""ESP packets taken at one wake-up, 2 ms at most: dozens may come at once, and others wait."""

FEW_EFFECTS = 64
"""Effects of one turn that concerns all clients, before sockets are read again."""

PROOF_SECONDS = 2 * PATIENCE_SECONDS
"""How long a question for signs of life may take: twice what clients have to give one."""

DHCP_PORT = 67
"""Of relays and servers alike (RFC 2131 section 4.1)."""

_MARKER = bytes(4)
_log = logging.getLogger(__name__)

Turn = Callable[[float], list[box.Effect]]


class Driver:
    """Runs a concentrator and its data plane on the event loop; it is the plane's Upcalls.

    `credentials` are those of RADIUS servers over TLS.
    `claim` asks other workers, where there are any.
    `changed` is set after every turn, for whoever waits for the box to become quiet.
    """

    plane: UserspacePlane

    def __init__(
        self,
        concentrator: Concentrator,
        ports: Ports,
        radius_ports: tuple[Port, ...],
        journal: Journal,
        ledger_file: LedgerFile,
        credentials: Mapping[Address, Credentials] | None = None,
    ) -> None:
        self.changed = asyncio.Event()
        self._tokens = itertools.count(1)
        self._proofs: dict[int, asyncio.Future[tuple[int, ...]]] = {}
        self.claim: Callable[[box.Claim], None] = self._uncontested
        self._concentrator = concentrator
        self._ports = ports
        self._radius_ports = radius_ports
        self._dhcp_ports: tuple[Port, ...] = ()
        self._journal = journal
        self._ledger_file = ledger_file
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._many = self._turned = False
        self._clock = time.monotonic
        self._radsec = Connections(self, credentials or {})

    def start(self, plane: UserspacePlane, *dhcp_ports: Port, hears_dhcp: bool = True) -> None:
        """Begin to read from all sockets and from the plane's device.

        A DHCP port, where the site's servers are asked, is at our PPP address, so the plane's. One
        that several workers share is read elsewhere, and `dhcp_datagram` has what came.
        """
        self.plane, self._dhcp_ports = plane, dhcp_ports
        watch = self._loop.add_reader
        watch(self._ports.ike.fileno(), partial(self._drain, self._ports.ike, self._ike))
        watch(self._ports.nat.fileno(), self._nat_readable)
        watch(self._ports.esp.fileno(), self._esp_readable)
        watch(plane.fileno(), plane.tun_readable)
        for port in dhcp_ports if hears_dhcp else ():
            watch(port.fileno(), partial(self._drain, port, self._dhcp))
        for slot, port in enumerate(self._radius_ports):
            watch(port.fileno(), partial(self._drain, port, partial(self._radius, slot)))

    def stop(self) -> None:
        """Read no more."""
        ports = (*self._ports, *self._radius_ports, *self._dhcp_ports, self.plane)
        for port in ports:
            self._loop.remove_reader(port.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._radsec.stop()

    # what arrives

    def _drain(self, port: Port, take: Callable[[bytes, tuple[str, int], str], None]) -> None:
        self._many = True
        try:
            port.drain(take)
        finally:
            self._turns_end()

    def _turns_end(self) -> None:
        """Arm the timer once for all turns of a wake-up, and not for traffic alone."""
        self._many = False
        if self._turned:
            self._turned = False
            self._arm()

    def _nat_readable(self) -> None:
        self._many = True
        try:
            self._take_nat()
        finally:
            self._turns_end()

    def _take_nat(self) -> None:
        """Tell ESP from IKE and keepalives (RFC 3948 section 2); the busiest reader of all."""
        receive, train = self._ports.nat.receive, self.plane.receive_train
        taken = 0
        while taken < BATCH_PACKETS and (arrived := receive()) is not None:
            data, size, source, local = arrived
            if size < len(data):
                taken += len(data) // size
                data = data[train(data, size, source) :]
            taken += 1
            for datagram in cut(data, size):
                self._take_datagram(datagram, source, local)
            if taken == 1:
                # Most that come alone stay alone: the answer does not wait till more is asked for.
                self._batch_ends()
        if taken > 1:
            self._batch_ends()

    def _take_datagram(self, data: bytes, source: tuple[str, int], local: str) -> None:
        if data[:4] != _MARKER:
            # a keepalive is one octet, which no ESP packet is
            if len(data) > 4:
                self.plane.receive_encapsulated(data, source)
        else:
            self._ike(data[4:], source, local, 4500)

    def _batch_ends(self) -> None:
        # What the kernel answers at once need not wait for another wake-up.
        self.plane.flush()
        self.plane.tun_readable()

    def _esp_readable(self) -> None:
        receive, esp = self._ports.esp.receive, self.plane.receive_raw
        for _ in range(BATCH_DATAGRAMS):
            if (arrived := receive()) is None:
                break
            esp(arrived[0])
        self._batch_ends()

    def _ike(self, data: bytes, source: tuple[str, int], local: str, port: int = 500) -> None:
        where = path(local, port, source)
        self.turn(lambda now: self._concentrator.ike_datagram(data, where, now))

    def _dhcp(self, data: bytes, source: tuple[str, int], _: str) -> None:
        self.turn(lambda now: self._concentrator.dhcp_datagram(data, source[0], now))

    def dhcp_datagram(self, data: bytes, source: str) -> None:
        """Take what came to a DHCP port that others read too: most of it is for their sessions."""
        if self._concentrator.expects_dhcp(data):
            self.turn(lambda now: self._concentrator.dhcp_datagram(data, source, now))

    def _send_dhcp(self, data: bytes, server: IPv4Address) -> None:
        for port in self._dhcp_ports:
            port.sender()(data, (str(server), DHCP_PORT))

    def _radius(self, slot: int, data: bytes, source: tuple[str, int], _: str) -> None:
        self.turn(lambda now: self._concentrator.radius_datagram(data, source, slot, now))

    # what becomes of RADIUS over TLS

    def radsec_connected(self, server: Address) -> None:
        """Take a connection to a RADIUS server."""
        self.turn(lambda now: self._concentrator.radius_connected(server, now))

    def radsec_received(self, server: Address, data: bytes) -> None:
        """Take octets that a RADIUS server sent."""
        self.turn(lambda now: self._concentrator.radius_datagram(data, server, STREAM, now))

    def radsec_disconnected(self, server: Address, reason: str) -> None:
        """Do without a connection for now."""
        self.turn(lambda now: self._concentrator.radius_disconnected(server, reason, now))

    def reload_credentials(self, credentials: Mapping[Address, Credentials]) -> None:
        """Take new certificates; connections that were made with others are made anew."""
        for server in self._radsec.replace(credentials):
            self._radsec.close(server)
            self.radsec_disconnected(server, "its certificates were changed")

    # upcalls of the plane

    def control_datagram(self, peer: PeerId, port: int, datagram: bytes) -> None:
        """Take an L2TP control message."""
        concentrator = self._concentrator
        self.turn(lambda now: concentrator.control_datagram(peer, port, datagram, now), peer)

    def ppp_frame(self, peer: PeerId, tunnel: int, session: int, frame: bytes) -> None:
        """Take a PPP frame that is no traffic."""
        concentrator = self._concentrator
        self.turn(lambda now: concentrator.ppp_frame(peer, tunnel, session, frame, now), peer)

    def local_packet(self, peer: PeerId, tunnel: int, session: int, packet: bytes) -> None:
        """Take what a client asks of the DHCP server of its link."""
        concentrator = self._concentrator
        self.turn(lambda now: concentrator.local_packet(peer, tunnel, session, packet, now), peer)

    def unknown_session(self, peer: PeerId, port: int, tunnel: int, session: int) -> None:
        """Ask whose it may be: a client that renewed its ISAKMP SA is a newcomer at first."""
        _log.debug("peer %s, port %s: data for session %s/%s", peer, port, tunnel, session)
        concentrator = self._concentrator
        self.turn(lambda now: concentrator.unknown_session(peer, tunnel, session, now), peer)

    def unknown_pair(self, inbound_spi: int, octets: int, remote: Address) -> None:
        """Let a client that missed a Delete hear it again; of others nothing is made."""
        concentrator = self._concentrator
        if concentrator.missed(inbound_spi):
            where = Endpoint(*remote)
            self.turn(lambda now: concentrator.unknown_pair(inbound_spi, octets, where, now))

    def peer_moved(
        self,
        peer: PeerId,
        inbound_spi: int,  # noqa: ARG002 - the plane's contract
        path: Path,
    ) -> None:
        """Follow a peer along its NAT's new mapping."""
        self.turn(lambda now: self._concentrator.peer_moved(peer, path, now), peer)

    def pair_used(self, peer: PeerId, inbound_spi: int) -> None:
        """Tell IKE, whose message 3 may have been lost; the plane has switched already."""
        self.turn(lambda now: self._concentrator.pair_used(inbound_spi, now), peer)

    def pair_worn(self, peer: PeerId, inbound_spi: int, reason: str) -> None:
        """End a pair that may carry no more."""
        concentrator = self._concentrator
        self.turn(lambda now: concentrator.pair_worn(inbound_spi, reason, now), peer)

    # other workers

    def _uncontested(self, claim: box.Claim) -> None:
        # not from within the turn that claims
        self._loop.call_soon(self.claimed, claim.number, None)

    def claimed(self, number: int, ruling: box.Ruling | None) -> None:
        """Take the answer to a Claim; None if there is none."""
        self.turn(lambda now: self._concentrator.claimed(number, ruling, now))

    async def proven(self, user: str) -> tuple[int, ...]:
        """Have the dead ones of a user's sessions end, and return those that live.

        None does if a bug keeps it from being told: nobody waits for ever.
        """
        token = next(self._tokens)
        proof = self._proofs[token] = self._loop.create_future()
        try:
            self.turn(lambda now: self._concentrator.prove(token, user, now))
            await asyncio.wait([proof], timeout=PROOF_SECONDS)
            return proof.result() if proof.done() else ()
        finally:
            del self._proofs[token]

    def _prove(self, token: int, numbers: tuple[int, ...]) -> None:
        asked = self._proofs.get(token)
        if asked is not None and not asked.done():
            asked.set_result(numbers)

    # turns

    def turn(self, call: Turn, peer: PeerId | None = None) -> None:
        """Let the concentrator act, apply its effects, arm the timer anew."""
        try:
            self._apply(call(self._clock()))
        except Exception:  # noqa: BLE001 - the bulkhead between peers
            _log.exception("a bug in the turn of peer %s", peer)
            self._abandon(peer)
        if self._many:
            self._turned = True
        else:
            self._arm()
        self.changed.set()

    async def wide_turn(self, call: Turn) -> None:
        """Let the concentrator act on everybody, and apply its effects a few at a time.

        Neither sockets' buffers nor clients' answers could take all at once.
        """
        waiting: list[box.Effect] = []

        def ask(now: float) -> list[box.Effect]:
            waiting.extend(call(now))
            return []

        def portion(_now: float) -> list[box.Effect]:
            few, waiting[:] = waiting[:FEW_EFFECTS], waiting[FEW_EFFECTS:]
            return few

        self.turn(ask)
        while waiting:
            self.turn(portion)
            await asyncio.sleep(0)

    def _abandon(self, peer: PeerId | None) -> None:
        if peer is None:
            return
        try:
            self._apply(self._concentrator.abandon(peer, self._clock()))
        except Exception:  # noqa: BLE001 - the same
            _log.exception("a bug while ending peer %s", peer)

    def _arm(self) -> None:
        deadline = self._concentrator.deadline
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self.turn(self._concentrator.expire)

    # effects

    def _apply(self, effects: Iterable[box.Effect]) -> None:
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: box.Effect) -> None:  # noqa: C901, PLR0912, PLR0915 - a case an effect
        plane = self.plane
        match effect:
            case box.TransmitIke(where, data):
                self._ports.send_ike(where, data)
            case box.TransmitKeepalive(where):
                self._ports.send_keepalive(where)
            case box.TransmitRadius(slot, destination, data) if slot == STREAM:
                self._radsec.send(destination, data)
            case box.ConnectRadius(destination):
                self._radsec.open(destination)
            case box.DisconnectRadius(destination):
                self._radsec.close(destination)
            case box.TransmitRadius(slot, destination, data):
                self._radius_ports[slot].sender()(data, destination)
            case box.TransmitDhcp(server, data):
                self._send_dhcp(data, server)
            case box.RouteNetworks(peer, ids, networks):
                for text in plane.route(peer, ids, networks):
                    self._report(Noted(Phase.ADDRESS, Level.WARNING, text), "-", "")
            case box.UseTable(peer, ids, sources, table):
                if text := plane.use_table(peer, ids, sources, table):
                    self._report(Noted(Phase.ADDRESS, Level.WARNING, text), "-", "")
                    self._abandon(peer)
            case box.StartForwarding(peer) | box.StartForwardingIpv6(peer):
                try:
                    carry_out(plane, effect)
                except DataPlaneError as error:
                    self._report(Noted(Phase.ADDRESS, Level.WARNING, str(error)), "-", "")
                    self._abandon(peer)
            case box.Claim():
                self.claim(effect)
            case box.Proven(token, numbers):
                self._prove(token, numbers)
            case box.AppendRecord(line):
                self._ledger_file.append(line)
            case box.Report(record, where_from, user):
                self._report(record, where_from, user)
            case _:
                carry_out(plane, effect)

    def _report(self, record: Noted | Dropped, peer: str, user: str) -> None:
        if isinstance(record, Noted):
            self._journal.note(record, peer, user)
        else:
            self._journal.dropped(record, peer)
