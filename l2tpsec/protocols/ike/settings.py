"""What an administrator may set."""

from dataclasses import dataclass, field

from l2tpsec.protocols.ike.policy import WINDOWS, Policy


@dataclass(frozen=True, slots=True)
class IkeSettings:
    """Several pre-shared keys serve rotation: message 5 tells which one the peer has.

    `force_encapsulation` makes every peer that knows NAT traversal use UDP 4500. `echo_nat_d`
    hides from Windows that we are behind a NAT, by echoing its own hash of our address.
    `vendor_ids` is a key of `vendor_ids.ANSWERS`.
    """

    psks: tuple[bytes, ...] = field(repr=False)
    policy: Policy = WINDOWS
    force_encapsulation: bool = False
    echo_nat_d: bool = False
    vendor_ids: str = "minimal"
    half_open_limit: int = 1000
    half_open_per_address: int = 64
    half_open_seconds: float = 30.0
    established_per_address: int = 1024
    confirmation_seconds: float = 60.0
    answer_seconds: float = 60.0
    pairs_per_sa: int = 64
    default_life_seconds: int = 28800
    grace_seconds: float = 60.0
    keepalive_seconds: float = 20.0
