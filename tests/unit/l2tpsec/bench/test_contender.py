import os
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from l2tpsec.bench.contender import Process, Usage
from l2tpsec.bench.ground import DISCARD, SERVER_ADDRESS, Ground
from l2tpsec.bench.network import Namespace, Network
from l2tpsec.bench.waiting import until

_PARENT = """
import subprocess, sys, time
memory = bytearray(30_000_000)
child = subprocess.Popen([sys.executable, "-c", "m = bytearray(30_000_000); print(1); input()"],
    stdin=subprocess.PIPE)
time.process_time()
input()
child.communicate(b"end")
"""


def test_figures_are_of_a_process_and_its_children() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        process = Process(parent.pid)
        try:
            # two of 30 MB each: one process alone has not so much
            assert until(lambda: process.resident_octets() > 70_000_000, 60, "both to have memory")
            assert process.cpu_seconds() > 0
        finally:
            parent.communicate(b"\n")


def test_usage_is_told_apart_by_who_used_it() -> None:
    usage = Usage(Process(os.getpid()))
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    server, own, others = usage.since()
    # here the server is this process too
    assert own >= 0.05
    assert server >= own - 0.02
    assert others >= 0


@pytest.mark.root
def test_packets_are_counted_where_nobody_reads_them() -> None:
    with Network(Namespace) as network, closing(Ground(network)) as ground, ExitStack() as end:
        waiting = ground.server.spawn(["sleep", "1000"], subprocess.DEVNULL)
        end.callback(waiting.wait)
        end.callback(waiting.kill)
        # `ip` has become `sleep` when it is there
        process = Process(waiting.pid)
        until(lambda: "sleep" in Path(f"/proc/{waiting.pid}/comm").read_text(), 60, "a process")
        before = process.delivered()
        with closing(ground.client_socket()) as client:
            for _ in range(100):
                client.sendto(bytes(1000), (SERVER_ADDRESS, DISCARD))
        # the first few fill the buffer
        until(lambda: process.delivered() > before + 80, 60, "packets at the sink")
