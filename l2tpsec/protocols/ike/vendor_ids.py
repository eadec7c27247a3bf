"""Vendor IDs: what each switches on, and which client they betray."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from l2tpsec.crypto.integrity import HMAC_SHA256_128, Integrity
from l2tpsec.protocols.ike.codes import Encapsulation, Kind


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class NatVersion:
    """A version of NAT traversal: its Vendor ID, payload numbers and transport mode of ESP."""

    name: str
    vendor_id: bytes
    nat_d: int
    nat_oa: int
    transport: int


def _draft(text: bytes) -> NatVersion:
    name = "draft " + text.decode().removeprefix("draft-ietf-ipsec-nat-t-ike-")
    name = name.replace("\n", "n")
    mode = Encapsulation.UDP_TRANSPORT_DRAFT
    return NatVersion(name, _md5(text), Kind.NAT_D_DRAFT, Kind.NAT_OA_DRAFT, mode)


RFC3947 = NatVersion(
    "RFC 3947", _md5(b"RFC 3947"), Kind.NAT_D, Kind.NAT_OA, Encapsulation.UDP_TRANSPORT
)
NAT_VERSIONS = (
    RFC3947,
    _draft(b"draft-ietf-ipsec-nat-t-ike-03"),
    # Windows 2000 to 2003 hash the name with its newline; others send both spellings.
    _draft(b"draft-ietf-ipsec-nat-t-ike-02\n"),
    _draft(b"draft-ietf-ipsec-nat-t-ike-02"),
)

DEAD_PEER_DETECTION = bytes.fromhex("afcad71368a1f1c96b8696fc77570100")
FRAGMENTATION = _md5(b"FRAGMENTATION")
MICROSOFT = _md5(b"MS NT5 ISAKMPOAKLEY")
APPLE = bytes.fromhex("4df37928e9fc4fd1b3262170d515c662")
STRONGSWAN = _md5(b"strongSwan")
LIBRESWAN = b"OE"
XAUTH = bytes.fromhex("09002689dfd6b712")
UNITY = bytes.fromhex("12f5f28c457168a9702d9fe274cc0100")
NAT_DRAFT_00 = _md5(b"draft-ietf-ipsec-nat-t-ike-00")

WINDOWS_VERSIONS = {
    2: "Windows 2000",
    3: "Windows XP",
    4: "Windows Server 2003",
    5: "Windows Vista",
    6: "Windows Server 2008",
    7: "Windows 7",
    8: "Windows Server 2008 R2",
    9: "Windows 8 or later",
}

ANDROID = "Android"

# The first row all of whose Vendor IDs (by their beginning) were sent names the client.
CLIENTS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((APPLE,), "macOS or iOS"),
    ((STRONGSWAN,), "strongSwan"),
    ((LIBRESWAN,), "libreswan"),
    ((NAT_DRAFT_00, DEAD_PEER_DETECTION, FRAGMENTATION), ANDROID),
    ((UNITY,), "Cisco or alike"),
    ((XAUTH, DEAD_PEER_DETECTION), "strongSwan"),
)


@lru_cache(maxsize=256)
def shared(vendor_ids: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the same Vendor IDs: once in memory for all clients of a kind."""
    return vendor_ids


def nat_version(vendor_ids: Sequence[bytes]) -> NatVersion | None:
    """Return the best version of NAT traversal that the peer offers."""
    return next((row for row in NAT_VERSIONS if row.vendor_id in vendor_ids), None)


def sent(vendor_ids: Sequence[bytes], beginning: bytes) -> bool:
    """Tell whether a Vendor ID begins so; capability words and versions may follow."""
    return any(vendor_id.startswith(beginning) for vendor_id in vendor_ids)


def miscounted(vendor_ids: Sequence[bytes]) -> Integrity | None:
    """Return what the client gets wrong in ESP, if anything.

    Android's kernels cut HMAC-SHA-256 to 96 bits instead of RFC 4868's 128, so that not one packet
    would pass.
    """
    return HMAC_SHA256_128 if client_name(vendor_ids) == ANDROID else None


def _none(_received: Sequence[bytes]) -> list[bytes]:
    return []


def _minimal(received: Sequence[bytes]) -> list[bytes]:
    version = nat_version(received)
    traversal = [version.vendor_id] if version else []
    return traversal + [
        each for each in (DEAD_PEER_DETECTION, FRAGMENTATION) if sent(received, each)
    ]


def _all(received: Sequence[bytes]) -> list[bytes]:
    every = [row.vendor_id for row in NAT_VERSIONS] + [DEAD_PEER_DETECTION, FRAGMENTATION]
    # What the client knows goes first: an answer has no more room than its request.
    return sorted(every, key=lambda each: not sent(received, each))


# What we send, by the peer's Vendor IDs. An update of Windows once refused servers for one Vendor
# ID too many, so only "all" names what the peer did not; "none" gives up NAT traversal.
ANSWERS: dict[str, Callable[[Sequence[bytes]], list[bytes]]] = {
    "none": _none,
    "minimal": _minimal,
    "all": _all,
}


def client_name(vendor_ids: Sequence[bytes]) -> str:
    """Return the likely client in words."""
    for vendor_id in vendor_ids:
        if vendor_id.startswith(MICROSOFT) and len(vendor_id) == 20:
            version = int.from_bytes(vendor_id[16:])
            return f"{WINDOWS_VERSIONS.get(version, 'Windows')} (MS NT5 v{version})"
    for beginnings, words in CLIENTS:
        if all(sent(vendor_ids, beginning) for beginning in beginnings):
            return words
    return "unknown client"
