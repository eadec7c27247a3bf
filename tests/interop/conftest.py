"""One laboratory a worker, one server a test file; a failure shows the server's log.

A file whose clients are the bench's uses `ground` instead, and makes its server there.
"""

from collections.abc import Generator, Iterator
from contextlib import closing

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground
from tests.interop.lab.example_radius import SECRET, ExampleRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.network import Network
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.telephone import PSK, Telephone


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with Laboratory(tmp_path_factory.mktemp("lab")) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def sections() -> Settings:
    """A test file that needs another configuration of the server overrides this."""
    return {}


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        for user in ("alice", "bob", "carol"):
            server.user("add", user, f"{user}'s word")
        server.user("disable", "carol")
        server.start()
        yield server


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


@pytest.fixture(scope="module")
def ground(network: Network) -> Iterator[Ground]:
    with closing(Ground(network)) as ground:
        yield ground


@pytest.fixture(scope="module")
def exchange(
    ground: Ground,
    radius: ExampleRadius,
    sections: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server on that ground whose users a file's own FreeRADIUS has."""
    server = Server(ground.server, tmp_path_factory.mktemp("server"), PSK)
    server.configure({"server": {"listen": SERVER_ADDRESS}})
    server.configure({"radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]}})
    server.configure(sections)
    with closing(server):
        server.start()
        yield server


@pytest.fixture
def telephone(ground: Ground, exchange: Server) -> Iterator[Telephone]:
    with closing(Telephone(ground)) as telephone:
        yield telephone


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    used = getattr(item, "funcargs", {})
    server = used.get("server") or used.get("exchange")
    if report.failed and isinstance(server, Server):
        report.sections.append(("server log", server.logs()))
    return report
