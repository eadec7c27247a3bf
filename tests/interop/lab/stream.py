"""Numbered datagrams both ways at a steady rate, and which of them never came; run as a program.

    stream.py answer ADDRESS PORT SECONDS RATE [STRAGGLERS]   waits for the other end, then sends
    stream.py call ADDRESS PORT SECONDS RATE [STRAGGLERS]     sends from the start, for SECONDS

Each prints {"sent", "received", "missing"} as JSON: `missing` are the numbers up to the highest
seen that did not come. Whether the last ones came shows in the other end's `sent`. An end is over
when it has sent all and got as many, or has waited long for them: STRAGGLERS seconds.
"""

import json
import socket
import sys
import time
from typing import Any

PAYLOAD_OCTETS = 200
# The other end may have begun later, and a busy machine keeps datagrams back.
STRAGGLERS_SECONDS = 60.0
SO_RCVBUFFORCE, BUFFER_OCTETS = 33, 4 << 20


class Stream:
    """One end: sends number after number and remembers which numbers came."""

    def __init__(
        self, channel: socket.socket, seconds: float, rate: float, stragglers: float
    ) -> None:
        self._channel = channel
        self._period = 1 / rate
        self._total = int(seconds * rate)
        self._stragglers = stragglers
        self._sent = 0
        self._seen: set[int] = set()

    def run(self, start: float) -> dict[str, Any]:
        """Send everything at its time, then wait for stragglers; return the balance."""
        while self._sent < self._total:
            self._listen(start + self._sent * self._period)
            self._channel.send(self._sent.to_bytes(8, "big") + bytes(PAYLOAD_OCTETS - 8))
            self._sent += 1
        limit = time.monotonic() + self._stragglers
        while len(self._seen) < self._total and time.monotonic() < limit:
            self._listen(min(limit, time.monotonic() + 1))
        expected = set(range(max(self._seen, default=-1) + 1))
        return {
            "sent": self._sent,
            "received": len(self._seen),
            "missing": sorted(expected - self._seen),
        }

    def hear(self, datagram: bytes) -> None:
        """Count one datagram of the other end."""
        self._seen.add(int.from_bytes(datagram[:8], "big"))

    def _listen(self, limit: float) -> None:
        while (left := limit - time.monotonic()) > 0:
            self._channel.settimeout(left)
            try:
                self.hear(self._channel.recv(2048))
            except TimeoutError:
                return


def main(
    verb: str,
    address: str,
    port: int,
    seconds: float,
    rate: float,
    stragglers: float = STRAGGLERS_SECONDS,
) -> dict[str, Any]:
    """Run one end of the stream to its end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        # An end that gets no turn for seconds loses nothing.
        channel.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_OCTETS)
        stream = Stream(channel, seconds, rate, stragglers)
        if verb == "call":
            channel.connect((address, port))
            return stream.run(time.monotonic())
        channel.bind((address, port))
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        datagram, peer = channel.recvfrom(2048)
        channel.connect(peer)
        stream.hear(datagram)
        return stream.run(time.monotonic())


if __name__ == "__main__":
    verb, address, port, *numbers = sys.argv[1:]
    sys.stdout.write(json.dumps(main(verb, address, int(port), *map(float, numbers))))
