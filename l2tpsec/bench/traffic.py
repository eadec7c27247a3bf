"""One session's traffic on real sockets: the most it carries, and how late an echo is."""

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from l2tpsec.bench.calling import Line
from l2tpsec.bench.contender import Contender, Process, Usage
from l2tpsec.bench.ground import DISCARD, SERVER_ADDRESS, Ground
from l2tpsec.bench.table import bottleneck
from l2tpsec.dataplane.userspace.segments import accept_trains
from l2tpsec.protocols.inet import checksum, ipv4, udp

LOSS = 0.01
SETTLING_SECONDS = 0.01
"""What has not come out this long after the last packet went in counts as lost: no queue builds."""
DRAINING_SECONDS = 0.3
LATE_SECONDS = 1.0
"""How long echoes are waited for that a busy machine keeps back."""

_TRAIN = 16
_OVERLOADS = 100_000.0, 300_000.0
_LEAST = 40_000.0  # a server that chokes under overload may do more without
_STEPS = 20
_UDP_GRO = 104
UDP_SEGMENT = 103
_size = struct.Struct("=H").pack


@dataclass(frozen=True)
class Rate:
    """The most packets a second with a loss of at most 1 %; processor seconds a packet."""

    packets_a_second: float
    octets: int
    server_cpu: float
    own_cpu: float
    # whose processor was used up
    bottleneck: str

    @property
    def megabits(self) -> float:
        """Inner IP octets a second, in Mbit/s."""
        return self.packets_a_second * self.octets * 8 / 1e6


@dataclass(frozen=True)
class Trial:
    """Packets offered at a rate: how many came, and processor seconds meanwhile."""

    wanted: int
    sent: int
    arrived: int
    elapsed: float
    server_cpu: float
    own_cpu: float
    other_cpu: float

    @property
    def good(self) -> bool:
        """Whether at most 1 % were lost."""
        return self.arrived >= self.sent * (1 - LOSS)

    @property
    def short(self) -> bool:
        """Whether the generator fell behind."""
        return self.sent < self.wanted * 0.97


class Target(Protocol):
    """What stands between a client's socket and the kernel."""

    gateway: str

    @property
    def process(self) -> Process:
        """The process that carries."""
        ...


@dataclass(frozen=True)
class Tunnel:
    """A client's end: its socket, its address inside, and what wraps an IP packet for port 4500."""

    socket: socket.socket
    address: IPv4Address
    wrap: Callable[[bytes], bytes]


def tunnel(line: Line) -> Tunnel:
    """Return the tunnel of a client that is up."""
    return Tunnel(line.socket, line.caller.ppp.address, line.caller.packet)


class Stream:
    """One direction: `send` puts a train on the wire, `count` tells what has come out so far.

    `train` is how many packets are sent together.
    """

    train = _TRAIN

    def send(self, packets: int) -> None:
        """Send a train."""
        raise NotImplementedError

    def prepare(self, packets: int) -> None:
        """Make ready what costs time."""

    def count(self) -> int:
        """Return how many packets have arrived since the start."""
        raise NotImplementedError

    def idle(self) -> None:
        """Pass the time until the next train is due."""
        time.sleep(0.0001)

    def close(self) -> None:
        """Give sockets back."""


class Up(Stream):
    """From the client: sealed beforehand, counted where the server hands them to the kernel."""

    def __init__(self, client: Tunnel, target: Target, octets: int) -> None:
        self._client = client
        self._process = target.process
        self._inner = datagram(octets, client.address, IPv4Address(target.gateway))
        self._ready: list[bytes] = []

    def prepare(self, packets: int) -> None:
        """Seal."""
        wrap = self._client.wrap
        self._ready = [wrap(self._inner) for _ in range(packets)]
        self._ready.reverse()

    def send(self, packets: int) -> None:
        """Send what was sealed."""
        train = self._ready[-packets:]
        train.reverse()
        del self._ready[-packets:]
        together(self._client.socket, train, (SERVER_ADDRESS, 4500))

    def count(self) -> int:
        """Ask the socket."""
        return self._process.delivered()


class Down(Stream):
    """To the client: sent on the server's host, counted by the client and not opened."""

    def __init__(self, ground: Ground, client: Tunnel, octets: int) -> None:
        self._socket = ground.server_socket()
        self._wire = client.socket
        self._body = bytes(octets - 28)
        self._to = str(client.address), DISCARD
        self._arrived = 0
        accept_trains(client.socket)

    def send(self, packets: int) -> None:
        """Send in clear."""
        together(self._socket, [self._body] * packets, self._to)

    def count(self) -> int:
        """Take what has come."""
        receive = self._wire.recvmsg
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = receive(65535, 64)
                self._arrived += trains(len(data), ancillary)
        return self._arrived

    def idle(self) -> None:
        """Keep the buffer empty."""
        if select.select([self._wire], [], [], 0.0001)[0]:
            self.count()

    def close(self) -> None:
        """Close the sender; what the client gets comes one by one again."""
        self._socket.close()
        self._wire.setsockopt(socket.SOL_UDP, _UDP_GRO, 0)


def trains(octets: int, ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return how many datagrams `recvmsg` gave at once."""
    for level, kind, content in ancillary:
        if level == socket.SOL_UDP and kind == _UDP_GRO:
            return -(-octets // int.from_bytes(content[:4], "little"))
    return 1


def together(sock: socket.socket, packets: list[bytes], to: tuple[str, int]) -> None:
    """Send packets of one size by one call; what does not fit the buffer is lost."""
    segment = [(socket.SOL_UDP, UDP_SEGMENT, _size(len(packets[0])))]
    with contextlib.suppress(BlockingIOError):
        sock.sendmsg([b"".join(packets)], segment, 0, to)


def datagram(octets: int, source: IPv4Address, destination: IPv4Address) -> bytes:
    """Return an IP packet for the discard port."""
    ends = source.packed, destination.packed
    # Of nothing but zeros checksums would be cheap; DF is what Linux sets.
    body = udp.encode(udp.Udp(DISCARD, DISCARD, os.urandom(octets - 28)), *ends)
    return ipv4.encode(ipv4.Ipv4(17, *ends, body, flags_offset=ipv4.DONT_FRAGMENT))


def trial(stream: Stream, target: Target, rate: float, seconds: float) -> Trial:
    """Offer packets at a steady rate."""
    stream.prepare(int(rate * seconds) + stream.train)
    before, usage = stream.count(), Usage(target.process)
    start = now = time.perf_counter()
    sent, end = 0, start + seconds
    while now < end:
        if sent <= (now - start) * rate:
            stream.send(stream.train)
            sent += stream.train
        else:
            stream.idle()
        now = time.perf_counter()
    settle(stream, before + sent)
    arrived = stream.count() - before
    return Trial(int(rate * seconds), sent, arrived, seconds, *usage.since())


def settle(stream: Stream, wanted: int) -> None:
    """Let what is on its way arrive."""
    end = time.perf_counter() + SETTLING_SECONDS
    while time.perf_counter() < end and stream.count() < wanted:
        time.sleep(0.001)


def most(
    stream: Stream, target: Target, octets: int, seconds: float, guess: float | None = None
) -> Rate:
    """Search for the highest rate that passes, in steps of a twentieth.

    Without a `guess` it begins with what comes out under overload. Other work on the machine may
    fail a trial, so each gets a second chance.
    """
    rate, best = guess or overloaded(stream, target, seconds / 2), None
    for _ in range(_STEPS):
        time.sleep(0.05)
        tried = trial(stream, target, rate, seconds)
        if not tried.good:
            tried = trial(stream, target, rate, seconds)
        if best is not None and not tried.good:
            break
        best = tried if tried.good else None
        if tried.good and tried.short:
            break
        rate = rate * (1.05 if tried.good else 0.93)
    return measured(best or Trial(0, 0, 0, seconds, 0, 0, 0), octets)


def overloaded(stream: Stream, target: Target, seconds: float) -> float:
    """Return the packets a second that come out when too many are sent."""
    tries = [trial(stream, target, rate, seconds) for rate in _OVERLOADS]
    time.sleep(DRAINING_SECONDS)
    return max(_LEAST, *(each.arrived / each.elapsed for each in tries))


def measured(best: Trial, octets: int) -> Rate:
    """Express a trial per second and per packet."""
    packets = max(1, best.arrived)
    costs = best.server_cpu / packets, best.own_cpu / packets
    who = bottleneck(best.elapsed, best.server_cpu, best.own_cpu, best.other_cpu)
    return Rate(best.arrived / best.elapsed, octets, *costs, who)


@dataclass(frozen=True)
class Load:
    """What goes on beside echoes: a stream and its packets a second.

    It is another client's: sealed beforehand, its packets would come behind newer ones of their SA.
    """

    stream: Stream
    rate: float


def echoes(
    line: Line, contender: Contender, rate: float, seconds: float, load: Load | None = None
) -> list[float]:
    """Send ICMP echoes to the server's host; return how long each took, in seconds, sorted.

    Sealing and opening them here is not counted, and trains go at times of their own.
    """
    if load is not None:
        load.stream.prepare(int(load.rate * seconds) + _TRAIN)
    taken: list[float] = []
    sent: dict[int, float] = {}
    sending, start = 0, time.perf_counter()
    for number in range(int(rate * seconds)):
        request = echo(number, line.caller.ppp.address, IPv4Address(contender.gateway))
        sealed = line.caller.packet(request)
        sent[number] = time.perf_counter()
        line.socket.sendto(sealed, (SERVER_ADDRESS, 4500))
        while (left := start + (number + 1) / rate - time.perf_counter()) > 0:
            if load is not None:
                due = start + sending / load.rate - time.perf_counter()
                if due <= 0:
                    load.stream.send(_TRAIN)
                    sending += _TRAIN
                    continue
                left = min(left, due)
            taken += awaited(line, sent, left)
    return sorted(taken + stragglers(line, sent))


def stragglers(line: Line, sent: dict[int, float]) -> list[float]:
    """Wait for what is missing; return how long it took."""
    taken: list[float] = []
    end = time.perf_counter() + LATE_SECONDS
    while sent and (left := end - time.perf_counter()) > 0:
        taken += awaited(line, sent, left)
    return taken


def awaited(line: Line, sent: dict[int, float], seconds: float) -> list[float]:
    """Wait for something to arrive; return how long the echoes took that did."""
    if not select.select([line.socket], [], [], seconds)[0]:
        return []
    now = time.perf_counter()
    line.readable(time.monotonic())
    return arrivals(line, sent, now)


def arrivals(line: Line, sent: dict[int, float], now: float) -> list[float]:
    """Return how long the echoes took that arrived by `now`."""
    packets = line.caller.ppp.packets
    # the server's host may have other things to say
    replies = [packet[26:28] for packet in packets if packet[9] == 1 and packet[20] == 0]
    packets.clear()
    # a reply that missed its own run is of nobody here
    numbers = [number for reply in replies if (number := int.from_bytes(reply)) in sent]
    return [now - sent.pop(number) for number in numbers]


def echo(number: int, source: IPv4Address, destination: IPv4Address) -> bytes:
    """Return an ICMP echo request."""
    head = struct.pack("!BBHHH", 8, 0, 0, 1, number) + bytes(56)
    body = head[:2] + checksum.checksum(head).to_bytes(2) + head[4:]
    return ipv4.encode(ipv4.Ipv4(1, source.packed, destination.packed, body))
