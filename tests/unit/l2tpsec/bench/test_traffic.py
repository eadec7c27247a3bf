import socket
from ipaddress import IPv4Address
from types import SimpleNamespace

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from l2tpsec.bench import traffic
from l2tpsec.bench.contender import Process
from l2tpsec.bench.traffic import (
    Stream,
    Trial,
    arrivals,
    datagram,
    echo,
    measured,
    most,
    trains,
    trial,
)

CLIENT, GATEWAY = IPv4Address("10.99.0.2"), IPv4Address("10.99.0.1")


class Pipe(Stream):
    """Loses what goes beyond `room` packets a trial."""

    def __init__(self, room: float = 1e9) -> None:
        self.room = room
        self.sent = self.arrived = 0

    def prepare(self, packets: int) -> None:
        self.sent = 0

    def send(self, packets: int) -> None:
        passed = min(packets, max(0, int(self.room) - self.sent))
        self.sent += packets
        self.arrived += passed

    def count(self) -> int:
        return self.arrived


class Target:
    """No server at all; this process stands in for one."""

    gateway = str(GATEWAY)
    process = Process(1)


def test_packets_are_what_they_seem() -> None:
    packet = IP(datagram(1400, CLIENT, GATEWAY))
    assert (len(packet), packet.src, packet.dst, packet[UDP].dport) == (
        1400,
        str(CLIENT),
        str(GATEWAY),
        9,
    )
    request = IP(echo(77, CLIENT, GATEWAY))
    assert (request[ICMP].type, request[ICMP].seq) == (8, 77)
    whole = request[ICMP].chksum
    del request[ICMP].chksum
    assert IP(bytes(request))[ICMP].chksum == whole


def test_a_train_is_counted_by_the_size_of_its_datagrams() -> None:
    size = (100).to_bytes(4, "little")
    assert trains(100, []) == 1
    assert trains(250, [(socket.SOL_UDP, 104, size)]) == 3
    assert trains(300, [(socket.SOL_UDP, 104, size)]) == 3


def test_a_trial_counts_what_came_out() -> None:
    tried = trial(Pipe(), Target(), 20_000, 0.02)
    assert tried.good
    assert tried.arrived == tried.sent
    assert not trial(Pipe(room=0), Target(), 20_000, 0.02).good


def test_a_wire_that_never_carries_has_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "DRAINING_SECONDS", 0)
    rate = most(Pipe(room=0), Target(), 1400, 0.002)
    assert (rate.packets_a_second, rate.megabits, rate.server_cpu) == (0, 0, 0)


def test_the_search_ends_within_a_step_of_what_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def trial_up_to_90_000(_: Stream, __: Target, rate: float, seconds: float) -> Trial:
        tried.append(rate)
        sent = int(rate * seconds)
        return Trial(sent, sent, min(sent, int(90_000 * seconds)), seconds, 0, 0, 0)

    monkeypatch.setattr(traffic, "trial", trial_up_to_90_000)
    monkeypatch.setattr("time.sleep", lambda _: None)
    # what an earlier search found spares this one the overload, be it too much or too little
    for guess in (50_000.0, 88_000.0, 130_000.0):
        tried.clear()
        found = most(Pipe(), Target(), 1400, 1.0, guess).packets_a_second
        assert tried[0] == guess
        assert 90_000 * 0.93 <= found <= 90_000 * 1.01
    tried.clear()
    assert most(Pipe(), Target(), 1400, 1.0).packets_a_second >= 90_000 * 0.93
    assert tried[:2] == [100_000, 300_000]


def test_the_best_trial_is_told_by_the_second_and_by_the_packet() -> None:
    rate = measured(Trial(2000, 2000, 1990, 2.0, 1.99, 0.2, 0), 1000)
    assert rate.packets_a_second == 995
    assert rate.megabits == pytest.approx(7.96)
    assert rate.server_cpu == pytest.approx(0.001)
    assert rate.bottleneck == "server 100%"


def test_a_generator_that_falls_behind_is_short() -> None:
    assert Trial(2000, 1900, 1900, 1.0, 0, 0, 0).short
    assert not Trial(2000, 1990, 1990, 1.0, 0, 0, 0).short


def test_only_echoes_that_are_waited_for_count() -> None:
    reply = bytearray(echo(7, GATEWAY, CLIENT))
    reply[20] = 0
    line = SimpleNamespace(caller=SimpleNamespace(ppp=SimpleNamespace(packets=[bytes(reply)])))
    sent = {7: 0.0, 8: 0.0}
    assert arrivals(line, sent, 0.25) == [0.25]  # type: ignore[arg-type] # as much of a line as is read
    assert sent == {8: 0.0}
    assert line.caller.ppp.packets == []
