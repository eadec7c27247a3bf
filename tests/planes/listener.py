"""Upcalls that are written down."""

from typing import TYPE_CHECKING

from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Path

if TYPE_CHECKING:
    from collections.abc import Callable


def nobody() -> None:
    """Recognize no peer."""


class Listener:
    """`recognize` may act while data for an unknown session waits."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []
        self.strays: list[tuple[int, tuple[str, int]]] = []
        self.recognize: Callable[[], None] = nobody

    def control_datagram(self, peer: PeerId, port: int, datagram: bytes) -> None:
        self.heard.append(("control", peer, port, datagram))

    def ppp_frame(self, peer: PeerId, tunnel: int, session: int, frame: bytes) -> None:
        self.heard.append(("frame", peer, tunnel, session, frame))

    def local_packet(self, peer: PeerId, tunnel: int, session: int, packet: bytes) -> None:
        self.heard.append(("local", peer, tunnel, session, packet))

    def unknown_session(self, peer: PeerId, port: int, tunnel: int, session: int) -> None:
        self.heard.append(("unknown", peer, port, tunnel, session))
        self.recognize()

    def unknown_pair(self, inbound_spi: int, octets: int, remote: tuple[str, int]) -> None:
        self.heard.append(("stray", inbound_spi))
        self.strays.append((octets, remote))

    def peer_moved(self, peer: PeerId, inbound_spi: int, path: Path) -> None:
        self.heard.append(("moved", peer, inbound_spi, path))

    def pair_used(self, peer: PeerId, inbound_spi: int) -> None:
        self.heard.append(("used", peer, inbound_spi))

    def pair_worn(self, peer: PeerId, inbound_spi: int, reason: str) -> None:
        self.heard.append(("worn", peer, inbound_spi, reason))
