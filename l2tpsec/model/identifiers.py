"""The names by which the box knows peers and sessions."""

from typing import NamedTuple, NewType

PeerId = NewType("PeerId", int)
"""One remote host, whatever SAs, cookies, addresses and ports it uses; never used again."""


class SessionIds(NamedTuple):
    """An L2TP session as both ends number it (RFC 2661 section 3.1).

    `port` is the peer's UDP port inside ESP.
    """

    tunnel: int
    session: int
    peer_tunnel: int
    peer_session: int
    port: int
