"""A PPP frame as L2TP carries it: no flags, no FCS (RFC 1661 section 2, RFC 2661 section 5.1)."""

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Phase

IP = 0x0021
IPV6 = 0x0057
IPCP = 0x8021
IPV6CP = 0x8057
CCP = 0x80FD
ACSCP = 0x8235
LCP = 0xC021
PAP = 0xC023
CHAP = 0xC223
EAP = 0xC227

PROTOCOL_NAMES = {
    IP: "IP",
    IPV6: "IPv6",
    IPCP: "IPCP",
    IPV6CP: "IPV6CP",
    CCP: "CCP",
    ACSCP: "ACSCP",
    LCP: "LCP",
    PAP: "PAP",
    CHAP: "CHAP",
    EAP: "EAP",
}

_PHASES = {
    PAP: Phase.AUTHENTICATION,
    CHAP: Phase.AUTHENTICATION,
    EAP: Phase.AUTHENTICATION,
    IPCP: Phase.IPCP,
    IPV6CP: Phase.IPV6CP,
    IP: Phase.SESSION,
    IPV6: Phase.SESSION,
}

ALL_STATIONS = b"\xff\x03"


def protocol_name(protocol: int) -> str:
    """Return a protocol's name, or its number in hexadecimal."""
    return PROTOCOL_NAMES.get(protocol, f"0x{protocol:04x}")


def phase_of(protocol: int) -> Phase:
    """Return the part of a dial-in that a protocol belongs to, for whoever reads the log."""
    return _PHASES.get(protocol, Phase.LCP)


def decode(data: bytes) -> tuple[int, bytes]:
    """Split a frame into protocol and information.

    Address and control may be there or not, the protocol field may have one octet or two
    (RFC 1661 sections 6.5 and 6.6), in any mix: Windows sends LCP in full and the rest compressed.
    """
    start = 2 if data[:2] == ALL_STATIONS else 0
    field = data[start : start + 2]
    if field and field[0] & 1:
        return field[0], data[start + 1 :]
    if len(field) < 2 or not field[1] & 1:
        raise Malformed("not a PPP protocol field", start)
    return int.from_bytes(field), data[start + 2 :]


def encode(protocol: int, information: bytes) -> bytes:
    """Return a frame with a two-octet protocol field and without address and control."""
    return protocol.to_bytes(2) + information


def header(protocol: int, *, pfc: bool, acfc: bool) -> bytes:
    """Return what goes in front of the information, as short as the peer allows."""
    short = pfc and protocol < 0x100
    return (b"" if acfc else ALL_STATIONS) + protocol.to_bytes(1 if short else 2)
