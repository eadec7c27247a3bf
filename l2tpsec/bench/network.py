"""Network namespaces, made with `ip`, removed with their maker.

Every link is born inside its namespaces, so nothing but the namespaces' names is seen from outside,
and those carry the process id: benches and laboratories run side by side.
"""

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

from l2tpsec.bench.waiting import SetupError, until

_serial = itertools.count(1)


def _environment() -> dict[str, str]:
    # Coverage is the unit tests' business: measuring would only slow a real server down.
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _checked(command: Sequence[str], lines: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        input=lines or "",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=_environment(),
    )
    if done.returncode:
        raise SetupError(
            f"{' '.join(command)}: status {done.returncode}: {done.stderr}{lines or ''}"
        )
    return done.stdout


class Namespace:
    """One network namespace: a host, a router or a piece of the Internet."""

    def __init__(self, name: str) -> None:
        self.name = name
        _checked(["ip", "netns", "add", name])
        self.ip("link set lo up")

    def ip(self, *commands: str) -> None:
        """Carry out `ip` commands, given without the word `ip`, in this namespace."""
        _checked(["ip", "-n", self.name, "-batch", "-"], "\n".join(commands) + "\n")

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs `arguments` in this namespace."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def run(self, arguments: Sequence[str], *, lines: str | None = None) -> str:
        """Run a program to its end and return what it printed; SetupError unless it succeeds."""
        return _checked(self.command(arguments), lines)

    def spawn(
        self, arguments: Sequence[str], output: IO[bytes] | int, descriptors: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own, its output going to `output`."""
        return subprocess.Popen(  # noqa: S603 - our own commands
            self.command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env=_environment(),
            start_new_session=True,
        )

    def close(self) -> None:
        """End whatever still runs here, and remove the namespace with its links."""
        until(self._emptied, 60, f"the last process of {self.name} to end")
        _checked(["ip", "netns", "del", self.name])

    def _emptied(self) -> bool:
        pids = [int(pid) for pid in _checked(["ip", "netns", "pids", self.name]).split()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids


Kind_co = TypeVar("Kind_co", bound=Namespace, covariant=True)


class Network(Generic[Kind_co]):
    """Namespaces that belong together; leaving the `with` block removes them all."""

    def __init__(self, kind: Callable[[str], Kind_co]) -> None:
        self._kind = kind
        self._prefix = f"l2tpsec-{os.getpid()}-{next(_serial)}"
        self._namespaces: list[Kind_co] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._namespaces:
            self._namespaces.pop().close()

    def namespace(self, role: str) -> Kind_co:
        """Make a namespace; `role` tells a reader of `ip netns` what it plays."""
        namespace = self._kind(f"{self._prefix}-{role}")
        self._namespaces.append(namespace)
        return namespace
