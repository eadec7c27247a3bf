"""IPv4 between sessions and the TUN: who may send what, how large, and how much it was."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from l2tpsec.dataplane.userspace.carrier import NO_SESSION, Carrier
from l2tpsec.dataplane.userspace.coalescing import Train, flow
from l2tpsec.dataplane.userspace.routes import Routes
from l2tpsec.dataplane.userspace.sessions import NO_ADDRESS, Session
from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import icmp, ipv4, tcp

FORGED_SOURCE = "inner source is not the session's address"
CLIENT_TO_CLIENT = "client to client"
NOT_ROUTED = "inner destination is multicast, broadcast, loopback or zero"
NOT_IPV4 = "inner packet is no sound IPv4"
SOURCE_ROUTED = "inner packet asks for a source route"
NOT_FORWARDING = "IPv4 before IPCP is open"
TOO_BIG = "packet too big, sender told"
TOO_BIG_QUIET = "packet too big, sender not told"

_NO_OPTIONS = 0x45
_DHCP_SERVER = b"\x00\x43"
_EVERYONE = b"\xff\xff\xff\xff"
_NOBODY = bytes(4)
_SOURCE_ROUTES = frozenset({131, 137})


class Forwarder(Carrier):
    """Checks, counts and carries forwarded packets; `ipv6` takes the kernel's IPv6."""

    __slots__ = ("_ipv6", "_tables", "_write_train", "by_address", "routes")

    def __init__(  # noqa: PLR0913 - both versions' ends, and two by name only
        self,
        write: Callable[[bytes], None],
        local: Callable[[Session, bytes], None],
        drops: Counter[str],
        clock: Callable[[], float],
        *,
        write_train: Callable[[Train], None],
        ipv6: Callable[[bytes], None],
        client_to_client: bool,
    ) -> None:
        super().__init__(write, local, drops, clock, client_to_client=client_to_client)
        self.by_address: dict[bytes, Session] = {}
        self.routes = Routes(32)
        self._tables = self.routes.tables
        self._write_train = write_train
        self._ipv6 = ipv6

    def start(self, session: Session, address: bytes, mtu: int) -> None:
        """Carry packets of `address`; who had it before no longer gets any."""
        self.stop(session)
        holder = self.by_address.get(address)
        if holder is not None:
            holder.address = NO_ADDRESS
        session.address = address
        session.widen(mtu)
        session.mss = mtu - tcp.HEADERS_OCTETS
        self.by_address[address] = session
        if session.police is not None:
            session.police.forget()

    def stop(self, session: Session) -> None:
        """Carry nothing more of a session."""
        if session.address:
            del self.by_address[session.address]
            session.address = NO_ADDRESS

    def up(self, session: Session, packet: bytes) -> None:
        """Take an IPv4 packet from a client; octets behind its total length are padding."""
        octets = int.from_bytes(packet[2:4])
        if len(packet) != octets:
            packet = packet[:octets]
        plain = len(packet) == octets >= 20 and packet[0] == _NO_OPTIONS
        if not plain and not self._sound(packet, octets):
            return
        if not self._permitted(session, packet):
            self._refuse(session, packet)
            return
        if packet[9] == 6:
            packet = tcp.clamp_mss(packet, session.mss)
        session.input_packets += 1
        session.input_octets += octets
        self._hand_over(packet)

    def up_train(self, session: Session, packets: Sequence[bytes]) -> bool:
        """Take packets of one length that a client sent together, if all are one flow's.

        The first one speaks for them; none of them begins a connection. Where it may not pass, or
        they differ, return False: nothing has happened.
        """
        first, octets = packets[0], len(packets[0])
        plain = octets == int.from_bytes(first[2:4]) >= 20 and first[0] == _NO_OPTIONS
        train = flow(packets) if plain else None
        if train is None or not self._permitted(session, first):
            return False
        session.input_packets += len(packets)
        session.input_octets += len(packets) * octets
        self._write_train(train)
        return True

    def _permitted(self, session: Session, packet: bytes) -> bool:
        destination = packet[16:20]
        return not (
            (packet[12:16] != session.address and self._foreign(session, packet[12:16]))
            or not 0 < destination[0] < 224
            or destination[0] == 127
            or (destination in self.by_address and not self.client_to_client)
            or (self._tables and self._behind_another(destination))
        )

    def _foreign(self, session: Session, source: bytes) -> bool:
        return not session.address or self.routes.find(source) is not session

    def _behind_another(self, destination: bytes) -> bool:
        return not self.client_to_client and self.routes.find(destination) is not None

    def _sound(self, packet: bytes, octets: int) -> bool:
        header = (packet[0] & 15) * 4 if packet else 0
        if len(packet) != octets or not 20 <= header <= octets or packet[0] >> 4 != 4:
            self._drops[NOT_IPV4] += 1
            return False
        if _source_routed(packet[20:header]):
            self._drops[SOURCE_ROUTED] += 1
            return False
        return True

    def _refuse(self, session: Session, packet: bytes) -> None:
        """Say why a packet is not forwarded.

        What is meant for a DHCP server on the link goes up.
        """
        source, destination = packet[12:16], packet[16:20]
        if not session.address:
            self._drops[NOT_FORWARDING] += 1
        elif source in {session.address, _NOBODY} and destination == _EVERYONE and _to_dhcp(packet):
            self._local(session, packet)
        elif source != session.address and self._foreign(session, source):
            self._drops[FORGED_SOURCE] += 1
        elif destination in self.by_address or self.routes.find(destination) is not None:
            self._drops[CLIENT_TO_CLIENT] += 1
        else:
            self._drops[NOT_ROUTED] += 1

    def down(self, packet: bytes) -> None:
        """Take a packet from the kernel to the client that has its destination address."""
        session = self.by_address.get(packet[16:20])
        if session is None or packet[0] >> 4 != 4:
            self._another(packet)
            return
        if packet[9] == 6:
            packet = tcp.clamp_mss(packet, session.mss)
        if len(packet) <= session.mtu:
            self._deliver(session, packet)
        else:
            session.ipv4.wide(session, packet)

    def down_several(self, packets: Sequence[bytes]) -> None:
        """Take several packets from the kernel, as `down` takes each; runs of one kind together."""
        for _, run in groupby(packets, _kind):
            alike = [*run]
            session = self.by_address.get(alike[0][16:20])
            octets, count = len(alike[0]), len(alike)
            if count == 1 or session is None or alike[0][0] >> 4 != 4 or octets > session.mtu:
                for packet in alike:
                    self.down(packet)
                continue
            session.output_packets += count
            session.output_octets += count * octets
            clamped = [tcp.clamp_mss(each, session.mss) if each[9] == 6 else each for each in alike]
            session.sender.hold_train(session.front(octets), clamped)

    def wide(self, session: Session, packet: bytes) -> None:
        """Take a packet to the client that may be too wide for it."""
        if len(packet) <= session.width:
            self._deliver(session, packet)
            return
        try:
            self._oversize(session, packet)
        except Malformed:
            self._drops[NOT_IPV4] += 1

    def _another(self, packet: bytes) -> None:
        # Octets 16 to 20 of an IPv6 packet are of its source: whom they name is chance.
        if packet[0] >> 4 == 6:
            self._ipv6(packet)
        elif (session := self.routes.find(packet[16:20])) is not None and packet[0] >> 4 == 4:
            clamped = tcp.clamp_mss(packet, session.mss) if packet[9] == 6 else packet
            session.ipv4.wide(session, clamped)
        else:
            self._drops[NO_SESSION] += 1

    def _deliver(self, session: Session, packet: bytes) -> None:
        octets = len(packet)
        session.output_packets += 1
        session.output_octets += octets
        session.sender.hold(session.front(octets) + packet)

    def _oversize(self, session: Session, packet: bytes) -> None:
        if not packet[6] & 0x40:
            for piece in ipv4.fragment(packet, session.width):
                self._deliver(session, piece)
        elif icmp.answerable(packet) and self._complaints.take(self._clock()):
            self._drops[TOO_BIG] += 1
            # From the client's address: one of the kernel's own would be a martian on a TUN.
            self._hand_over(icmp.fragmentation_needed(packet, session.width, session.address))
        else:
            self._drops[TOO_BIG_QUIET] += 1


def _kind(packet: bytes) -> tuple[int, bytes, int]:
    """Return what packets that go together have in common: version, destination, length."""
    return packet[0], packet[16:20], len(packet)


def _to_dhcp(packet: bytes) -> bool:
    udp = (packet[0] & 15) * 4
    whole = not int.from_bytes(packet[6:8]) & ipv4.OFFSET_MASK
    return packet[9] == 17 and whole and packet[udp + 2 : udp + 4] == _DHCP_SERVER


def _source_routed(options: bytes) -> bool:
    at = 0
    while at < len(options) and options[at]:
        if options[at] in _SOURCE_ROUTES:
            return True
        at += 1 if options[at] == 1 else max(2, options[at + 1] if at + 1 < len(options) else 2)
    return False
