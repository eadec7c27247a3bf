"""IPv6 between sessions and the TUN: a session owns a /64, and asks its link's router itself."""

from collections import Counter
from collections.abc import Callable

from l2tpsec.dataplane.userspace.carrier import NO_SESSION, Carrier
from l2tpsec.dataplane.userspace.routes import Routes
from l2tpsec.dataplane.userspace.sessions import NO_ADDRESS, Session
from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import icmpv6, tcp

NOT_FORWARDED = "IPv6 is not forwarded"
NOT_IPV6 = "inner packet is no sound IPv6"
FORGED_SOURCE = "inner source is not of the session's prefix"
CLIENT_TO_CLIENT = "client to client by IPv6"
NOT_ROUTED = "inner IPv6 destination is multicast, link-local, loopback or reserved"
SOURCE_ROUTED = "inner IPv6 packet asks for a source route"
TOO_BIG = "IPv6 packet too big, sender told"
TOO_BIG_QUIET = "IPv6 packet too big, sender not told"

_HEADER_OCTETS = 40
_TCP, _UDP, _ROUTING, _ICMPV6 = 6, 17, 43, 58
_DHCPV6_SERVER = b"\x02\x23"
_UNSPECIFIED = bytes(16)
_TRANSLATED = b"\x00\x64\xff\x9b"


class Ipv6Forwarder(Carrier):
    """Checks, counts and carries forwarded packets; `by_prefix` has the first 8 octets."""

    __slots__ = ("_tables", "by_prefix", "routes")

    def __init__(
        self,
        write: Callable[[bytes], None],
        local: Callable[[Session, bytes], None],
        drops: Counter[str],
        clock: Callable[[], float],
        *,
        client_to_client: bool,
    ) -> None:
        super().__init__(write, local, drops, clock, client_to_client=client_to_client)
        self.by_prefix: dict[bytes, Session] = {}
        self.routes = Routes(128)
        self._tables = self.routes.tables

    def start(self, session: Session, prefix: bytes, mtu: int) -> None:
        """Carry packets of a /64; who had it before no longer gets any."""
        self.stop(session)
        holder = self.by_prefix.get(prefix)
        if holder is not None:
            holder.prefix = NO_ADDRESS
        session.prefix = prefix
        session.widen_ipv6(mtu)
        session.ipv6_mss = mtu - tcp.IPV6_HEADERS_OCTETS
        self.by_prefix[prefix] = session
        if session.police is not None:
            session.police.forget()

    def stop(self, session: Session) -> None:
        """Carry nothing more of a session."""
        if session.prefix:
            del self.by_prefix[session.prefix]
            session.prefix = NO_ADDRESS

    def up(self, session: Session, packet: bytes) -> None:
        """Take an IPv6 packet from a client; octets behind its payload are padding."""
        octets = _HEADER_OCTETS + int.from_bytes(packet[4:6])
        if len(packet) != octets:
            packet = packet[:octets]
        if not session.prefix:
            self._drops[NOT_FORWARDED] += 1
            return
        if len(packet) != octets or packet[0] >> 4 != 6:
            self._drops[NOT_IPV6] += 1
            return
        if (
            (packet[8:16] != session.prefix and self.routes.find(packet[8:24]) is not session)
            or _not_routed(packet)
            or (packet[24:32] in self.by_prefix and not self.client_to_client)
            or (self._tables and self._behind_another(packet[24:40]))
            or _source_routed(packet)
        ):
            self._refuse(session, packet)
            return
        if packet[6] == _TCP:
            packet = tcp.clamp_mss_ipv6(packet, session.ipv6_mss)
        session.input_packets += 1
        session.input_octets += octets
        self._hand_over(packet)

    def _behind_another(self, destination: bytes) -> bool:
        return not self.client_to_client and self.routes.find(destination) is not None

    def _refuse(self, session: Session, packet: bytes) -> None:
        """Say why a packet is not forwarded; what is meant for the link's router goes up."""
        source = packet[8:24]
        if (_link_local(source) or source == _UNSPECIFIED) and _for_link(packet):
            self._local(session, packet)
        elif _not_routed(packet):
            self._drops[NOT_ROUTED] += 1
        elif source[:8] != session.prefix and self.routes.find(source) is not session:
            self._drops[FORGED_SOURCE] += 1
        else:
            self._drops[SOURCE_ROUTED if _source_routed(packet) else CLIENT_TO_CLIENT] += 1

    def down(self, packet: bytes) -> None:
        """Take a packet from the kernel to the client that has its destination's prefix."""
        session = self.by_prefix.get(packet[24:32])
        if session is None or packet[0] >> 4 != 6:
            self._another(packet)
            return
        if packet[6] == _TCP:
            packet = tcp.clamp_mss_ipv6(packet, session.ipv6_mss)
        if len(packet) <= session.ipv6_mtu:
            self._deliver(session, packet)
        else:
            session.ipv6.wide(session, packet)

    def _another(self, packet: bytes) -> None:
        session = self.routes.find(packet[24:40]) if packet[0] >> 4 == 6 else None
        if session is None:
            self._drops[NO_SESSION] += 1
            return
        clamped = tcp.clamp_mss_ipv6(packet, session.ipv6_mss) if packet[6] == _TCP else packet
        session.ipv6.wide(session, clamped)

    def wide(self, session: Session, packet: bytes) -> None:
        """Take a packet to the client that may be too wide for it."""
        if len(packet) <= session.ipv6_width:
            self._deliver(session, packet)
            return
        try:
            self._oversize(session, packet)
        except Malformed:
            self._drops[NOT_IPV6] += 1

    def _deliver(self, session: Session, packet: bytes) -> None:
        octets = len(packet)
        session.output_packets += 1
        session.output_octets += octets
        length = (octets + session.ipv6_overhead).to_bytes(2)
        session.sender.hold(session.ports + length + session.ipv6_tail + packet)

    def _oversize(self, session: Session, packet: bytes) -> None:
        if icmpv6.answerable(packet) and self._complaints.take(self._clock()):
            self._drops[TOO_BIG] += 1
            # From the client's address, as the kernel refuses to route what comes from its own.
            self._hand_over(icmpv6.packet_too_big(packet, session.ipv6_width, packet[24:40]))
        else:
            self._drops[TOO_BIG_QUIET] += 1


def _not_routed(packet: bytes) -> bool:
    return packet[24] >= 0xFE or (packet[24] == 0 and packet[24:28] != _TRANSLATED)


def _link_local(address: bytes) -> bool:
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _for_link(packet: bytes) -> bool:
    """Tell whether it is ICMPv6 or DHCPv6 for this link (RFC 4291 section 2.7: scope 2).

    What hosts shout besides, such as names by mDNS, is for other hosts than a router.
    """
    destination = packet[24:40]
    if not _link_local(destination) and destination[:2] != b"\xff\x02":
        return False
    return packet[6] == _ICMPV6 or (packet[6] == _UDP and packet[42:44] == _DHCPV6_SERVER)


def _source_routed(packet: bytes) -> bool:
    return packet[6] == _ROUTING and packet[42:43] == b"\0"
