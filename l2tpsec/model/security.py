"""What IKE hands to a data plane: one pair of ESP SAs in transport mode for UDP 1701."""

from dataclasses import dataclass, field, replace

from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.path import Path


@dataclass(frozen=True, slots=True)
class SaKeys:
    """Key material of one direction: cipher key (with GCM's salt at its end) and integrity key."""

    encryption: bytes = field(repr=False)
    integrity: bytes = field(repr=False)


NO_KEYS = SaKeys(b"", b"")


@dataclass(frozen=True, slots=True)
class SaPair:
    """A Quick Mode's result.

    `inbound_spi` is chosen by us and names the pair. `encapsulated`: in UDP 4500 (RFC 3948),
    otherwise raw protocol 50.
    `life_kilobytes` is as agreed; None where the peer set no limit. `dialled` is our address as the
    peer knows it, when it says so: before a NAT of ours it is not the path's.
    """

    transform: EspTransform
    inbound_spi: int
    outbound_spi: int
    inbound: SaKeys
    outbound: SaKeys
    path: Path
    encapsulated: bool
    life_kilobytes: int | None = None
    dialled: str = ""

    def without_keys(self) -> "SaPair":
        """Return what those may keep who neither seal nor open."""
        return replace(self, inbound=NO_KEYS, outbound=NO_KEYS)
