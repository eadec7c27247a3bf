"""What forwarding has in common for both versions of IP: the TUN, the counters, the complaints."""

from collections import Counter
from collections.abc import Callable

from l2tpsec.dataplane.userspace.sessions import Session
from l2tpsec.foundation.bucket import Bucket

TUN_FAILED = "TUN refused the packet"
NO_SESSION = "no session has the destination address"


class Carrier:
    """Hands packets to the kernel by `write`, and to the box itself by `local`."""

    __slots__ = ("_clock", "_complaints", "_drops", "_local", "_write", "client_to_client")

    def __init__(
        self,
        write: Callable[[bytes], None],
        local: Callable[[Session, bytes], None],
        drops: Counter[str],
        clock: Callable[[], float],
        *,
        client_to_client: bool,
    ) -> None:
        self.client_to_client = client_to_client
        self._write = write
        self._local = local
        self._drops = drops
        self._clock = clock
        self._complaints = Bucket(rate_per_second=100, burst=100)

    def _hand_over(self, packet: bytes) -> None:
        try:
            self._write(packet)
        except OSError:
            self._drops[TUN_FAILED] += 1
