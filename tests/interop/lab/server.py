"""Our own server as an administrator runs it: a configuration, a process, its log and commands."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from l2tpsec.bench.network import Namespace
from l2tpsec.bench.toml import Sections, toml
from tests.interop.lab.topology import SERVER_ADDRESS
from tests.interop.lab.waiting import PATIENCE_SECONDS, LabError, tail, text, until, until_logged

GATEWAY = "10.99.0.1"
POOL = "10.99.0.0/24"
# The metrics that are zero when nobody is connected.
HOLDINGS = ("sessions", "tunnels", "ike_sas", "sa_pairs", "pool_leased")
# `off` and `full` have the real clients' packets handled in the other two ways.
OFFLOAD = os.environ.get("L2TPSEC_OFFLOAD", "auto")


Settings = Sections


class Server:
    """One l2tpsec server; it may be stopped, killed and started again over the same state."""

    def __init__(
        self, namespace: Namespace, directory: Path, psk: str, sections: Sections | None = None
    ) -> None:
        """`sections` are laid over the laboratory's own configuration, key by key."""
        self.namespace = namespace
        self.directory = directory
        self.log_path = directory / "server.log"
        self._configuration = directory / "l2tpsec.toml"
        self._process: subprocess.Popen[bytes] | None = None
        self._own: dict[str, dict[str, Any]] = {
            "server": {
                "listen": SERVER_ADDRESS,
                "state_dir": str(directory / "state"),
                "offload": OFFLOAD,
            },
            "ipsec": {"psk": psk},
            "address": {"pool": POOL, "gateway": GATEWAY, "dns": [GATEWAY]},
        }
        (directory / "state").mkdir(mode=0o700)
        self._configuration.touch(mode=0o600)
        self.configure(sections or {})

    def configure(self, sections: Sections) -> None:
        """Write the configuration file; a server that runs does not look."""
        for section, entries in sections.items():
            self._own[section] = self._own.get(section, {}) | dict(entries)
        self._configuration.write_text(toml(self._own))

    def reload(self, sections: Sections) -> None:
        """Lay `sections` over the configuration and let the server read it again."""
        self.configure(sections)
        self._signal(signal.SIGHUP)

    def user(self, verb: str, name: str, password: str | None = None, *more: str) -> str:
        """Manage a user of the embedded RADIUS server: add, passwd, disable, enable, remove."""
        database = self.directory / "state" / "users.db"
        options = ["--chap", *more] if verb == "add" else more
        arguments = [name, "--database", str(database), *options]
        command = [sys.executable, "-m", "radius", "user", verb, *arguments]
        return self.namespace.run(command, lines=f"{password}\n" if password else None)

    def start(self) -> None:
        """Start, and wait until clients are accepted."""
        begin = self.mark()
        with self.log_path.open("ab") as log:
            self._process = self.namespace.spawn(self._command("serve"), log)
        until(lambda: self._ready(begin), "the server", self.logs)

    def _ready(self, begin: int) -> bool:
        if not self.running():
            raise LabError(f"the server ended before it was ready\n{self.logs()}")
        return "ready" in text(self.log_path, begin)

    def _command(self, verb: str, *options: str) -> list[str]:
        configuration = ["--config", str(self._configuration)]
        return [sys.executable, "-m", "l2tpsec", verb, *configuration, *options]

    def running(self) -> bool:
        """Tell whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """Ask it to end, wait until it has, and return its exit status."""
        self._signal(signal.SIGTERM)
        assert self._process is not None
        try:
            return self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise LabError(f"no end {PATIENCE_SECONDS:g} s after SIGTERM\n{self.logs()}") from None

    def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(60)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def close(self) -> None:
        """End it if it still runs."""
        if self.running():
            self.stop()

    def sessions(self) -> list[dict[str, Any]]:
        """Return what `l2tpsec sessions --json` says."""
        sessions: list[dict[str, Any]] = json.loads(
            self.namespace.run(self._command("sessions", "--json"))
        )
        return sessions

    def figures(self) -> dict[str, float]:
        """Return what `l2tpsec metrics` says of the metrics without labels."""
        lines = self.namespace.run(self._command("metrics"))
        found = re.findall(r"^l2tpsec_(\w+) (\S+)$", lines, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def until_empty(self) -> None:
        """Wait until nothing of any client is left: no session, tunnel, SA, lease or route."""
        until(
            lambda: not self.residue(),
            "an empty server",
            lambda: f"{self.residue()}\n{self.logs()}",
        )

    def residue(self) -> list[str]:
        """Return what is left of clients, in words."""
        figures = self.figures()
        held = [f"{figures[name]:g} {name}" for name in HOLDINGS if figures[name]]
        return held + [str(session) for session in self.sessions()] + self.client_routes()

    def until_sessions(self, number: int) -> None:
        """Wait until exactly `number` sessions are there."""
        until(lambda: len(self.sessions()) == number, f"{number} sessions", self.logs)

    def client_routes(self) -> list[str]:
        """Return the routes to clients that the kernel holds."""
        routes = self.namespace.run(["ip", "-4", "route", "show", "root", POOL]).splitlines()
        return [route for route in routes if re.match(r"10\.99\.0\.\d+ ", route)]

    def mark(self) -> int:
        """Return a place in the log from which `until_logged` may look."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def until_logged(self, pattern: str, *, start: int = 0) -> re.Match[str]:
        """Wait for a line of the log, looking from a place that `mark` returned."""
        return until_logged(self.log_path, pattern, start=start)

    def logs(self) -> str:
        """Return the end of its log, for a person to read."""
        return tail(self.log_path, 60)
