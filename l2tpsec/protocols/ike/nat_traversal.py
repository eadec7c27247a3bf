"""NAT detection (RFC 3947 section 3): each side hashes the addresses that it sees."""

import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address

from l2tpsec.crypto.prf import Prf
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.codes import Encapsulation
from l2tpsec.protocols.ike.vendor_ids import NatVersion

# RFC 3947 section 4: where a client goes that found a NAT.
FLOATED_PORT = 4500


@dataclass(frozen=True, slots=True)
class Nat:
    """Which side is behind a NAT, and whether UDP encapsulation was forced upon both."""

    version: NatVersion | None = None
    client: bool = False
    server: bool = False
    forced: bool = False

    @property
    def encapsulated(self) -> bool:
        """Tell whether ESP goes in UDP 4500."""
        return self.client or self.server or self.forced

    @property
    def modes(self) -> tuple[int, ...]:
        """Encapsulation modes that Quick Mode may agree on: old stacks mix drafts' and RFC's."""
        if self.encapsulated:
            return (Encapsulation.UDP_TRANSPORT, Encapsulation.UDP_TRANSPORT_DRAFT)
        return (Encapsulation.TRANSPORT,)

    @property
    def words(self) -> str:
        """State of both sides in words."""
        if self.version is None:
            return "no NAT traversal"
        sides = [f"client {_yes(self.client)}", f"server {_yes(self.server)}"]
        forced = ["UDP encapsulation forced"] if self.forced else []
        return f"behind NAT ({self.version.name}): " + ", ".join(sides + forced)


def _yes(value: bool) -> str:  # noqa: FBT001 - it is the thing to spell
    return "yes" if value else "no"


def nat_hash(prf: Prf, cookies: bytes, endpoint: Endpoint) -> bytes:
    """Return HASH(CKY-I | CKY-R | IP | Port)."""
    address = IPv4Address(endpoint.address).packed
    return prf.digest(cookies + address + endpoint.port.to_bytes(2))


def detect(prf: Prf, cookies: bytes, path: Path, received: list[bytes]) -> tuple[bool, bool]:
    """Tell whether the client, and whether the server, is behind a NAT.

    The first hash is of the destination, which is us; a client of several addresses sends one for
    each.
    """
    server = not hmac.compare_digest(nat_hash(prf, cookies, path.local), received[0])
    own = nat_hash(prf, cookies, path.remote)
    client = not any(hmac.compare_digest(own, each) for each in received[1:])
    return client, server
