"""The laboratory's server as a contender: one that can be asked, stopped and started again."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2tpsec.bench.contender import SUITES, TRANSFORMS, Process
from l2tpsec.bench.ground import SERVER_ADDRESS
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.toml import Sections
from tests.interop.lab.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping


class Resident:
    """A Contender; `server` is what the laboratory knows it by."""

    name = "l2tpsec"
    user = b"bench"
    gateway = "10.99.0.1"
    suites: tuple[str, ...] = SUITES
    transforms: tuple[str, ...] = TRANSFORMS
    most_dial_ins = 20_000

    def __init__(self, namespace: Namespace, directory: Path, more: Sections | None = None) -> None:
        """`more` is laid over the settings, section by section."""
        directory.mkdir(mode=0o700)
        psk, self.password = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
        self.psk = psk.encode()
        sections: dict[str, Mapping[str, Any]] = {
            "server": {
                "listen": SERVER_ADDRESS,
                "state_dir": str(directory / "state"),
                "tun": "l2tp0",
            },
            "address": {"pool": "10.99.0.0/16", "gateway": self.gateway},
        }
        self.server = Server(namespace, directory, psk, sections | dict(more or {}))
        self.server.user("add", self.user.decode(), self.password)
        self.server.start()

    @property
    def process(self) -> Process:
        """The one process."""
        assert self.server._process is not None
        return Process(self.server._process.pid)

    def close(self) -> None:
        """Stop it."""
        self.server.close()
