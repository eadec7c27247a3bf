"""A ground for real processes, and a server with two workers; a failure shows its log too."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from tests.interop.conftest import ground, network, pytest_runtest_makereport
from tests.interop.lab.server import Server, Settings
from tests.service.dialler import PSK, word

__all__ = ["ground", "network", "pytest_runtest_makereport"]


@pytest.fixture
def sections() -> Settings:
    """A test file that needs more of the configuration overrides this."""
    return {}


@pytest.fixture
def server(ground: Ground, sections: Settings, tmp_path: Path) -> Iterator[Server]:
    server = Server(ground.server, tmp_path, PSK)
    server.configure({"server": {"listen": SERVER_ADDRESS, "workers": 2}})
    server.configure(sections)
    for user in ("alice", "bob"):
        server.user("add", user, word(user))
    server.start()
    with closing(server):
        yield server
