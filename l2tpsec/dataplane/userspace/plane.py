"""The user-space plane: ESP, L2TP and PPP headers in this process, IP through a TUN.

A packet passes it in plain calls: classify, open, L2TP header, PPP protocol, TUN; nothing is kept
of it and nothing flows back up. It owns no event loop and no socket: descriptors are watched
elsewhere.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Network
from itertools import islice
from struct import Struct
from typing import Self

from l2tpsec.dataplane.contract import Network, PlaneSettings, PlaneSize, Upcalls
from l2tpsec.dataplane.userspace.carrier import TUN_FAILED
from l2tpsec.dataplane.userspace.forwarder import Forwarder
from l2tpsec.dataplane.userspace.interface import Device, Interface
from l2tpsec.dataplane.userspace.ipv6_forwarder import Ipv6Forwarder
from l2tpsec.dataplane.userspace.places import Places
from l2tpsec.dataplane.userspace.police import Police, PolicedIpv4, PolicedIpv6
from l2tpsec.dataplane.userspace.sas import (
    NO_SA,
    WORN_KILOBYTES,
    Address,
    Associations,
    Pair,
    Senders,
)
from l2tpsec.dataplane.userspace.sessions import Session, session_key
from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.policy import Policy
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.esp.inbound import Rows
from l2tpsec.protocols.l2tp.header import OPTIONAL, after_options

BATCH_PACKETS = 64
"""Packets taken at one wake-up: enough to spread its cost, few enough that timers are kept."""

L2TP_PORT = 1701

UNKNOWN_SPI = "ESP packet of an unknown SPI"
WRONG_MODE = "ESP packet not in the agreed encapsulation"
NOT_L2TP = "inside ESP is no UDP to port 1701"
BAD_L2TP = "L2TP data header malformed"
UNKNOWN_SESSION = "L2TP data for an unknown session"
BAD_PPP = "PPP frame without protocol"
OWN_TUNNEL = "ESP packet came through the tunnel itself"
RAW_HEADER = "raw protocol 50 packet without sound IPv4 header"

_PORT_1701 = L2TP_PORT.to_bytes(2)
_T, _L = 0x80, 0x40
_ALL_STATIONS = b"\xff\x03"
_IPV4, _IPV4_COMPRESSED = b"\x00\x21", b"\x21"
_IPV6, _IPV6_COMPRESSED = b"\x00\x57", b"\x57"
_u16 = Struct(">H").unpack_from

Way = tuple[Session | None, int]
"""Whose IPv4 packet it was, and at which octet of the payload it began."""

_NO_WAY: Way = (None, 0)


def _nothing() -> None:
    """Stand in for a Sender's `flush`."""


class UserspacePlane:
    """A DataPlane over a Device and Senders; see contract.py for the verbs.

    `flush` is called when a Sender that holds packets back must hold them no longer.
    """

    def __init__(  # noqa: PLR0913 - the ends of the pipe, and two by name only
        self,
        settings: PlaneSettings,
        upcalls: Upcalls,
        device: Device,
        senders: Senders,
        entropy: Entropy,
        *,
        flush: Callable[[], object] = _nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.drops: Counter[str] = Counter()
        self.device = device
        self._upcalls = upcalls
        self._flush = flush
        self._associations = Associations(senders, entropy, self.drops, self._worn)
        self._by_spi = self._associations.by_spi
        ends = device.write, self._local, self.drops, clock
        direct = settings.client_to_client
        self._ipv6 = Ipv6Forwarder(*ends, client_to_client=direct)
        self._forwarder = Forwarder(
            *ends, write_train=device.write_train, ipv6=self._ipv6.down, client_to_client=direct
        )
        self._free = self._forwarder, self._ipv6
        self._policed = PolicedIpv4(self._forwarder), PolicedIpv6(self._ipv6)
        self._clock = clock
        self._places = Places(settings, device, self._forwarder, self._ipv6)
        self._session_count = 0

    @classmethod
    def open(
        cls,
        settings: PlaneSettings,
        upcalls: Upcalls,
        senders: Senders,
        entropy: Entropy,
        flush: Callable[[], object] = _nothing,
    ) -> Self:
        """Make the plane with its TUN, addresses, routes and rules; raise DataPlaneError."""
        return cls(settings, upcalls, Interface(settings), senders, entropy, flush=flush)

    @property
    def notes(self) -> tuple[str, ...]:
        """What an administrator should know about this host's set-up."""
        return self.device.notes

    # Hot path, from the client.

    def receive_encapsulated(self, packet: bytes, remote: Address) -> None:
        """Take the payload of UDP 4500 that is ESP: neither an IKE message nor a keepalive."""
        pair = self._by_spi.get(packet[:4])
        if pair is None or not pair.encapsulated:
            self._stray(pair, packet[:4], len(packet), remote)
            return
        inbound = pair.inbound
        try:
            payload = inbound.open(packet)
        except Malformed as error:
            self.drops[error.reason] += 1
            return
        if remote != pair.remote and not self._followed(pair, packet, remote):
            return
        self._opened(pair, payload)

    def _opened(self, pair: Pair, payload: bytes) -> Way:
        """Tell control from data in what `pair` vouches for (RFC 2661 section 3.1).

        The Way says where a payload with equal headers goes.
        """
        if not pair.confirmed:
            self._used(pair)
        if pair.inbound.octets > pair.limit_octets:
            self._worn(pair, WORN_KILOBYTES)
        octets = len(payload)
        if octets < 10 or payload[2:4] != _PORT_1701:
            self.drops[NOT_L2TP] += 1
            return _NO_WAY
        (length,) = _u16(payload, 4)
        if length != octets:
            if not 10 <= length < octets:
                self.drops[NOT_L2TP] += 1
                return _NO_WAY
            payload = payload[:length]
        if not payload[8] & _T:
            way = self._data(pair, payload)
            return way if length == octets else _NO_WAY
        self._upcalls.control_datagram(pair.peer.ident, _u16(payload, 0)[0], payload[8:])
        return _NO_WAY

    def _data(self, pair: Pair, payload: bytes) -> Way:
        flags = payload[8]
        at = 10
        whole = True
        if flags & _L:
            at = 12
            end = 8 + int.from_bytes(payload[10:12])
            whole = end == len(payload)
            payload = payload[:end]
        body = at + 4
        if flags & OPTIONAL:
            body = after_options(payload, flags, body)
        session = pair.peer.sessions.get(payload[at : at + 4])
        if session is None or payload[9] & 15 != 2:
            session = self._unknown(pair, payload, at)
            if session is None:
                return _NO_WAY
        if payload[body : body + 2] == _ALL_STATIONS:
            body += 2
        if payload[body : body + 2] == _IPV4:
            body += 2
        elif payload[body : body + 1] == _IPV4_COMPRESSED:
            body += 1
        else:
            self._other(session, payload[body:])
            return _NO_WAY
        session.ipv4.up(session, payload[body:])
        return (session, body) if whole else _NO_WAY

    def _other(self, session: Session, frame: bytes) -> None:
        if frame[:2] == _IPV6:
            session.ipv6.up(session, frame[2:])
        elif frame[:1] == _IPV6_COMPRESSED:
            session.ipv6.up(session, frame[1:])
        else:
            self._frame(session, frame)

    # From the client, several in one piece.

    def receive_train(self, data: bytes, size: int, remote: Address) -> int:
        """Take ESP packets of `size` octets that arrived in one piece, from where their peer is.

        Return how many octets were taken; what is left is to be taken one by one.
        """
        pair = self._by_spi.get(data[:4])
        if pair is None or not (pair.encapsulated and pair.confirmed) or remote != pair.remote:
            return 0
        whole = len(data) - len(data) % size
        rows = pair.inbound.open_rows(data[:whole], size) if pair.lasts(whole) else None
        if rows is None:
            return 0
        self._opened_rows(pair, rows)
        return whole

    def _opened_rows(self, pair: Pair, rows: Rows) -> None:
        """Send payloads whose headers equal those of the first one where that one went."""
        text, start, octets, stride = rows
        session, body = self._opened(pair, text[start : start + octets])
        others = range(start + stride, len(text), stride)
        if others and session and session.ipv4 is self._forwarder and rows.alike(_front(body)):
            packets = [text[at + body : at + octets] for at in others]
            if self._by_spi.get(pair.key) is pair and self._forwarder.up_train(session, packets):
                return
        for at in others:
            # What the one before asked for may have ended the pair, as it may end a session.
            if self._by_spi.get(pair.key) is pair:
                self._opened(pair, text[at : at + octets])
            else:
                self._stray(None, pair.key, octets, pair.remote)

    # From the client, seldom.

    def receive_raw(self, packet: bytes) -> None:
        """Take an IPv4 packet with protocol 50, header included, as a raw socket delivers it."""
        header = (packet[0] & 15) * 4 if packet else 0
        esp = packet[header:]
        pair = self._by_spi.get(esp[:4])
        if not 20 <= header <= len(packet):
            self.drops[RAW_HEADER] += 1
            return
        if pair is None or pair.encapsulated:
            self._stray(pair, esp[:4], len(esp), (str(IPv4Address(packet[12:16])), 0))
            return
        try:
            payload = pair.inbound.open(esp)
        except Malformed as error:
            self.drops[error.reason] += 1
            return
        self._opened(pair, payload)

    def _stray(self, pair: Pair | None, spi: bytes, octets: int, remote: Address) -> None:
        self.drops[UNKNOWN_SPI if pair is None else WRONG_MODE] += 1
        if pair is None:
            self._upcalls.unknown_pair(int.from_bytes(spi), octets, remote)

    def _frame(self, session: Session, frame: bytes) -> None:
        if frame and frame[0] & 1:
            frame = b"\0" + frame
        if len(frame) < 2:
            self.drops[BAD_PPP] += 1
        else:
            self._upcalls.ppp_frame(session.peer, session.ids.tunnel, session.ids.session, frame)

    def _unknown(self, pair: Pair, payload: bytes, at: int) -> Session | None:
        """Return the session after all if the peer of `pair` is recognized as another one."""
        key = payload[at : at + 4]
        if len(key) < 4 or payload[9] & 15 != 2:
            self.drops[BAD_L2TP] += 1
            return None
        port, ids = _u16(payload, 0)[0], int.from_bytes(key)
        self._upcalls.unknown_session(pair.peer.ident, port, ids >> 16, ids & 0xFFFF)
        session = pair.peer.sessions.get(key)
        if session is None:
            self.drops[UNKNOWN_SESSION] += 1
        return session

    def _used(self, pair: Pair) -> None:
        self._associations.confirm(pair.peer.ident, pair.inbound_spi)
        self._upcalls.pair_used(pair.peer.ident, pair.inbound_spi)

    def _worn(self, pair: Pair, reason: str) -> None:
        if not pair.worn:
            pair.worn = True
            self._upcalls.pair_worn(pair.peer.ident, pair.inbound_spi, reason)

    def _followed(self, pair: Pair, packet: bytes, remote: Address) -> bool:
        """Follow a NAT's new mapping; return whether the packet may pass.

        Only the newest packet of an SA moves the peer: an older one may come late by the old path.
        """
        if self._places.inside(IPv4Address(remote[0])):
            # A client that routes its own ESP into its tunnel: answers would go into that tunnel,
            # and round and round.
            self.drops[OWN_TUNNEL] += 1
            return False
        if int.from_bytes(packet[4:8]) == pair.inbound.window.highest:
            path = Path(pair.path.local, Endpoint(*remote))
            self._associations.move(pair.peer, path)
            self._upcalls.peer_moved(pair.peer.ident, pair.inbound_spi, path)
        return True

    def _local(self, session: Session, packet: bytes) -> None:
        self._upcalls.local_packet(session.peer, session.ids.tunnel, session.ids.session, packet)

    # To the client.

    def fileno(self) -> int:
        """Return the descriptor for which `tun_readable` is to be called."""
        return self.device.fileno()

    def tun_readable(self) -> None:
        """Send what the kernel has for clients, up to one batch."""
        read = self.device.read
        if packet := read():
            # Most that come alone stay alone: they do not wait till more is asked for.
            self._forwarder.down(packet)
            self._depart()
            packets = [*islice(iter(read, b""), BATCH_PACKETS - 1)]
            while self.device.pending:
                # Nobody would be woken for them.
                packets.append(read())
            self._forwarder.down_several(packets)
            self._depart()
        self.flush()

    def flush(self) -> None:
        """Hand the kernel what was held back of a batch of received packets."""
        if lost := self.device.flush():
            self.drops[TUN_FAILED] += lost

    def send_control(self, peer: PeerId, port: int, datagram: bytes) -> None:
        """Send an L2TP control message."""
        known = self._associations.peers.get(peer)
        if known is None:
            self.drops[NO_SA] += 1
            return
        header = _PORT_1701 + port.to_bytes(2) + (8 + len(datagram)).to_bytes(2) + bytes(2)
        known.hold(header + datagram)
        self._depart()

    def send_frame(self, peer: PeerId, ids: SessionIds, frame: bytes) -> None:
        """Send a PPP frame."""
        session = self._session(peer, ids)
        if session is not None:
            session.sender.hold(session.wrap(frame))
            self._depart()

    def _depart(self) -> None:
        self._associations.depart()
        self._flush()

    def send_packet(self, peer: PeerId, ids: SessionIds, packet: bytes) -> None:
        """Send a packet of the box itself."""
        protocol = _IPV6 if packet[0] >> 4 == 6 else _IPV4
        self.send_frame(peer, ids, protocol + packet)

    # Set-up and end.

    def install(self, peer: PeerId, pair: SaPair) -> None:
        """Receive on a pair."""
        self._associations.install(peer, pair)

    def confirm(self, peer: PeerId, inbound_spi: int) -> None:
        """Send on a pair."""
        self._associations.confirm(peer, inbound_spi)

    def remove(self, peer: PeerId, inbound_spi: int) -> None:
        """End a pair."""
        self._associations.remove(peer, inbound_spi)

    def remove_peer(self, peer: PeerId) -> None:
        """End all of a peer."""
        known = self._associations.peers.get(peer)
        if known is None:
            return
        for session in list(known.sessions.values()):
            self.close_session(peer, session.ids)
        for inbound_spi in list(known.pairs):
            self.remove(peer, inbound_spi)

    def move(self, peer: PeerId, path: Path) -> None:
        """Send elsewhere."""
        known = self._associations.peers.get(peer)
        if known is not None:
            self._associations.move(known, path)

    def merge(self, peer: PeerId, into: PeerId) -> None:
        """Let another peer have the pairs."""
        known = self._associations.peers.get(peer)
        if known is not None and peer != into and not known.sessions:
            self._associations.merge(known, self._associations.peer(into))

    def open_session(self, peer: PeerId, ids: SessionIds) -> None:
        """Carry control frames."""
        self.close_session(peer, ids)
        known = self._associations.peer(peer)
        session = Session(peer, ids, known, self._free)
        known.sessions[session.key] = session
        self._session_count += 1

    def set_compression(self, peer: PeerId, ids: SessionIds, *, pfc: bool, acfc: bool) -> None:
        """Shorten what is sent."""
        session = self._session(peer, ids)
        if session is not None:
            session.compress(pfc=pfc, acfc=acfc)

    def set_policy(self, peer: PeerId, ids: SessionIds, policy: Policy) -> None:
        """Put a session under a policy, or free it."""
        session = self._session(peer, ids)
        if session is None:
            return
        if policy.free and session.police is None:
            return
        police = session.police or Police(
            partial(self._places.lead_to, session), self.drops, self._clock
        )
        police.obey(policy)
        session.obey(police, self._free if police.free else self._policed)

    def start_forwarding(
        self, peer: PeerId, ids: SessionIds, address: IPv4Address, mtu: int
    ) -> None:
        """Carry IPv4."""
        session = self._session(peer, ids)
        if session is not None:
            self._places.place(session, address, mtu)

    def start_forwarding_ipv6(
        self, peer: PeerId, ids: SessionIds, prefix: IPv6Network, mtu: int
    ) -> None:
        """Carry IPv6."""
        session = self._session(peer, ids)
        if session is not None:
            self._places.place_ipv6(session, prefix, mtu)

    def route(self, peer: PeerId, ids: SessionIds, networks: Sequence[Network]) -> list[str]:
        """Lead to networks behind a client."""
        session = self._session(peer, ids)
        return self._places.route(session, networks) if session else []

    def use_table(
        self, peer: PeerId, ids: SessionIds, sources: Sequence[Network], table: int
    ) -> str:
        """Let the kernel route what comes from a client by a table of its own."""
        session = self._session(peer, ids)
        return self._places.use_table(session, sources, table) if session else ""

    def close_session(self, peer: PeerId, ids: SessionIds) -> Counters:
        """End a session."""
        known = self._associations.peers.get(peer)
        session = self._session(peer, ids)
        if known is None or session is None:
            return Counters()
        self._places.vacate(session)
        del known.sessions[session.key]
        self._session_count -= 1
        self._associations.forget(known)
        return session.counters

    def counters(self, peer: PeerId, ids: SessionIds) -> Counters:
        """Return what was forwarded."""
        session = self._session(peer, ids)
        return session.counters if session else Counters()

    def refusals(self, peer: PeerId, ids: SessionIds) -> Refusals:
        """Return what its policy refused."""
        session = self._session(peer, ids)
        return session.police.refusals if session and session.police else Refusals()

    def _session(self, peer: PeerId, ids: SessionIds) -> Session | None:
        known = self._associations.peers.get(peer)
        return known.sessions.get(session_key(ids.tunnel, ids.session)) if known else None

    @property
    def size(self) -> PlaneSize:
        """How much it holds."""
        return PlaneSize(len(self._associations.peers), len(self._by_spi), self._session_count)

    def close(self) -> None:
        """Give the interface back."""
        self.device.close()


def _front(body: int) -> str:
    """Read destination port, length, L2TP header and PPP protocol; not the checksum amid them."""
    return f"2x4s2x{body - 8}s"
