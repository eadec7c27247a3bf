"""The numbers of DHCP: message types, options, the sub-options of a relay agent."""

from enum import IntEnum


class Type(IntEnum):
    """Message types (RFC 2132 section 9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class Code(IntEnum):
    """Options that this package reads or writes (RFC 2132 unless said otherwise)."""

    PAD = 0
    SUBNET_MASK = 1
    ROUTERS = 3
    DNS = 6
    HOST_NAME = 12
    DOMAIN = 15
    NETBIOS_SERVERS = 44
    NETBIOS_NODE_TYPE = 46
    REQUESTED_ADDRESS = 50
    LEASE_SECONDS = 51
    OVERLOAD = 52
    TYPE = 53
    SERVER_ID = 54
    WANTED = 55
    TEXT = 56
    MAXIMUM_OCTETS = 57
    T1_SECONDS = 58
    T2_SECONDS = 59
    VENDOR_CLASS = 60
    CLIENT_ID = 61
    FQDN = 81  # RFC 4702
    RELAY_AGENT = 82  # RFC 3046
    CLASSLESS_ROUTES = 121  # RFC 3442
    MICROSOFT_ROUTES = 249  # [MS-DHCPE] 2.2.8: the same octets under Windows's own number
    MICROSOFT_CONTINUED = 250  # [MS-DHCPE] 2.2.9
    END = 255


class Agent(IntEnum):
    """Sub-options of option 82."""

    CIRCUIT_ID = 1  # RFC 3046
    REMOTE_ID = 2  # RFC 3046
    SUBSCRIBER_ID = 6  # RFC 3993
