"""An L2TP session as the hot path sees it: octets to put in front, limits and counters."""

from collections.abc import Callable

from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds

NO_ADDRESS = b""


class Session:
    """One L2TP session: how to wrap what goes to the client, what it may send, and its counters."""

    __slots__ = (
        "_acfc",
        "_header",
        "address",
        "ids",
        "input_octets",
        "input_packets",
        "ipv6_mss",
        "ipv6_mtu",
        "ipv6_overhead",
        "ipv6_tail",
        "key",
        "mss",
        "mtu",
        "output_octets",
        "output_packets",
        "overhead",
        "peer",
        "ports",
        "prefix",
        "tail",
        "transmit",
    )  # fmt: skip

    def __init__(self, peer: PeerId, ids: SessionIds, transmit: Callable[[bytes], None]) -> None:
        self.peer = peer
        self.transmit = transmit
        self.ids = ids
        self.key = session_key(ids.tunnel, ids.session)
        self.ports = b"\x06\xa5" + ids.port.to_bytes(2)
        # No L, S, O or P bit: Windows drops messages with other bits than T, L and S.
        self._header = b"\x00\x02" + session_key(ids.peer_tunnel, ids.peer_session)
        self.address = self.prefix = NO_ADDRESS
        self.mtu = self.mss = self.ipv6_mtu = self.ipv6_mss = 0
        self.input_packets = self.input_octets = 0
        self.output_packets = self.output_octets = 0
        self.compress(pfc=False, acfc=False)

    def compress(self, *, pfc: bool, acfc: bool) -> None:
        """Set the shortest fronts of an IPv4 and an IPv6 frame that the client accepts."""
        self._acfc = acfc
        front = bytes(2) + self._header + (b"" if acfc else b"\xff\x03") + (b"" if pfc else b"\0")
        self.tail, self.ipv6_tail = front + b"\x21", front + b"\x57"
        self.overhead = self.ipv6_overhead = 6 + len(self.tail)

    @property
    def counters(self) -> Counters:
        """What was forwarded so far."""
        return Counters(
            self.input_packets, self.input_octets, self.output_packets, self.output_octets
        )

    def wrap(self, frame: bytes) -> bytes:
        """Return the UDP datagram for a PPP frame that starts with its protocol.

        LCP always has FF 03.
        """
        front = b"" if self._acfc and frame[:2] != b"\xc0\x21" else b"\xff\x03"
        message = bytes(2) + self._header + front + frame
        return self.ports + (6 + len(message)).to_bytes(2) + message


def session_key(tunnel: int, session: int) -> bytes:
    """Return tunnel and session number as they stand in an L2TP header."""
    return tunnel.to_bytes(2) + session.to_bytes(2)
