"""An L2TP session as the hot path sees it: octets to put in front, limits and counters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds

if TYPE_CHECKING:
    from l2tpsec.dataplane.userspace.police import Police

NO_ADDRESS = b""
NO_WIDTH = -1
"""An `mtu` that no packet keeps to: each goes by `wide`, where a session's police stands."""


class Carries(Protocol):
    """Whoever carries a session's packets of one version of IP."""

    def up(self, session: "Session", packet: bytes) -> None:
        """Take a packet from the client."""
        ...

    def wide(self, session: "Session", packet: bytes) -> None:
        """Take a packet to the client that is wider than the session's `mtu` for this version."""
        ...


class Sends(Protocol):
    """Whoever seals and sends a client's UDP datagrams."""

    def hold(self, payload: bytes) -> None:
        """Take one."""
        ...

    def hold_train(self, front: bytes, payloads: Sequence[bytes]) -> None:
        """Take several at once, each `front` and one payload."""
        ...


class Session:
    """One L2TP session: how to wrap what goes to the client, what it may send, and its counters.

    `width` and `ipv6_width` are the longest packets for the client; `mtu` and `ipv6_mtu` are the
    same, or NO_WIDTH where `police` is to see every packet.
    """

    __slots__ = (
        "_acfc",
        "_header",
        "address",
        "ids",
        "input_octets",
        "input_packets",
        "ipv4",
        "ipv6",
        "ipv6_mss",
        "ipv6_mtu",
        "ipv6_overhead",
        "ipv6_tail",
        "ipv6_width",
        "key",
        "mss",
        "mtu",
        "output_octets",
        "output_packets",
        "overhead",
        "peer",
        "police",
        "ports",
        "prefix",
        "sender",
        "tail",
        "width",
    )  # fmt: skip

    def __init__(
        self,
        peer: PeerId,
        ids: SessionIds,
        sender: Sends,
        carriers: tuple[Carries, Carries],
    ) -> None:
        self.peer = peer
        self.ipv4, self.ipv6 = carriers
        self.police: Police | None = None
        self.sender = sender
        self.ids = ids
        self.key = session_key(ids.tunnel, ids.session)
        self.ports = b"\x06\xa5" + ids.port.to_bytes(2)
        # No L, S, O or P bit: Windows drops messages with other bits than T, L and S.
        self._header = b"\x00\x02" + session_key(ids.peer_tunnel, ids.peer_session)
        self.address = self.prefix = NO_ADDRESS
        self.width = self.mtu = self.mss = 0
        self.ipv6_width = self.ipv6_mtu = self.ipv6_mss = 0
        self.input_packets = self.input_octets = 0
        self.output_packets = self.output_octets = 0
        self.compress(pfc=False, acfc=False)

    def compress(self, *, pfc: bool, acfc: bool) -> None:
        """Set the shortest fronts of an IPv4 and an IPv6 frame that the client accepts."""
        self._acfc = acfc
        front = bytes(2) + self._header + (b"" if acfc else b"\xff\x03") + (b"" if pfc else b"\0")
        self.tail, self.ipv6_tail = front + b"\x21", front + b"\x57"
        self.overhead = self.ipv6_overhead = 6 + len(self.tail)

    def front(self, octets: int) -> bytes:
        """Return what precedes an IPv4 packet of so many octets in its UDP datagram."""
        return self.ports + (octets + self.overhead).to_bytes(2) + self.tail

    @property
    def _policed(self) -> bool:
        return self.police is not None and not self.police.free

    def widen(self, octets: int) -> None:
        """Set the longest IPv4 packet for the client."""
        self.width = octets
        self.mtu = NO_WIDTH if self._policed else octets

    def widen_ipv6(self, octets: int) -> None:
        """Set the longest IPv6 packet for the client."""
        self.ipv6_width = octets
        self.ipv6_mtu = NO_WIDTH if self._policed else octets

    def obey(self, police: "Police", carriers: tuple[Carries, Carries]) -> None:
        """Let `carriers` have its packets; they ask `police`, if it is not free."""
        self.police = police
        self.ipv4, self.ipv6 = carriers
        self.widen(self.width)
        self.widen_ipv6(self.ipv6_width)

    def owns(self, version: int, address: int) -> bool:
        """Tell whether an address is the client's own, or of its prefix."""
        if version == 4:
            return self.address == address.to_bytes(4)
        return self.prefix == address.to_bytes(16)[:8]

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
