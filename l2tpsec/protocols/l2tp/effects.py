"""What the LNS asks for and what it states; every effect names the peer it is about."""

from dataclasses import dataclass

from l2tpsec.model.cause import Cause
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.records import Dropped, Noted


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send `data` to the peer inside ESP, from UDP port 1701 to the peer's inner `port`."""

    peer: PeerId
    port: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TunnelEstablished:
    """SCCCN accepted. `firmware` is None unless the client told one."""

    peer: PeerId
    tunnel: int
    peer_tunnel: int
    host_name: str
    vendor: str
    firmware: int | None = None


@dataclass(frozen=True, slots=True)
class CallEstablished:
    """ICCN accepted and acknowledged. `correlation`: Microsoft's 16 octets, empty when not sent."""

    peer: PeerId
    ids: SessionIds
    host_name: str = ""
    calling_number: str = ""
    called_number: str = ""
    transmit_bits_per_second: int = 0
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call that had been established is no more, whoever ended it."""

    peer: PeerId
    ids: SessionIds
    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class TunnelEnded:
    """A tunnel that had been established is no more; its calls have ended before it."""

    peer: PeerId
    tunnel: int
    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A fact for the log and the counters."""

    peer: PeerId
    record: Noted | Dropped


Effect = Transmit | TunnelEstablished | CallEstablished | CallEnded | TunnelEnded | Report
