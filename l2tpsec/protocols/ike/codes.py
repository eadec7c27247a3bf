"""Numbers of ISAKMP, the IPsec DOI and IKE (RFC 2407, 2408, 2409; IANA isakmp-registry)."""

from enum import IntEnum
from typing import TypeVar

Code = TypeVar("Code", bound=IntEnum)


class Exchange(IntEnum):
    """Exchange types; 243 is Microsoft's AuthIP on the same port."""

    IDENTITY_PROTECTION = 2
    AGGRESSIVE = 4
    INFORMATIONAL = 5
    TRANSACTION = 6
    QUICK_MODE = 32
    AUTHIP_MAIN_MODE = 243


class Kind(IntEnum):
    """Payload types; 130 and 131 are those of the NAT traversal drafts."""

    NONE = 0
    SA = 1
    PROPOSAL = 2
    TRANSFORM = 3
    KE = 4
    ID = 5
    CERT = 6
    CERT_REQUEST = 7
    HASH = 8
    SIGNATURE = 9
    NONCE = 10
    NOTIFICATION = 11
    DELETE = 12
    VENDOR_ID = 13
    NAT_D = 20
    NAT_OA = 21
    NAT_D_DRAFT = 130
    NAT_OA_DRAFT = 131
    FRAGMENT = 132


class Notify(IntEnum):
    """Notify message types: errors below 16384, states above (RFC 2408 3.14.1, RFC 2407 4.6.3)."""

    INVALID_PAYLOAD_TYPE = 1
    DOI_NOT_SUPPORTED = 2
    SITUATION_NOT_SUPPORTED = 3
    INVALID_COOKIE = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_EXCHANGE_TYPE = 7
    INVALID_FLAGS = 8
    INVALID_MESSAGE_ID = 9
    INVALID_PROTOCOL_ID = 10
    INVALID_SPI = 11
    INVALID_TRANSFORM_ID = 12
    ATTRIBUTES_NOT_SUPPORTED = 13
    NO_PROPOSAL_CHOSEN = 14
    BAD_PROPOSAL_SYNTAX = 15
    PAYLOAD_MALFORMED = 16
    INVALID_KEY_INFORMATION = 17
    INVALID_ID_INFORMATION = 18
    INVALID_HASH_INFORMATION = 23
    AUTHENTICATION_FAILED = 24
    RESPONDER_LIFETIME = 24576
    REPLAY_STATUS = 24577
    INITIAL_CONTACT = 24578
    R_U_THERE = 36136
    R_U_THERE_ACK = 36137


class IdType(IntEnum):
    """Identification types (RFC 2407 section 4.6.2.1)."""

    IPV4_ADDR = 1
    FQDN = 2
    USER_FQDN = 3
    IPV4_ADDR_SUBNET = 4
    IPV6_ADDR = 5
    IPV6_ADDR_SUBNET = 6
    IPV4_ADDR_RANGE = 7
    IPV6_ADDR_RANGE = 8
    DER_ASN1_DN = 9
    DER_ASN1_GN = 10
    KEY_ID = 11


class Flag(IntEnum):
    """Bits of the ISAKMP header."""

    ENCRYPTION = 1
    COMMIT = 2
    AUTHENTICATION_ONLY = 4


class Protocol(IntEnum):
    """Security protocols (RFC 2407 section 4.4.1)."""

    ISAKMP = 1
    AH = 2
    ESP = 3
    IPCOMP = 4


class Oakley(IntEnum):
    """Attribute classes of phase 1 (RFC 2409 app. A)."""

    ENCRYPTION = 1
    HASH = 2
    AUTHENTICATION = 3
    GROUP = 4
    LIFE_TYPE = 11
    LIFE_DURATION = 12
    KEY_LENGTH = 14


class IpsecAttribute(IntEnum):
    """Attribute classes of phase 2 (RFC 2407 section 4.5)."""

    LIFE_TYPE = 1
    LIFE_DURATION = 2
    GROUP = 3
    ENCAPSULATION = 4
    AUTHENTICATION = 5
    KEY_LENGTH = 6


class LifeType(IntEnum):
    """What a Life Duration counts; the same in both phases."""

    SECONDS = 1
    KILOBYTES = 2


class Encapsulation(IntEnum):
    """Encapsulation modes of ESP (RFC 2407 4.5, RFC 3947 5.1); the last two are the drafts'."""

    TUNNEL = 1
    TRANSPORT = 2
    UDP_TUNNEL = 3
    UDP_TRANSPORT = 4
    UDP_TUNNEL_DRAFT = 61443
    UDP_TRANSPORT_DRAFT = 61444


DOI_IPSEC = 1
SITUATION_IDENTITY_ONLY = 1
AUTH_PRE_SHARED_KEY = 1


def name(codes: type[Code], value: int) -> str:
    """Return the RFC's spelling of a known code, the bare number of any other."""
    try:
        return codes(value).name.replace("_", "-")
    except ValueError:
        return str(value)
