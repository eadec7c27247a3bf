"""A User-Mode Linux guest: a real kernel with ESP, L2TP and PPP, as a process in a namespace."""

import contextlib
import itertools
import json
import os
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.lab.topology import Socket
from tests.interop.lab.waiting import PATIENCE_SECONDS, LabError, tail, until

HERE = Path(__file__).parent
# What the guest calls the directory that it shares with the test.
SHARED = Path("/run/lab")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command in a guest ended; `status` is None when its time was up."""

    status: int | None
    output: str


class Guest:
    """A booted guest that carries out commands until it is shut down or killed.

    `parameters` are for its kernel.
    """

    def __init__(self, place: Socket, directory: Path, *parameters: str) -> None:
        self.directory = directory
        self.address = place.address
        self._orders = itertools.count(1)
        self._answers: dict[int, Future[Outcome]] = {0: Future()}
        self._line, far = socket.socketpair()
        with far, (directory / "console.log").open("wb") as console:
            command = [*self._command(place, far.fileno()), *parameters]
            self._process = place.namespace.spawn(command, console, [far.fileno()])
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._answers[0].result(PATIENCE_SECONDS)
        except TimeoutError:
            self.kill()
            raise LabError(f"no guest within {PATIENCE_SECONDS:g} s\n{self.console()}") from None

    def _command(self, place: Socket, line: int) -> list[str]:
        variables = {
            "LAB_DIRECTORY": self.directory,
            "LAB_ADDRESS": f"{place.address}/{place.prefix_length}",
            "LAB_GATEWAY": place.gateway,
            "LAB_PYTHON": sys.executable,
            "LAB_AGENT": HERE / "agent.py",
        }
        return [
            *("linux.uml", "mem=256M", "root=/dev/root", "rootfstype=hostfs", "ro"),
            *(f"init={HERE / 'guest-init'}", f"uml_dir={self.directory}/", "quiet", "loglevel=1"),
            *("con=null", "con0=null,fd:1", "ssl=null", f"ssl0=fd:{line}"),
            f"vec0:transport=tap,ifname={place.namespace.tap(place.bridge)},depth=128,gro=1",
            *(f"{name}={value}" for name, value in variables.items()),
        ]

    def run(self, command: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Run a shell command to its end and return its output; LabError unless it succeeds."""
        outcome = self.attempt(command, seconds)
        if outcome.status != 0:
            raise LabError(f"in the guest: {command}: {outcome.status}\n{outcome.output}")
        return outcome.output

    def attempt(self, command: str, seconds: float = PATIENCE_SECONDS) -> Outcome:
        """Run a shell command and return how it ended, well or badly."""
        return self.start(command, seconds).result(seconds + 30)

    def start(self, command: str, seconds: float = PATIENCE_SECONDS) -> Future[Outcome]:
        """Start a shell command and go on; other commands may run beside it."""
        number = next(self._orders)
        answer = self._answers[number] = Future()
        self._send({"id": number, "command": command, "seconds": seconds})
        return answer

    def _send(self, order: Any) -> None:
        try:
            self._line.sendall((json.dumps(order) + "\n").encode())
        except OSError:
            raise LabError(f"the guest is gone\n{self.console()}") from None

    def _listen(self) -> None:
        with self._line.makefile("rb") as answers:
            for line in answers:
                answer = json.loads(line)
                outcome = Outcome(answer["status"], answer["output"])
                self._answers.pop(answer["id"]).set_result(outcome)
        for unanswered in self._answers.values():
            unanswered.set_exception(LabError(f"the guest died\n{self.console()}"))

    def alive(self) -> bool:
        """Tell whether the guest still runs."""
        return self._process.poll() is None

    def console(self) -> str:
        """Return the last lines that the guest's kernel and init printed."""
        return tail(self.directory / "console.log")

    def kill(self) -> None:
        """End the guest as a power cut does: not one more packet leaves it."""
        if self.alive():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)
        self._line.close()

    def close(self) -> None:
        """Shut the guest down, by force when it does not go."""
        if self.alive():
            with contextlib.suppress(LabError):
                self._send(None)
                until(lambda: not self.alive(), "the guest to power off", seconds=10)
        self.kill()
