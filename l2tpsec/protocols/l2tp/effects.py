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
    """SCCCN accepted."""

    peer: PeerId
    tunnel: int


@dataclass(frozen=True, slots=True)
class CallEstablished:
    """ICCN accepted and acknowledged."""

    peer: PeerId
    ids: SessionIds


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
