"""Peers and their SA pairs: which one opens a packet, which one seals it, and where it goes."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaPair
from l2tpsec.protocols.esp.inbound import inbound_sa
from l2tpsec.protocols.esp.outbound import SequenceExhausted, outbound_sa

if TYPE_CHECKING:
    from l2tpsec.dataplane.userspace.sessions import Session

Address = tuple[str, int]
Sender = Callable[[bytes, Address], object]
"""`socket.sendto`, or whatever sends from the right local address."""

Senders = Callable[[Path, bool], Sender]
"""Returns the Sender for a path.

The flag says UDP encapsulation (otherwise raw protocol 50, port 0).
"""

NO_SA = "no SA to send on"
SEND_FAILED = "socket refused the packet"
EXHAUSTED = "outbound SA out of sequence numbers"

WORN_SEQUENCE = "the sequence numbers are used up"
WORN_KILOBYTES = "the agreed kilobytes are used up"
_UNLIMITED = 1 << 62
# The client counts too, and rekeys at its own limit: as much again leaves it the time to, even
# where its first message is lost and the transfer fast.
_OCTETS_A_KILOBYTE = 2048


class Pair:
    """Both SAs of a Quick Mode; `key` is the inbound SPI as it stands in a packet."""

    __slots__ = (
        "confirmed",
        "encapsulated",
        "inbound",
        "inbound_spi",
        "key",
        "limit_octets",
        "outbound",
        "path",
        "peer",
        "remote",
        "send",
        "worn",
    )

    def __init__(self, peer: "Peer", pair: SaPair, entropy: Entropy) -> None:
        self.peer = peer
        self.inbound_spi = pair.inbound_spi
        self.key = pair.inbound_spi.to_bytes(4)
        self.encapsulated = pair.encapsulated
        self.inbound = inbound_sa(pair.transform, pair.inbound)
        self.outbound = outbound_sa(pair.transform, pair.outbound_spi, pair.outbound, entropy)
        self.limit_octets = (pair.life_kilobytes or 0) * _OCTETS_A_KILOBYTE or _UNLIMITED
        self.confirmed = False
        self.worn = False
        self.path = pair.path
        self.remote: Address = ("", 0)
        self.send: Sender = _nowhere

    def lasts(self, octets: int) -> bool:
        """Tell whether so much may come and nobody is to be told that the pair is used up."""
        return self.worn or self.inbound.octets + octets <= self.limit_octets

    def moved(self, path: Path, senders: Senders) -> None:
        """Send to `path` from now on."""
        remote = path.remote if self.encapsulated else Endpoint(path.remote.address, 0)
        self.path = path
        self.remote = (remote.address, remote.port)
        self.send = senders(path, self.encapsulated)


def _nowhere(packet: bytes, address: Address) -> None:
    """Stand in until a path is known."""


class Peer:
    """One remote host: its pairs, oldest first, and its sessions.

    Sessions are found by tunnel and session number as they stand in an L2TP header.
    """

    __slots__ = ("_drops", "_held", "_worn", "current", "ident", "pairs", "sessions")

    def __init__(
        self,
        ident: PeerId,
        drops: Counter[str],
        worn: Callable[[Pair, str], None],
        held: "dict[Peer, list[bytes]]",
    ) -> None:
        self.ident = ident
        self._held = held
        self.pairs: dict[int, Pair] = {}
        self.current: Pair | None = None
        self.sessions: dict[bytes, Session] = {}
        self._drops = drops
        self._worn = worn

    def choose(self) -> None:
        """Send on the newest confirmed pair; where none is, on the newest.

        Windows deletes its old pair before it sends message 3 for the new one.
        """
        pairs = list(self.pairs.values())
        confirmed = [pair for pair in pairs if pair.confirmed]
        candidates = confirmed or pairs
        self.current = candidates[-1] if candidates else None

    def transmit(self, payload: bytes) -> None:
        """Seal a UDP datagram and send it; a loss is counted, as on any wire."""
        pair = self.current
        if pair is None:
            self._drops[NO_SA] += 1
            return
        outbound = pair.outbound
        try:
            pair.send(outbound.seal(payload), pair.remote)
        except OSError:
            self._drops[SEND_FAILED] += 1
        except SequenceExhausted:
            self._exhausted(pair, 1)
        if outbound.octets > pair.limit_octets:
            self._worn(pair, WORN_KILOBYTES)

    def hold(self, payload: bytes) -> None:
        """Keep a UDP datagram until the batch is whole: see Associations.depart."""
        held = self._held.get(self)
        if held is None:
            self._held[self] = [payload]
        else:
            held.append(payload)

    def hold_train(self, front: bytes, payloads: Sequence[bytes]) -> None:
        """Send several UDP datagrams, each `front` and one payload, behind those that are held."""
        held = self._held.pop(self, None)
        if held is not None:
            self.transmit_train(held)
        self.transmit_train(payloads, front)

    def transmit_train(self, payloads: Sequence[bytes], front: bytes = b"") -> None:
        """Seal and send UDP datagrams as `transmit` would one by one, `front` before each."""
        pair = self.current
        if pair is None or len(payloads) == 1:
            for payload in payloads:
                self.transmit(front + payload)
            return
        send, remote = pair.send, pair.remote
        packets = pair.outbound.seal_train(payloads, front)
        for packet in packets:
            try:
                send(packet, remote)
            except OSError:
                self._drops[SEND_FAILED] += 1
        if len(packets) < len(payloads):
            self._exhausted(pair, len(payloads) - len(packets))
        if pair.outbound.octets > pair.limit_octets:
            self._worn(pair, WORN_KILOBYTES)

    def _exhausted(self, pair: Pair, count: int) -> None:
        self._drops[EXHAUSTED] += count
        self._worn(pair, WORN_SEQUENCE)


class Associations:
    """All peers and their pairs; inbound SPIs are unique, we choose them."""

    __slots__ = ("_drops", "_entropy", "_held", "_senders", "_worn", "by_spi", "peers")

    def __init__(
        self,
        senders: Senders,
        entropy: Entropy,
        drops: Counter[str],
        worn: Callable[[Pair, str], None],
    ) -> None:
        self.peers: dict[PeerId, Peer] = {}
        self.by_spi: dict[bytes, Pair] = {}
        self._senders = senders
        self._entropy = entropy
        self._drops = drops
        self._worn = worn
        self._held: dict[Peer, list[bytes]] = {}

    def depart(self) -> None:
        """Seal and send what peers hold, a train each."""
        if self._held:
            held = list(self._held.items())
            self._held.clear()
            for peer, payloads in held:
                peer.transmit_train(payloads)

    def peer(self, ident: PeerId) -> Peer:
        """Return a peer's state, made at its first use."""
        peer = self.peers.get(ident)
        if peer is None:
            peer = self.peers[ident] = Peer(ident, self._drops, self._worn, self._held)
        return peer

    def install(self, ident: PeerId, agreed: SaPair) -> None:
        """Receive on a new pair."""
        former = self.by_spi.get(agreed.inbound_spi.to_bytes(4))
        if former is not None:
            self.remove(former.peer.ident, former.inbound_spi)
        peer = self.peer(ident)
        pair = Pair(peer, agreed, self._entropy)
        pair.moved(agreed.path, self._senders)
        self.by_spi[pair.key] = peer.pairs[pair.inbound_spi] = pair

    def confirm(self, ident: PeerId, inbound_spi: int) -> None:
        """Let a pair carry what is sent."""
        pair = self._find(ident, inbound_spi)
        if pair is not None:
            pair.confirmed = True
            pair.peer.choose()

    def remove(self, ident: PeerId, inbound_spi: int) -> None:
        """End a pair, and with the last one of a peer without sessions the peer."""
        pair = self._find(ident, inbound_spi)
        if pair is None:
            return
        del pair.peer.pairs[inbound_spi]
        del self.by_spi[pair.key]
        if pair.peer.current is pair:
            pair.peer.choose()
        self.forget(pair.peer)

    def forget(self, peer: Peer) -> None:
        """Drop a peer of which nothing is left."""
        if not peer.pairs and not peer.sessions:
            self.peers.pop(peer.ident, None)

    def move(self, peer: Peer, path: Path) -> None:
        """Send everything of a peer to another path; a NAT moves all its SAs at once."""
        for pair in peer.pairs.values():
            pair.moved(path, self._senders)

    def merge(self, peer: Peer, into: Peer) -> None:
        """Let another peer have all pairs of one, as its newest."""
        for pair in peer.pairs.values():
            pair.peer = into
        into.pairs |= peer.pairs
        into.choose()
        peer.pairs = {}
        self.forget(peer)

    def _find(self, ident: PeerId, inbound_spi: int) -> Pair | None:
        peer = self.peers.get(ident)
        return peer.pairs.get(inbound_spi) if peer else None
