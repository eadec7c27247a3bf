"""What the responder asks for and tells: orders are imperatives, facts past participles."""

from dataclasses import dataclass
from typing import NewType

from l2tpsec.model.path import Path
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.model.security import SaPair

IkeSaId = NewType("IkeSaId", int)
"""One ISAKMP SA of one process; never used again."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send an ISAKMP message; on local port 4500 the sender puts the non-ESP marker before it."""

    path: Path
    data: bytes


@dataclass(frozen=True, slots=True)
class Keepalive:
    """Send one octet 0xFF, which holds the mapping of the NAT before us (RFC 3948 section 4)."""

    path: Path


@dataclass(frozen=True, slots=True)
class IkeSaEstablished:
    """Main Mode is complete: the peer knows the pre-shared key numbered `psk_index`.

    At the address `proven` it has received an answer of ours; `path` is what it says itself.
    """

    sa: IkeSaId
    path: Path
    proven: str
    identity: str
    psk_index: int
    client: str
    suite: str
    behind_nat: bool


@dataclass(frozen=True, slots=True)
class IkeSaMoved:
    """An authenticated message came from a new address or port: what we send goes there."""

    sa: IkeSaId
    path: Path


@dataclass(frozen=True, slots=True)
class InitialContact:
    """The peer, authenticated, has no older SA with us (RFC 2407 section 4.6.3.3)."""

    sa: IkeSaId


@dataclass(frozen=True, slots=True)
class PairClaimed:
    """From its place the peer of `sa` deletes a pair that another ISAKMP SA made: it had both."""

    sa: IkeSaId
    inbound_spi: int


@dataclass(frozen=True, slots=True)
class IkeSaClaimed:
    """From its place the peer of `sa` deletes another ISAKMP SA, `former`: it had both."""

    sa: IkeSaId
    former: IkeSaId


@dataclass(frozen=True, slots=True)
class SaPairAgreed:
    """Inbound is usable from now on; outbound is not preferred yet."""

    sa: IkeSaId
    pair: SaPair


@dataclass(frozen=True, slots=True)
class SaPairConfirmed:
    """The peer proved that it has the pair: send on it."""

    sa: IkeSaId
    inbound_spi: int


@dataclass(frozen=True, slots=True)
class SaPairEnded:
    """The pair is gone at the peer, or its lifetime and grace are over."""

    sa: IkeSaId
    inbound_spi: int
    reason: str


@dataclass(frozen=True, slots=True)
class IkeSaEnded:
    """An established ISAKMP SA is gone; its ESP pairs live on."""

    sa: IkeSaId
    reason: str


Effect = (
    Transmit
    | Keepalive
    | IkeSaEstablished
    | IkeSaMoved
    | InitialContact
    | PairClaimed
    | IkeSaClaimed
    | SaPairAgreed
    | SaPairConfirmed
    | SaPairEnded
    | IkeSaEnded
    | Noted
    | Dropped
)
