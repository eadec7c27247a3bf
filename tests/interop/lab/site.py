"""The site's DHCP server, Kea or dnsmasq, on the network behind our server; a relay is its client.

Both serve the addresses `FIRST` to `LAST` of the clients' network, for a lease of `seconds`.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.interop.lab.network import Namespace
from tests.interop.lab.server import GATEWAY, POOL
from tests.interop.lab.topology import INSIDE_ADDRESS
from tests.interop.lab.waiting import tail, text, until_logged

HERE = Path(__file__).parent

FIRST, LAST = "10.99.0.100", "10.99.0.120"
NAME_SERVER = "10.77.0.53"
DOMAIN = "site.example"


class SiteServer:
    """A DHCP server that runs while the context lasts."""

    ready = ""
    released = ""
    _process: subprocess.Popen[bytes] | None = None

    def __init__(self, namespace: Namespace, directory: Path, seconds: int) -> None:
        self.namespace = namespace
        self.directory = directory
        self.seconds = seconds
        self.log_path = directory / "dhcp.log"

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground, logging to its output."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it serves."""
        begin = self.mark()
        with self.log_path.open("ab") as log:
            self._process = self.namespace.spawn(self.command(), log)
        self.until_logged(self.ready, start=begin)

    def stop(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def mark(self) -> int:
        """Return a place in the log from which `until_logged` may look."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def until_logged(self, pattern: str, *, start: int = 0) -> None:
        """Wait for a line of its log."""
        until_logged(self.log_path, pattern, start=start)

    def log(self, start: int = 0) -> str:
        """Return its log from a place on."""
        return text(self.log_path, start)

    def logs(self) -> str:
        """Return the end of its log, for a person to read."""
        return tail(self.log_path, 60)


class Kea(SiteServer):
    """ISC's Kea: it forgets every lease when it ends."""

    ready = "DHCP4_STARTED"
    released = "DHCP4_RELEASE .* was released properly"

    def command(self) -> list[str]:
        """Write the configuration; run Kea, its locks and leases in our directory."""
        path = self.directory / "kea.json"
        path.write_text(json.dumps({"Dhcp4": self._configuration()}))
        places = [f"KEA_{name}_DIR={self.directory}" for name in ("LOCKFILE", "PIDFILE")]
        return ["env", *places, "kea-dhcp4", "-c", str(path)]

    def _configuration(self) -> dict[str, Any]:
        options = {"domain-name-servers": NAME_SERVER, "domain-name": DOMAIN}
        subnet = {
            "subnet": POOL,
            "pools": [{"pool": f"{FIRST} - {LAST}"}],
            "option-data": [{"name": name, "data": data} for name, data in options.items()],
        }
        return {
            "interfaces-config": {"interfaces": ["lan0"], "dhcp-socket-type": "udp"},
            "lease-database": {"type": "memfile", "persist": False},
            "valid-lifetime": self.seconds,
            # Early, so that a busy machine has long to do it.
            "renew-timer": self.seconds // 4,
            "rebind-timer": self.seconds * 7 // 8,
            "subnet4": [subnet],
            "loggers": [
                {
                    "name": "kea-dhcp4",
                    "output_options": [{"output": "stdout", "flush": True}],
                    "severity": "DEBUG",
                    "debuglevel": 55,
                }
            ],
        }


class Dnsmasq(SiteServer):
    """dnsmasq, which answers DNS for the names of its DHCP clients; no lease is below 120 s."""

    ready = "DHCP, IP range"
    released = "DHCPRELEASE.*"

    def command(self) -> list[str]:
        """Run dnsmasq with nothing of the host's: no files, no other interfaces."""
        return [
            *("dnsmasq", "--keep-in-foreground", "--log-facility=-", "--log-dhcp", "--user=root"),
            *("--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-ping", "--pid-file="),
            *(f"--listen-address={INSIDE_ADDRESS}", "--bind-interfaces", "--interface=lan0"),
            f"--dhcp-leasefile={self.directory / 'leases'}",
            f"--dhcp-range={FIRST},{LAST},255.255.255.0,{self.seconds}",
            *(f"--domain={DOMAIN}", f"--dhcp-option=option:dns-server,{NAME_SERVER}"),
            *("--dhcp-authoritative", f"--dhcp-option=option:router,{GATEWAY}"),
        ]

    def resolve(self, name: str) -> str:
        """Return the address that DNS has for a name, empty when it has none."""
        script = HERE / "resolve.py"
        command = [sys.executable, str(script), INSIDE_ADDRESS, name]
        return self.namespace.run(command).strip()
