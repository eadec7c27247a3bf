"""Workers that hang in each way when their supervisor dies; real processes."""

import select
import signal
import socket
import subprocess
import sys

BEGIN = """
import sys
from l2tpsec.service import lifeline
lifeline.PATIENCE_SECONDS = 0.01
descriptor = int(sys.argv[1])
lifeline.tie(descriptor)
"""
SPIN = """
sys.stdout.write("tied")
sys.stdout.flush()
while True:
    pass
"""


def test_a_process_that_hangs_ends_soon_after_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        descriptor = theirs.fileno()
        command = [sys.executable, "-c", BEGIN + SPIN, str(descriptor)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[descriptor]) as process:
            assert process.stdout is not None
            assert process.stdout.read(4) == b"tied"
            theirs.close()
            assert process.poll() is None
            ours.close()
            assert process.wait(60) == 1


PARENT = f"""
import os, signal, socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(
    [sys.executable, "-c", {BEGIN + SPIN!r}, str(theirs.fileno())],
    stdout=subprocess.PIPE, pass_fds=[theirs.fileno()],
)
assert child.stdout.read(4) == b"tied"
child.send_signal(signal.SIGSTOP)
os.waitpid(child.pid, os.WUNTRACED)
sys.stdout.write("stopped\\n")
sys.stdout.flush()
signal.pause()
"""


def test_one_that_was_stopped_goes_on_when_its_parent_dies() -> None:
    """What it has open ends with it: here the pipe that its parent had from us."""
    lived, tells = socket.socketpair()
    with lived, tells:
        command = [
            sys.executable,
            "-c",
            PARENT.replace("pass_fds=[", f"pass_fds=[{tells.fileno()}, "),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[tells.fileno()]) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"stopped\n"
            tells.close()
            parent.send_signal(signal.SIGKILL)
        assert select.select([lived], [], [], 60)[0]
        assert lived.recv(1) == b""
