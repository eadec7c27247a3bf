"""Attributes of an Access-Accept that nobody here acts upon: an administrator must hear of them.

A filter or a rate that a server asks for and that is passed over in silence is a hole.
"""

from radius.message import Message

OBEYED = frozenset(
    {
        "Framed-IP-Address",
        "MS-Primary-DNS-Server",
        "MS-Secondary-DNS-Server",
        "MS-Primary-NBNS-Server",
        "MS-Secondary-NBNS-Server",
        "L2tpsec-Domain",
        "L2tpsec-Route",
        "Framed-Route",
        "Framed-IPv6-Prefix",
        "Delegated-IPv6-Prefix",  # told by itself where it is passed over
        "DNS-Server-IPv6-Address",
        "Framed-Interface-Id",
        "Session-Timeout",
        "Idle-Timeout",
        "Acct-Interim-Interval",
        "Class",
        "MS-CHAP2-Success",
        "Reply-Message",
        "Message-Authenticator",
        "State",
    }
)

# They describe what every session here is or has anyway, or keys that IPsec makes needless.
NEEDLESS = frozenset(
    {
        "Service-Type",
        "Framed-Protocol",
        "Framed-IP-Netmask",
        "Framed-Compression",
        "Framed-Routing",
        "User-Name",
        "Proxy-State",
        "MS-CHAP-Domain",
        "MS-CHAP-MPPE-Keys",
        "MS-MPPE-Encryption-Policy",
        "MS-MPPE-Encryption-Types",
        "MS-MPPE-Encryption-Type",
        "MS-MPPE-Send-Key",
        "MS-MPPE-Recv-Key",
    }
)


def unheeded(accept: Message) -> list[str]:
    """Return the names of attributes that change nothing, each once, in their order."""
    names = (name.partition(":")[0] for name, _ in accept.attributes)
    return [name for name in dict.fromkeys(names) if name not in OBEYED | NEEDLESS]
