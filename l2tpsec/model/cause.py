"""Every reason for which a session ends, with each protocol's number for it."""

from enum import Enum


class Cause(Enum):
    """A row: words, Acct-Terminate-Cause (RFC 2866 5.10), CDN result and error (RFC 2661 4.4.2)."""

    USER_REQUEST = ("the client hung up", 1, 3, 0)
    LOST_CARRIER = ("the client no longer answers", 2, 1, 0)
    IDLE_TIMEOUT = ("no traffic for the idle timeout", 4, 3, 0)
    SESSION_TIMEOUT = ("the session timeout passed", 5, 3, 0)
    QUOTA = ("its octet quota is used up", 10, 3, 0)
    PREEMPTED = ("a newer session of the same user took its place", 13, 3, 0)
    SESSION_LIMIT = ("the user has as many sessions as may be", 10, 4, 0)
    ADMIN_RESET = ("an administrator disconnected it", 6, 3, 0)
    SHUTDOWN = ("the server is shutting down", 7, 3, 0)
    INTERNAL = ("an internal error", 9, 2, 6)
    AUTHENTICATION_FAILED = ("authentication failed", 17, 3, 0)
    AUTHENTICATION_UNAVAILABLE = ("no RADIUS server answered", 10, 4, 0)
    NO_ADDRESS = ("no address is free", 10, 4, 0)
    ADDRESS_LOST = ("the lease of its address ended", 15, 3, 0)
    NEGOTIATION_FAILED = ("PPP could not agree", 8, 3, 0)
    TUNNEL_CLOSED = ("the client closed its L2TP tunnel", 1, 3, 0)
    REPLACED = ("the same client dialled again", 2, 3, 0)

    def __init__(self, words: str, radius: int, l2tp_result: int, l2tp_error: int) -> None:
        self.words = words
        self.radius = radius
        self.l2tp_result = l2tp_result
        self.l2tp_error = l2tp_error
