"""Runs in a guest: carries out the commands that a test sends over the serial line, many at a time.

One JSON object a line: {"id", "command", "seconds"} comes in, {"id", "status", "output"} goes out;
status is None when the time was up. A null ends the agent, and with it the guest.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import tty
from typing import Any

OUTPUT_OCTETS = 100_000


def _carry_out(command: str, seconds: float) -> tuple[int | None, str]:
    # A file, not a pipe: a daemon that the command leaves behind must not keep us waiting.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return status, output.read()[-OUTPUT_OCTETS:].decode(errors="replace")


class Agent:
    """The far end of `guest.Guest`."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._turn = threading.Lock()

    def say(self, **answer: Any) -> None:
        """Send one answer, whole, whatever else is being answered."""
        octets = (json.dumps(answer) + "\n").encode()
        with self._turn:
            while octets:
                octets = octets[os.write(self._line, octets) :]

    def serve(self) -> None:
        """Answer until the line ends."""
        self.say(id=0, status=0, output="")
        with os.fdopen(self._line, "rb", closefd=False) as requests:
            for request in requests:
                if (order := json.loads(request)) is None:
                    return
                threading.Thread(target=self._obey, args=(order,), daemon=True).start()

    def _obey(self, order: dict[str, Any]) -> None:
        status, output = _carry_out(order["command"], order["seconds"])
        self.say(id=order["id"], status=status, output=output)


if __name__ == "__main__":
    terminal = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
    tty.setraw(terminal)
    Agent(terminal).serve()
