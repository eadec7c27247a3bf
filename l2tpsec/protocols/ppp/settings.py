"""What an administrator may set for PPP."""

from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class PppSettings:
    """One for all links; `max_*` are the counters of RFC 1661 section 4.6.

    `authentication` holds "eap", "mschapv2", "mschap", "chap", "pap" in order of preference.
    `dialog_seconds`: how long a person may take for a password or a smart card;
    `max_tries`: passwords a link.
    """

    authentication: tuple[str, ...] = ("mschapv2", "chap", "pap")
    mru: int = 1400
    name: bytes = b"l2tpsec"
    first_request_seconds: float = 0.2
    restart_seconds: float = 2
    max_configure: int = 10
    max_terminate: int = 2
    max_failure: int = 5
    max_tries: int = 3
    authentication_seconds: float = 60
    dialog_seconds: float = 180
    network_seconds: float = 60
    echo_seconds: float = 30
    echo_failures: int = 4

    def narrowed(self, mru: int) -> "PppSettings":
        """Return the same for a path of at most `mru` octets; one object for all such links."""
        return self if mru >= self.mru else _narrowed(self, mru)


@lru_cache(maxsize=64)
def _narrowed(settings: PppSettings, mru: int) -> PppSettings:
    return replace(settings, mru=mru)
