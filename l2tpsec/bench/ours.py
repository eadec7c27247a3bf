"""l2tpsec as its administrator runs it: `python -m l2tpsec serve --config`, embedded RADIUS."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from l2tpsec.bench.contender import Process
from l2tpsec.bench.ground import SERVER_ADDRESS
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.toml import Sections, toml
from l2tpsec.bench.waiting import SetupError, tail, text, until
from l2tpsec.protocols.ike.policy import LEGACY

READY_SECONDS, STOP_SECONDS = 30, 15
_USER, _GATEWAY = "bench", "10.99.0.1"
# What makes a difference to speed, and leads nowhere out of the bench's own ground.
_TAKEN = {
    "server": ("workers", "dataplane", "outer_mtu", "offload"),
    "ipsec": ("policy", "vendor_ids"),
    "l2tp": ("hello_seconds",),
    "ppp": ("echo_seconds", "echo_failures"),
    "address": ("client_to_client",),
    "log": ("level", "json"),
}


class Ours:
    """A Contender; of an administrator's `sections` it takes what names no places and people."""

    name = "l2tpsec"
    user = _USER.encode()
    gateway = _GATEWAY
    suites: tuple[str, ...] = tuple(row.name for row in LEGACY.suites)
    transforms: tuple[str, ...] = tuple(row.name for row in LEGACY.transforms)
    most_dial_ins = 20_000

    def __init__(self, namespace: Namespace, directory: Path, sections: Sections) -> None:
        directory.mkdir(mode=0o700)
        psk, self.password = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self.psk = psk.encode()
        self._log = directory / "server.log"
        state = directory / "state"
        state.mkdir(mode=0o700)
        configuration = directory / "l2tpsec.toml"
        configuration.touch(mode=0o600)
        configuration.write_text(toml(own(sections, psk, state)))
        user = ["user", "add", _USER, "--database", str(state / "users.db")]
        namespace.run([sys.executable, "-m", "radius", *user], lines=f"{self.password}\n")
        serve = [sys.executable, "-m", "l2tpsec", "serve", "--config", str(configuration)]
        with self._log.open("wb") as log:
            self._process = namespace.spawn(serve, log)
        try:
            until(self._ready, READY_SECONDS, "the server", lambda: tail(self._log))
        except BaseException:
            self.close()
            raise

    def _ready(self) -> bool:
        if self._process.poll() is not None:
            raise SetupError(f"the server ended before it was ready\n{tail(self._log)}")
        return "ready" in text(self._log)

    @property
    def process(self) -> Process:
        """The process, and its workers where it has some."""
        return Process(self._process.pid)

    def close(self) -> None:
        """Stop it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_SECONDS)


def own(sections: Sections, psk: str, state: Path) -> Sections:
    """Return settings with the addresses, secrets and users of the bench."""
    laid: dict[str, dict[str, Any]] = {
        "server": {"listen": SERVER_ADDRESS, "state_dir": str(state), "tun": "l2tp%d"},
        "ipsec": {"psk": psk},
        "address": {"source": ["pool"], "pool": "10.99.0.0/16", "gateway": _GATEWAY},
    }
    return {
        name: {key: value for key, value in sections.get(name, {}).items() if key in taken}
        | laid.get(name, {})
        for name, taken in _TAKEN.items()
    }
