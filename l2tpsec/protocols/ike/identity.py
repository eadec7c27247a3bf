"""ID payloads in words, and what each slot accepts (RFC 2407 section 4.6.2)."""

from ipaddress import IPv4Address, IPv6Address

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.codes import IdType, name
from l2tpsec.protocols.ike.payloads import Identification

L2TP_PORT = 1701
UDP = 17
DATA_OCTETS_LIMIT = 1024

# Fixed sizes of the types whose data is addresses.
_OCTETS = {
    IdType.IPV4_ADDR: 4,
    IdType.IPV4_ADDR_SUBNET: 8,
    IdType.IPV4_ADDR_RANGE: 8,
    IdType.IPV6_ADDR: 16,
    IdType.IPV6_ADDR_SUBNET: 32,
    IdType.IPV6_ADDR_RANGE: 32,
}
_TEXT = (IdType.FQDN, IdType.USER_FQDN, IdType.KEY_ID)
# Windows XP names itself by FQDN when it rekeys; all others send their own, often private, address.
_CLIENT_TYPES = (IdType.IPV4_ADDR, IdType.IPV4_ADDR_SUBNET, IdType.FQDN)


def identity_words(identification: Identification) -> str:
    """Return a peer's identity in printable text; Malformed for a type or size unknown."""
    kind, data = identification.id_type, identification.data
    if kind not in tuple(IdType) or not 0 < len(data) <= DATA_OCTETS_LIMIT:
        raise Malformed(f"identity of type {name(IdType, kind)}, {len(data)} octets")
    octets = _OCTETS.get(IdType(kind), len(data))
    if len(data) != octets:
        raise Malformed(f"{name(IdType, kind)} of {len(data)} octets")
    if kind == IdType.IPV4_ADDR:
        return str(IPv4Address(data))
    if kind == IdType.IPV6_ADDR:
        return str(IPv6Address(data))
    if kind in _TEXT:
        return "".join(chr(octet) if 32 < octet < 127 else f"\\x{octet:02x}" for octet in data)
    return f"{name(IdType, kind)} {data.hex()}"


def is_client_selector(identification: Identification) -> bool:
    """Tell whether IDci may be: UDP or any protocol; the address is bound by the SA itself."""
    octets = _OCTETS.get(IdType(identification.id_type)) if _known(identification) else None
    sized = octets is None or len(identification.data) == octets
    fits = identification.id_type in _CLIENT_TYPES and sized
    return fits and identification.protocol in (0, UDP)


def _known(identification: Identification) -> bool:
    return identification.id_type in tuple(IdType)


def is_server_selector(identification: Identification) -> bool:
    """Tell whether IDcr is our L2TP port at an IPv4 address, which a NAT before us may change."""
    fits = identification.id_type == IdType.IPV4_ADDR and len(identification.data) == 4
    fits = fits and identification.protocol in (0, UDP)
    return fits and identification.port in (0, L2TP_PORT)


def selector_words(identification: Identification) -> str:
    """Return a selector in words, for the line that says why it was refused."""
    kind = name(IdType, identification.id_type)
    return f"{kind} protocol {identification.protocol} port {identification.port}"
