"""An address of loopback for this process alone: a port that is chosen there stays free."""

import os
from ipaddress import IPv4Address

# As many as there are process ids (2^22).
_FIRST = IPv4Address("127.64.0.0")


def own_address() -> str:
    """Return it; ports below 32768 are nobody's there, for no socket gets them by itself."""
    return str(_FIRST + os.getpid() % (1 << 22))
