"""Network namespaces, bridges, taps and NATs, made with `ip` and `nft`, removed with their maker.

Every link is born inside its namespaces, so nothing but the namespaces' names is seen from outside,
and those carry the process id: laboratories run side by side.
"""

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from tests.interop.lab.waiting import LabError, until

_serial = itertools.count(1)


def _environment() -> dict[str, str]:
    # Coverage is the unit tests' business: measuring would only slow a real server down.
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _checked(command: Sequence[str], lines: str | None = None) -> str:
    done = subprocess.run(
        command,
        input=lines or "",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=_environment(),
    )
    if done.returncode:
        raise LabError(f"{' '.join(command)}: status {done.returncode}: {done.stderr}{lines or ''}")
    return done.stdout


class Namespace:
    """One network namespace: a host, a router or a piece of the Internet."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._taps = itertools.count()
        _checked(["ip", "netns", "add", name])
        self.ip("link set lo up")

    def ip(self, *commands: str) -> None:
        """Carry out `ip` commands, given without the word `ip`, in this namespace."""
        _checked(["ip", "-n", self.name, "-batch", "-"], "\n".join(commands) + "\n")

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs `arguments` in this namespace."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def run(self, arguments: Sequence[str], *, lines: str | None = None) -> str:
        """Run a program to its end and return what it printed; LabError unless it succeeds."""
        return _checked(self.command(arguments), lines)

    def spawn(
        self, arguments: Sequence[str], output: IO[bytes] | int, descriptors: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own, its output going to `output`."""
        return subprocess.Popen(
            self.command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env=_environment(),
            start_new_session=True,
        )

    def forward(self) -> None:
        """Make this host a router."""
        self.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])

    def masquerade(self, interface: str) -> None:
        """Hide everything that leaves by `interface` behind its address, as a home router does."""
        self.forward()
        rules = f"""table ip nat {{ chain post {{
            type nat hook postrouting priority srcnat
            oifname "{interface}" masquerade
        }}
        }}
        """
        self.run(["nft", "-f", "-"], lines=rules)

    def bridge(self, name: str, address: str | None = None) -> None:
        """Make a bridge: a switch, and this host's own port on it when it has an address."""
        self.ip(f"link add {name} type bridge forward_delay 0", f"link set {name} up")
        if address is not None:
            self.ip(f"addr add {address} dev {name}")

    def tap(self, bridge: str) -> str:
        """Make a tap in a bridge, for a guest, and return its name."""
        name = f"tap{next(self._taps)}"
        self.ip(
            f"tuntap add dev {name} mode tap",
            f"link set {name} master {bridge}",
            f"link set {name} up",
        )
        return name

    def close(self) -> None:
        """End whatever still runs here, and remove the namespace with its links."""
        until(self._emptied, 10, f"the last process of {self.name} to end")
        _checked(["ip", "netns", "del", self.name])

    def _emptied(self) -> bool:
        pids = [int(pid) for pid in _checked(["ip", "netns", "pids", self.name]).split()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids


class Network:
    """The namespaces of one laboratory; leaving the `with` block removes them all."""

    def __init__(self) -> None:
        self._prefix = f"l2tpsec-{os.getpid()}-{next(_serial)}"
        self._namespaces: list[Namespace] = []
        self._links = itertools.count()

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

    def namespace(self, role: str) -> Namespace:
        """Make a namespace; `role` tells a reader of `ip netns` what it plays."""
        namespace = Namespace(f"{self._prefix}-{role}")
        self._namespaces.append(namespace)
        return namespace

    def plug(
        self, host: Namespace, interface: str, address: str, into: Namespace, bridge: str
    ) -> None:
        """Connect a host's new interface to a bridge of another namespace."""
        port = f"port{next(self._links)}"
        host.ip(f"link add {interface} type veth peer name {port} netns {into.name}")
        into.ip(f"link set {port} master {bridge}", f"link set {port} up")
        host.ip(f"addr add {address} dev {interface}", f"link set {interface} up")
