"""l2tpsec as its administrator runs it: `python -m l2tpsec serve --config`, embedded RADIUS."""

import secrets
from pathlib import Path

from tests.bench.contender import CBC, ECP256, GCM, MODP2048, Process
from tests.bench.ground import SERVER_ADDRESS
from tests.interop.lab.network import Namespace
from tests.interop.lab.server import Server


class Ours:
    """A Contender."""

    name = "l2tpsec"
    user = b"bench"
    gateway = "10.99.0.1"
    suites: tuple[str, ...] = (ECP256, MODP2048)
    transforms: tuple[str, ...] = (CBC, GCM)
    most_dial_ins = 2000

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        psk, self.password = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self.psk = psk.encode()
        sections = {
            "server": {
                "listen": SERVER_ADDRESS,
                "state_dir": str(directory / "state"),
                "tun": "l2tp0",
            },
            "address": {"pool": "10.99.0.0/16", "gateway": self.gateway},
        }
        self.server = Server(namespace, directory, psk, sections)
        self.server.user("add", self.user.decode(), self.password)
        self.server.start()

    @property
    def process(self) -> Process:
        """The one process."""
        assert self.server._process is not None
        return Process(self.server._process.pid, "l2tp0")

    def close(self) -> None:
        """Stop it."""
        self.server.close()
