"""Numbered datagrams both ways at a steady rate, and which of them never came; run as a program.

    stream.py answer ADDRESS PORT SECONDS RATE    waits for the other end, then sends for SECONDS
    stream.py call ADDRESS PORT SECONDS RATE      sends from the start

Each prints {"sent", "received", "missing"} as JSON: `missing` are the numbers up to the highest
seen that did not come. Whether the last ones came shows in the other end's `sent`.
"""

import json
import socket
import sys
import time
from typing import Any

PAYLOAD_OCTETS = 200
DRAIN_SECONDS = 3.0


class Stream:
    """One end: sends number after number and remembers which numbers came."""

    def __init__(self, channel: socket.socket, seconds: float, rate: float) -> None:
        self._channel = channel
        self._period = 1 / rate
        self._total = int(seconds * rate)
        self._sent = 0
        self._seen: set[int] = set()

    def run(self, start: float) -> dict[str, Any]:
        """Send everything at its time, then wait for stragglers; return the balance."""
        while self._sent < self._total:
            self._listen(start + self._sent * self._period)
            self._channel.send(self._sent.to_bytes(8, "big") + bytes(PAYLOAD_OCTETS - 8))
            self._sent += 1
        self._listen(time.monotonic() + DRAIN_SECONDS)
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


def main(verb: str, address: str, port: int, seconds: float, rate: float) -> dict[str, Any]:
    """Run one end of the stream to its end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        stream = Stream(channel, seconds, rate)
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
    verb, address, port, seconds, rate = sys.argv[1:]
    sys.stdout.write(json.dumps(main(verb, address, int(port), float(seconds), float(rate))))
